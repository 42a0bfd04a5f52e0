# All trajectories of a study to NetCDF: images and labels, and the response to compression.
# Joined studies: their datasets to one, with degraded copies if wanted.

if study.joins():

    rule degrade:
        input:
            "results/{source}/dataset.nc",
        output:
            "results/{study}/degraded/{source}.nc",
        log:
            "results/{study}/logs/degrade/{source}.log",
        benchmark:
            "results/{study}/benchmarks/degrade/{source}.tsv"
        conda:
            "../envs/cnn.yaml"
        params:
            copies=config["degraded_copies"],
            seed=config["seed"],
            code=code_of("cnn.degrade"),
        script:
            "../scripts/degrade.py"

    rule join:
        input:
            lambda wildcards: study.source_files(),
        output:
            "results/{study}/dataset.nc",
        log:
            "results/{study}/logs/join.log",
        benchmark:
            "results/{study}/benchmarks/join.tsv"
        conda:
            "../envs/analysis.yaml"
        params:
            code=code_of("analysis.join"),
        script:
            "../scripts/join.py"

else:

    rule dataset:
        input:
            trajectories=study.trajectory_files(),
            transport="results/{study}/transport.nc",
        output:
            "results/{study}/dataset.nc",
        log:
            "results/{study}/logs/dataset.log",
        benchmark:
            "results/{study}/benchmarks/dataset.tsv"
        conda:
            "../envs/analysis.yaml"
        params:
            image=config["image"],
            split=config["split"],
            seed=config["seed"],
            more_targets=config["more_targets"],
            code=code_of("analysis.dataset"),
        script:
            "../scripts/dataset.py"


rule response:
    input:
        study.trajectory_files(),
    output:
        "results/{study}/response.nc",
    log:
        "results/{study}/logs/response.log",
    benchmark:
        "results/{study}/benchmarks/response.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        image=config["image"],
        code=code_of("analysis.response"),
    script:
        "../scripts/response.py"
