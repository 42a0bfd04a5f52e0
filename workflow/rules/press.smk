# Fill and press spheres in space: one job per AM share and chunk of packings, or a batch of packings of all shares on a
# GPU. All samples to NetCDF, and their means.


rule press:
    input:
        kernels="results/{study}/kernels.json",
    output:
        "results/{study}/trajectories/am-{am}_replicates-{first}-{last}.h5",
    log:
        "results/{study}/logs/press/am-{am}_replicates-{first}-{last}.log",
    benchmark:
        "results/{study}/benchmarks/press/am-{am}_replicates-{first}-{last}.tsv"
    conda:
        "../envs/dem.yaml"
    threads: 1
    params:
        config=study.simulation(),
        pressures=config["grid"]["pressures_MPa"],
        code=code_of("dem.press", "dem.trajectory"),
    script:
        "../scripts/press.py"


rule press_batch:
    input:
        kernels="results/{study}/kernels.json",
    output:
        "results/{study}/trajectories/packings-{first}-{last}.h5",
    log:
        "results/{study}/logs/press_batch/packings-{first}-{last}.log",
    benchmark:
        "results/{study}/benchmarks/press_batch/packings-{first}-{last}.tsv"
    conda:
        "../envs/dem-gpu.yaml"
    threads: 1
    params:
        config=study.simulation(),
        packings=lambda wildcards: study.of_batch(int(wildcards.first), int(wildcards.last)),
        pressures=config["grid"]["pressures_MPa"],
        code=code_of("dem.press", "dem.trajectory", "dem.cuda.engine"),
    script:
        "../scripts/press_batch.py"


rule press_example:
    input:
        kernels="results/{study}/kernels.json",
    output:
        "results/{study}/example.h5",
    log:
        "results/{study}/logs/press_example.log",
    benchmark:
        "results/{study}/benchmarks/press_example.tsv"
    conda:
        "../envs/dem.yaml"
    threads: 1
    params:
        job=study.example_job(),
        code=code_of("dem.press", "dem.trajectory"),
    script:
        "../scripts/press_example.py"


rule press_dataset:
    input:
        trajectories=study.trajectory_files(),
        transport="results/{study}/transport.nc",
    output:
        "results/{study}/dataset.nc",
    log:
        "results/{study}/logs/press_dataset.log",
    benchmark:
        "results/{study}/benchmarks/press_dataset.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        split=config["split"],
        seed=config["seed"],
        code=code_of("analysis.press_dataset"),
    script:
        "../scripts/press_dataset.py"


rule measures:
    input:
        "results/{study}/dataset.nc",
    output:
        report("results/{study}/measures.csv", caption="../report/measures.rst", category="Measures"),
    log:
        "results/{study}/logs/measures.log",
    benchmark:
        "results/{study}/benchmarks/measures.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        code=code_of("analysis.press_dataset"),
    script:
        "../scripts/measures.py"
