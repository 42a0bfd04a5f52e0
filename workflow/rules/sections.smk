# Cut the samples of a study in space, and judge what networks read off the sections.


rule sections:
    input:
        samples="results/{study}/dataset.nc",
        trajectories=study.trajectory_files(),
    output:
        "results/{study}/sections.nc",
    log:
        "results/{study}/logs/sections.log",
    benchmark:
        "results/{study}/benchmarks/sections.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        sections=study.cut(),
        split=config["split"],
        seed=config["seed"],
        code=code_of("analysis.section_dataset"),
    script:
        "../scripts/sections.py"


rule degrade_sections:
    input:
        "results/{study}/sections.nc",
    output:
        "results/{study}/learnt.nc",
    log:
        "results/{study}/logs/degrade_sections.log",
    benchmark:
        "results/{study}/benchmarks/degrade_sections.tsv"
    conda:
        "../envs/cnn.yaml"
    threads: 8
    params:
        copies=config["sections"]["degraded_copies"],
        seed=config["seed"],
        code=code_of("cnn.degrade"),
    script:
        "../scripts/degrade_sections.py"


rule section_metrics:
    input:
        dataset=study.learnt(),
        predictions=study.prediction_files(),
    output:
        metrics=report(
            "results/{study}/metrics.csv", caption="../report/section_metrics.rst", category="Sections"
        ),
        ceiling=report("results/{study}/ceiling.csv", caption="../report/ceiling.rst", category="Sections"),
    log:
        "results/{study}/logs/section_metrics.log",
    benchmark:
        "results/{study}/benchmarks/section_metrics.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 2
    params:
        resamples=config["evaluation"]["bootstrap_resamples"],
        seed=config["seed"],
        code=code_of("analysis.section_metrics"),
    script:
        "../scripts/section_metrics.py"
