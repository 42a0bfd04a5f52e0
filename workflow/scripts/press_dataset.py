"""Turn the samples of a study in space into its dataset."""

from step import step

from analysis.press_dataset import build_dataset

with step(snakemake.log[0]):
    build_dataset(
        trajectories=list(snakemake.input.trajectories),
        output=snakemake.output[0],
        split=snakemake.params.split,
        seed=snakemake.params.seed,
        study=snakemake.wildcards.study,
        code=snakemake.params.code,
        transport=snakemake.input.transport,
    )
