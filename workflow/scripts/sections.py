"""Cut all samples of a study in space."""

from step import step

from analysis.section_dataset import build_sections

with step(snakemake.log[0]):
    build_sections(
        samples=snakemake.input.samples,
        trajectories=list(snakemake.input.trajectories),
        output=snakemake.output[0],
        sections=snakemake.params.sections,
        split=snakemake.params.split,
        seed=snakemake.params.seed,
        code=snakemake.params.code,
    )
