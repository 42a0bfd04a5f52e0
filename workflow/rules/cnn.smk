# Train the network, predict all structures, explain and judge the predictions.


rule train:
    input:
        dataset="results/{study}/dataset.nc",
    output:
        model="results/{study}/cnn/model.keras",
        history="results/{study}/cnn/history.csv",
        settings="results/{study}/cnn/settings.json",
    params:
        network=config["network"],
        training=config["training"],
        seed=config["seed"],
        code=code_digest("cnn.train"),
    log:
        "results/{study}/logs/train.log",
    benchmark:
        "results/{study}/benchmarks/train.tsv"
    threads: 8
    conda:
        "../envs/cnn.yaml"
    script:
        "../scripts/train.py"


rule predict:
    input:
        dataset="results/{study}/dataset.nc",
        model="results/{study}/cnn/model.keras",
    output:
        "results/{study}/predictions.nc",
    params:
        code=code_digest("cnn.predict"),
    log:
        "results/{study}/logs/predict.log",
    threads: 2
    conda:
        "../envs/cnn.yaml"
    script:
        "../scripts/predict.py"


rule gradcam:
    input:
        dataset="results/{study}/dataset.nc",
        model="results/{study}/cnn/model.keras",
    output:
        "results/{study}/gradcam.nc",
    params:
        structures=config["evaluation"]["gradcam_structures"],
        code=code_digest("cnn.gradcam"),
    log:
        "results/{study}/logs/gradcam.log",
    threads: 2
    conda:
        "../envs/cnn.yaml"
    script:
        "../scripts/gradcam.py"


rule metrics:
    input:
        predictions="results/{study}/predictions.nc",
    output:
        report("results/{study}/metrics.csv", caption="../report/metrics.rst", category="Metrics"),
    params:
        resamples=config["evaluation"]["bootstrap_resamples"],
        seed=config["seed"],
        code=code_digest("analysis.metrics"),
    log:
        "results/{study}/logs/metrics.log",
    conda:
        "../envs/analysis.yaml"
    script:
        "../scripts/metrics.py"
