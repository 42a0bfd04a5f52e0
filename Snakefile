# Compress particle-filled electrodes by DEM, train a CNN on their images, draw the figures.
from snakemake.utils import min_version

min_version("9.0")


configfile: "config/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/dem.smk"
include: "workflow/rules/dataset.smk"
include: "workflow/rules/cnn.smk"
include: "workflow/rules/figures.smk"


report: "workflow/report/workflow.rst"


shell.prefix(SHELL_PREFIX)


localrules:
    all,


rule all:
    default_target: True
    input:
        figures=figure_files(),
        metrics=f"results/{config['study']}/metrics.csv",


onsuccess:
    print("\nDone. Metrics and figures:")
    for path in (rules.all.input.metrics, *rules.all.input.figures):
        print(f"  {path}")
