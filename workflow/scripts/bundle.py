"""Collect the ensemble of a study, for images that are none of it."""

from pathlib import Path

from step import step

from cnn.bundle import write_bundle

with step(snakemake.log[0]):
    write_bundle(Path(snakemake.input.dataset).parent, snakemake.output[0], samples=20)
