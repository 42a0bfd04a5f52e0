"""Judge the predictions of a study, those for single AM particles too."""

from step import step

from analysis.metrics import write_metrics
from analysis.particles import write_particle_metrics

with step(snakemake.log[0]):
    judged = snakemake.input.dataset, list(snakemake.input.predictions)
    bootstrap = snakemake.params.resamples, snakemake.params.seed
    write_metrics(*judged, snakemake.output.metrics, *bootstrap)
    write_particle_metrics(*judged, snakemake.output.particles, *bootstrap)
