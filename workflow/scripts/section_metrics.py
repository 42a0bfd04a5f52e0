"""Judge what networks read off sections."""

from step import step

from analysis.section_metrics import write_section_metrics

with step(snakemake.log[0]):
    write_section_metrics(
        snakemake.input.dataset,
        list(snakemake.input.predictions),
        snakemake.output.metrics,
        snakemake.output.ceiling,
        snakemake.params.resamples,
        snakemake.params.seed,
    )
