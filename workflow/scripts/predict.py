"""Predict all structures of a study."""

from step import step

from cnn.ensemble import predict_dataset

with step(snakemake.log[0]):
    predict_dataset(
        dataset=snakemake.input.dataset,
        models=list(snakemake.input.models),
        settings=list(snakemake.input.settings),
        output=snakemake.output[0],
        fold=snakemake.wildcards.fold,
    )
