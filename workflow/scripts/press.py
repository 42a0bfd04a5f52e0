"""Fill and press the packings of one job."""

from step import step

from dem.press_study import press_cell

with step(snakemake.log[0]):
    press_cell(
        output=snakemake.output[0],
        config=snakemake.params.config,
        am_volume_fraction=float(snakemake.wildcards.am),
        pressures_mpa=snakemake.params.pressures,
        replicates=range(int(snakemake.wildcards.first), int(snakemake.wildcards.last) + 1),
        code=snakemake.params.code,
        threads=snakemake.threads,
    )
