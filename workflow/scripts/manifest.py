"""Record what the dataset of a study was made from."""

from step import step

from analysis.manifest import write_manifest

with step(snakemake.log[0]):
    write_manifest(
        dataset=snakemake.input.dataset,
        sources=snakemake.input.sources,
        output=snakemake.output[0],
    )
