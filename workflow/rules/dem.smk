# Fill and compress: one job per width, uncovered fraction, pressure if any, and chunk of replicates, or a batch of
# structures of all of them on a GPU.


rule compress:
    input:
        # Not ancient(): Snakemake then skips missing trajectories whenever the kernels are due.
        kernels="results/{study}/kernels.json",
    output:
        "results/{study}/trajectories/width-{width}_uncovered-{uncovered}{pressure}_replicates-{first}-{last}.h5",
    log:
        "results/{study}/logs/compress/width-{width}_uncovered-{uncovered}{pressure}_replicates-{first}-{last}.log",
    benchmark:
        "results/{study}/benchmarks/compress/width-{width}_uncovered-{uncovered}{pressure}_replicates-{first}-{last}.tsv"
    conda:
        "../envs/dem.yaml"
    threads: 1
    params:
        config=study.simulation(),
        pressure=lambda wildcards: pressure_of(wildcards.pressure),
        code=code_of("dem.simulation"),
    script:
        "../scripts/compress.py"


rule compress_batch:
    input:
        kernels="results/{study}/kernels.json",
    output:
        "results/{study}/trajectories/structures-{first}-{last}.h5",
    log:
        "results/{study}/logs/compress_batch/structures-{first}-{last}.log",
    benchmark:
        "results/{study}/benchmarks/compress_batch/structures-{first}-{last}.tsv"
    conda:
        "../envs/dem-gpu.yaml"
    threads: 1
    params:
        config=study.simulation(),
        structures=lambda wildcards: study.of_batch(int(wildcards.first), int(wildcards.last)),
        code=code_of("dem.simulation", "dem.cuda.engine"),
    script:
        "../scripts/compress_batch.py"


rule compress_example:
    input:
        kernels="results/{study}/kernels.json",
    output:
        "results/{study}/example.h5",
    log:
        "results/{study}/logs/compress_example.log",
    benchmark:
        "results/{study}/benchmarks/compress_example.tsv"
    conda:
        "../envs/dem.yaml"
    threads: 1
    params:
        job=study.example_job(),
        code=code_of("dem.simulation"),
    script:
        "../scripts/compress_example.py"
