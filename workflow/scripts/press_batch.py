"""Fill packings and press them together on a GPU."""

from step import step

from dem.press_batch import press_batch

with step(snakemake.log[0]):
    press_batch(
        output=snakemake.output[0],
        config=snakemake.params.config,
        packings=snakemake.params.packings,
        pressures_mpa=snakemake.params.pressures,
        code=snakemake.params.code,
        threads=snakemake.threads,
    )
