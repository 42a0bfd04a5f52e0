"""Judge the predictions of a study."""

from step import step

from analysis.metrics import write_metrics

with step(snakemake.log[0]):
    write_metrics(
        snakemake.input.predictions, snakemake.output[0], snakemake.params.resamples, snakemake.params.seed
    )
