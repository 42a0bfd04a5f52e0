# Train the network, predict all structures, explain and judge the predictions.


rule train:
    input:
        dataset="results/{study}/dataset.nc",
    output:
        model="results/{study}/cnn/model.keras",
        history="results/{study}/cnn/history.csv",
        settings="results/{study}/cnn/settings.json",
    log:
        "results/{study}/logs/train.log",
    benchmark:
        "results/{study}/benchmarks/train.tsv"
    conda:
        "../envs/cnn.yaml"
    threads: 8
    params:
        network=config["network"],
        training=config["training"],
        seed=config["seed"],
        code=code_digest("cnn.train"),
    script:
        "../scripts/train.py"


rule predict:
    input:
        dataset="results/{study}/dataset.nc",
        model="results/{study}/cnn/model.keras",
    output:
        "results/{study}/predictions.nc",
    log:
        "results/{study}/logs/predict.log",
    conda:
        "../envs/cnn.yaml"
    threads: 2
    params:
        code=code_digest("cnn.predict"),
    script:
        "../scripts/predict.py"


rule gradcam:
    input:
        dataset="results/{study}/dataset.nc",
        model="results/{study}/cnn/model.keras",
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
        predictions="results/{study}/predictions.nc",
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
