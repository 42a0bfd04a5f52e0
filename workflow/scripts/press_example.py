"""Press the packing that is shown in motion."""

from step import step

from dem.press_study import press_cell

with step(snakemake.log[0]):
    press_cell(snakemake.output[0], **snakemake.params.job, replicates=range(1), code=snakemake.params.code)
