# All trajectories of a study to one NetCDF file of images and labels, and a manifest of both.


rule dataset:
    input:
        trajectory_files(),
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
        code=code_digest("analysis.dataset"),
    script:
        "../scripts/dataset.py"


rule manifest:
    input:
        dataset="results/{study}/dataset.nc",
        trajectories=trajectory_files(),
    output:
        "results/{study}/manifest.json",
    log:
        "results/{study}/logs/manifest.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code_digest("analysis.manifest"),
    script:
        "../scripts/manifest.py"
