"""Predict images that are none of the study; one that cannot be is an error."""

from pathlib import Path

from step import step

from assb.picture import Acquisition
from assb.prediction import predict_files
from cnn.bundle import read_bundle

with step(snakemake.log[0]):
    results = predict_files(
        list(snakemake.input.images),
        snakemake.output.table,
        Path(snakemake.output.figures[0]).parent,
        read_bundle(snakemake.input.bundle),
        Acquisition(**snakemake.params.acquisition, page_name="prediction.page"),
    )
    if problems := [result.problem for result in results if result.shown is None]:
        raise ValueError("; ".join(problems))
