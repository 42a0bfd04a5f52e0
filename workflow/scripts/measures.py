"""Means and standard deviations over the packings of a study in space."""

from step import step

from analysis.press_dataset import write_measures

with step(snakemake.log[0]):
    write_measures(snakemake.input[0], snakemake.output[0])
