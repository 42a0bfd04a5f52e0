"""Measure conduction in the structures of a study."""

from step import step

from transport.study import write_transport

with step(snakemake.log[0]):
    write_transport(
        trajectories=list(snakemake.input),
        output=snakemake.output[0],
        materials=snakemake.params.materials,
        study=snakemake.wildcards.study,
        code=snakemake.params.code,
    )
