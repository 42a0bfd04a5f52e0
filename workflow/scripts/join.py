"""Join the datasets of several studies."""

from step import step

from analysis.join import join_datasets

with step(snakemake.log[0]):
    join_datasets(list(snakemake.input), snakemake.output[0], snakemake.wildcards.study)
