"""Fill and compress the structures of one job."""

from step import step

from dem.study import compress_cell

with step(snakemake.log[0]):
    compress_cell(
        output=snakemake.output[0],
        config=snakemake.params.config,
        width_um=float(snakemake.wildcards.width),
        uncovered_fraction=float(snakemake.wildcards.uncovered),
        replicates=range(int(snakemake.wildcards.first), int(snakemake.wildcards.last) + 1),
        code=snakemake.params.code,
        threads=snakemake.threads,
        pressure_mpa=snakemake.params.pressure,
    )
