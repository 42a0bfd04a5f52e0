"""Fill structures and compress them together on a GPU."""

from step import step

from dem.compress_batch import compress_batch

with step(snakemake.log[0]):
    compress_batch(
        output=snakemake.output[0],
        config=snakemake.params.config,
        structures=snakemake.params.structures,
        code=snakemake.params.code,
        threads=snakemake.threads,
    )
