# Compress particle-filled electrodes by DEM, train a CNN on their images, draw the figures.
import os
import re
from copy import deepcopy
from pathlib import Path

from snakemake.utils import min_version, update_config

min_version("9.9")


# Of the repository, or of what an installed package holds of it: a study's own Snakefile may include this one.
ROOT = Path(workflow.current_basedir)
# Studies in the plane and in space have bases of their own: no key of the one is left over in the other.
IN_SPACE = config.get("geometry") == "spatial"
BASE_FILE = "config/spatial.yaml" if IN_SPACE else "config/config.yaml"
CHOSEN = deepcopy(config)  # by files of the command line, or by that of an including Snakefile


configfile: ROOT / BASE_FILE


update_config(config, CHOSEN)


include: "workflow/rules/common.smk"
include: "workflow/rules/kernels.smk"


if study.simulates():

    include: "workflow/rules/transport.smk"


if IN_SPACE:

    include: "workflow/rules/press.smk"
    include: "workflow/rules/sections.smk"

else:

    include: "workflow/rules/dem.smk"
    include: "workflow/rules/dataset.smk"
    include: "workflow/rules/cnn.smk"


include: "workflow/rules/networks.smk"
include: "workflow/rules/manifest.smk"
include: "workflow/rules/figures.smk"


report: "workflow/report/workflow.rst"


shell.prefix(SHELL_PREFIX)


# The configuration decides the inputs: results of another study are not this run's to make.
wildcard_constraints:
    study=re.escape(study.name),
    width=r"[0-9.]+",
    uncovered=r"[0-9.]+",
    pressure=r"(_pressure-[0-9.]+)?",
    first=r"[0-9]+",
    last=r"[0-9]+",
    fold=r"random|(width|uncovered|am|pressure)-[0-9.]+|only-[A-Za-z0-9_-]+",
    member=r"[0-9]+",
    source="|".join(map(re.escape, config.get("joined_studies", []))) or "none",
    am=r"[0-9.]+",


localrules:
    all,


rule all:
    default_target: True
    input:
        figures=figure_files(study),
        tables=list(study.tables().values()),
        manifest=study.file("manifest.json"),
        report=study.file("report.html"),


onsuccess:
    print("\nDone. Everything on one page, tables and figures:")
    final = (rules.all.input.report, *rules.all.input.tables, *rules.all.input.figures)
    for path in filter(os.path.exists, final):
        print(f"  {path}")
