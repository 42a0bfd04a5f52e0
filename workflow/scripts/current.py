"""Write where the current runs through the packing that is shown."""

from step import step

from transport.currents import write_currents

with step(snakemake.log[0]):
    write_currents(
        trajectory=snakemake.input[0],
        output=snakemake.output[0],
        materials=snakemake.params.materials,
        code=snakemake.params.code,
    )
