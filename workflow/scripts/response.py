"""Collect how the structures of a study respond to compression."""

from step import step

from analysis.response import write_response

with step(snakemake.log[0]):
    write_response(
        trajectories=list(snakemake.input),
        output=snakemake.output[0],
        image=snakemake.params.image,
    )
