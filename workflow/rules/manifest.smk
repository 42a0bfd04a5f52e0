# What the dataset of a study was made from.


rule manifest:
    input:
        dataset="results/{study}/dataset.nc",
        sources=lambda wildcards: study.source_files(),
    output:
        "results/{study}/manifest.json",
    log:
        "results/{study}/logs/manifest.log",
    benchmark:
        "results/{study}/benchmarks/manifest.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        code=code_of("analysis.manifest"),
    script:
        "../scripts/manifest.py"
