"""Measure how new all images are to the networks of a split."""

from step import step

from cnn.novelty import novelty_dataset

with step(snakemake.log[0]):
    novelty_dataset(
        snakemake.input.dataset,
        snakemake.input.predictions,
        list(snakemake.input.models),
        snakemake.output[0],
        snakemake.wildcards.fold,
    )
