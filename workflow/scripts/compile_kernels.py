"""Compile the DEM kernels once, before many jobs need them."""

from step import step

from dem.study import compile_kernels

with step(snakemake.log[0]):
    given = {name: value for name, value in snakemake.params.items() if name != "code"}
    compile_kernels(snakemake.output[0], **given)
