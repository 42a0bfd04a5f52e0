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
