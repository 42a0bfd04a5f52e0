"""Put all figures and tables of a study on one page."""

from step import step

from analysis.report import write_report

with step(snakemake.log[0]):
    given = {name: value for name, value in snakemake.params.items() if name != "code"}
    write_report(**dict(snakemake.input.items()), **given, output=snakemake.output[0])
