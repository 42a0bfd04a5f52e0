"""Make degraded copies of the images of a study."""

from step import step

from cnn.degrade import degrade_dataset

with step(snakemake.log[0]):
    degrade_dataset(snakemake.input[0], snakemake.output[0], snakemake.params.copies, snakemake.params.seed)
