# Train ensembles of networks, predict all structures, explain and judge the predictions.


rule train:
    input:
        dataset="results/{study}/dataset.nc",
    output:
        model="results/{study}/cnn/{fold}/member-{member}.keras",
        history="results/{study}/cnn/{fold}/member-{member}.csv",
        settings="results/{study}/cnn/{fold}/member-{member}.json",
    log:
        "results/{study}/logs/train/{fold}_member-{member}.log",
    benchmark:
        "results/{study}/benchmarks/train/{fold}_member-{member}.tsv"
    conda:
        "../envs/cnn.yaml"
    threads: 8
    params:
        network=config["network"],
        training=training_settings(),
        seed=config["seed"],
        code=code_digest("cnn.train"),
    script:
        "../scripts/train.py"


rule predict:
    input:
        dataset="results/{study}/dataset.nc",
        models=lambda wildcards: members(wildcards.fold, "keras"),
        settings=lambda wildcards: members(wildcards.fold, "json"),
    output:
        "results/{study}/predictions/{fold}.nc",
    log:
        "results/{study}/logs/predict/{fold}.log",
    conda:
        "../envs/cnn.yaml"
    threads: 2
    params:
        code=code_digest("cnn.ensemble"),
    script:
        "../scripts/predict.py"


rule gradcam:
    input:
        dataset="results/{study}/dataset.nc",
        models=members("random", "keras"),
    output:
        "results/{study}/gradcam.nc",
    log:
        "results/{study}/logs/gradcam.log",
    conda:
        "../envs/cnn.yaml"
    threads: 2
    params:
        structures=config["evaluation"]["gradcam_structures"],
        code=code_digest("cnn.gradcam"),
    script:
        "../scripts/gradcam.py"


rule metrics:
    input:
        dataset="results/{study}/dataset.nc",
        predictions=prediction_files(),
    output:
        report("results/{study}/metrics.csv", caption="../report/metrics.rst", category="Metrics"),
    log:
        "results/{study}/logs/metrics.log",
    conda:
        "../envs/analysis.yaml"
    params:
        resamples=config["evaluation"]["bootstrap_resamples"],
        seed=config["seed"],
        code=code_digest("analysis.metrics"),
    script:
        "../scripts/metrics.py"
