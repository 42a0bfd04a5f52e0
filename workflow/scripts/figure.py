"""Draw the figure that the rule names: its inputs and parameters are the arguments of the module's `save`."""

from importlib import import_module

from step import step

with step(snakemake.log[0]):
    figure = import_module(f"analysis.figures.{snakemake.params.figure}")
    extra = {name: value for name, value in snakemake.params.items() if name not in ("figure", "code")}
    figure.save(**dict(snakemake.input.items()), **extra, outputs=list(snakemake.output))
