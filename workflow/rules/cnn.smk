# Explain and judge the predictions for structures in the plane, and predict images of users.


rule predict_images:
    input:
        bundle="results/{study}/bundle",
        images=config["prediction"]["images"],
    output:
        table="results/{study}/images.csv",
        figures=expand("results/{{study}}/images/{name}_prediction.png", name=study.image_names()),
    log:
        "results/{study}/logs/predict_images.log",
    conda:
        "../envs/cnn.yaml"
    threads: 2
    params:
        acquisition={key: config["prediction"][key] for key in ("um_per_pixel", "brightness", "page")},
        code=code_of("assb.prediction", "assb.coloured", "assb.figure"),
    script:
        "../scripts/predict_images.py"


rule gradcam:
    input:
        dataset="results/{study}/dataset.nc",
        models=study.members("random", "keras"),
    output:
        "results/{study}/gradcam.nc",
    log:
        "results/{study}/logs/gradcam.log",
    benchmark:
        "results/{study}/benchmarks/gradcam.tsv"
    conda:
        "../envs/cnn.yaml"
    threads: 2
    params:
        structures=config["evaluation"]["gradcam_structures"],
        code=code_of("cnn.gradcam"),
    script:
        "../scripts/gradcam.py"


rule metrics:
    input:
        dataset="results/{study}/dataset.nc",
        predictions=study.prediction_files(),
    output:
        metrics=report("results/{study}/metrics.csv", caption="../report/metrics.rst", category="Metrics"),
        particles=report(
            "results/{study}/particles.csv", caption="../report/particles.rst", category="Metrics"
        ),
    log:
        "results/{study}/logs/metrics.log",
    benchmark:
        "results/{study}/benchmarks/metrics.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        resamples=config["evaluation"]["bootstrap_resamples"],
        seed=config["seed"],
        code=code_of("analysis.metrics", "analysis.particles"),
    script:
        "../scripts/metrics.py"


rule novelty:
    input:
        dataset="results/{study}/dataset.nc",
        predictions="results/{study}/predictions/{fold}.nc",
        models=lambda wildcards: study.members(wildcards.fold, "keras"),
    output:
        "results/{study}/novelty/{fold}.nc",
    log:
        "results/{study}/logs/novelty/{fold}.log",
    benchmark:
        "results/{study}/benchmarks/novelty/{fold}.tsv"
    conda:
        "../envs/cnn.yaml"
    threads: 2
    params:
        code=code_of("cnn.novelty"),
    script:
        "../scripts/novelty.py"


rule detection:
    input:
        study.novelty_files(),
    output:
        "results/{study}/detection.csv",
    log:
        "results/{study}/logs/detection.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code_of("analysis.detection"),
    script:
        "../scripts/detection.py"
