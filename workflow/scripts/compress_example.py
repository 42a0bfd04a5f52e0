"""Compress the structure that is shown in motion."""

from step import step

from dem.study import compress_cell

with step(snakemake.log[0]):
    compress_cell(
        snakemake.output[0], **snakemake.params.job, replicates=range(1), code=snakemake.params.code
    )
