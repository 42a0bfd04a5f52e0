"""Predict all structures of a study."""

from step import step

from cnn.predict import predict_dataset

with step(snakemake.log[0]):
    predict_dataset(snakemake.input.dataset, snakemake.input.model, snakemake.output[0])
