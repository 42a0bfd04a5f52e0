"""Judge the predictions of a study."""

from step import step

from analysis.metrics import write_metrics

with step(snakemake.log[0]):
    write_metrics(
        dataset=snakemake.input.dataset,
        predictions=list(snakemake.input.predictions),
        output=snakemake.output[0],
        resamples=snakemake.params.resamples,
        seed=snakemake.params.seed,
    )
