"""Judge the predictions for single AM particles."""

from step import step

from analysis.particles import write_particle_metrics

with step(snakemake.log[0]):
    write_particle_metrics(
        dataset=snakemake.input.dataset,
        predictions=list(snakemake.input.predictions),
        output=snakemake.output[0],
        resamples=snakemake.params.resamples,
        seed=snakemake.params.seed,
    )
