"""Tell how often images of another study are noticed."""

from step import step

from analysis.detection import write_detection

with step(snakemake.log[0]):
    write_detection(list(snakemake.input), snakemake.output[0])
