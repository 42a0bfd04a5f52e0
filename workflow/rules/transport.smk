# Conduction through the contacts of all structures of a study, in the plane or in space.


rule transport:
    input:
        study.trajectory_files(),
    output:
        "results/{study}/transport.nc",
    log:
        "results/{study}/logs/transport.log",
    benchmark:
        "results/{study}/benchmarks/transport.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        materials=config["transport"],
        code=code_of("transport.study"),
    script:
        "../scripts/transport.py"


if IN_SPACE:

    rule current:
        input:
            "results/{study}/example.h5",
        output:
            "results/{study}/current.nc",
        log:
            "results/{study}/logs/current.log",
        benchmark:
            "results/{study}/benchmarks/current.tsv"
        conda:
            "../envs/analysis.yaml"
        params:
            materials=config["transport"],
            code=code_of("transport.currents"),
        script:
            "../scripts/current.py"
