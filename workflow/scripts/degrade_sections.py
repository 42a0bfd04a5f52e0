"""Put degraded copies of all sections behind them."""

from step import step

from cnn.degrade import degrade_dataset

with step(snakemake.log[0]):
    made = snakemake.params.copies, snakemake.params.seed
    degrade_dataset(snakemake.input[0], snakemake.output[0], *made, originals=True, threads=snakemake.threads)
