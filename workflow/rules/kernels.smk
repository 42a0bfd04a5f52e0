# Compile the DEM before many jobs need it.


rule compile_kernels:
    output:
        "results/{study}/kernels.json",
    log:
        "results/{study}/logs/compile_kernels.log",
    benchmark:
        "results/{study}/benchmarks/compile_kernels.tsv"
    conda:
        "../envs/dem.yaml"
    params:
        law=config["contacts"]["law"],
        constants=config["contacts"].get(config["contacts"]["law"]),
        geometry=study.geometry,
        code=code_of("dem.press" if IN_SPACE else "dem.simulation"),
    script:
        "../scripts/compile_kernels.py"
