"""Compile the DEM kernels once, before many jobs need them."""

from step import step

from dem.study import compile_kernels

with step(snakemake.log[0]):
    compile_kernels(snakemake.output[0], snakemake.params.law, snakemake.params.constants)
