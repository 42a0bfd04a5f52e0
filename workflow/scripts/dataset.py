"""Turn the trajectories of a study into its dataset."""

from step import step

from analysis.dataset import build_dataset

with step(snakemake.log[0]):
    build_dataset(
        trajectories=list(snakemake.input.trajectories),
        output=snakemake.output[0],
        image=snakemake.params.image,
        split=snakemake.params.split,
        seed=snakemake.params.seed,
        study=snakemake.wildcards.study,
        code=snakemake.params.code,
        transport=snakemake.input.transport,
        more_targets=snakemake.params.more_targets,
    )
