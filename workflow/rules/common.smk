# What the rules share: the study that the configuration asks for, digests of code, texts of the report.
import os
import shlex
import sys
from functools import lru_cache

from snakemake.exceptions import WorkflowError
from snakemake_interface_executor_plugins.settings import DeploymentMethod

from provenance import code_digest
from study.configuration import check_configuration, places, schema_of, typed
from study.figures import figure_files, of_geometry, pictures
from study.jobs import Study, pressure_of
from study.pressing import PressingStudy
from study.micrographs import locate_images
from study.report import benchmark_files, captions, categories

STUDIES = {"planar": Study, "spatial": PressingStudy}
IN_CONDA = DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method
# Snakemake writes this path into shell commands as it is: of an environment below a folder with a space the first
# word would be run. Processes of jobs know themselves by their true path again.
if os.path.exists(sys.executable):
    sys.executable = shlex.quote(sys.executable)
# Texts are UTF-8 in jobs, whatever the locale.
SHELL_PREFIX = "set -euo pipefail; export PYTHONUTF8=1; "
if (ROOT / "src").is_dir():
    # Jobs in a conda environment lack the editable installation of the packages, and Snakemake removes
    # PYTHONPATH there: each job sets it for itself.
    SHELL_PREFIX += f"export PYTHONPATH={shlex.quote(str(ROOT / 'src'))}; "
elif IN_CONDA:
    raise WorkflowError("--sdm conda needs a clone of the repository, whose sources its environments see")

# Snakemake hands on what --config says below a section as text. Names of studies may be numbers: they stay text.
CHANGES = {
    key: typed(value) if isinstance(value, dict) else value
    for key, value in (workflow.config_settings.config or {}).items()
}
update_config(config, CHANGES)
BASE = (ROOT / BASE_FILE).resolve()
# Those of the command line come last and win over that of an including Snakefile.
FROM_COMMAND_LINE = list(map(Path, workflow.overwrite_configfiles))
OVERLAYS = [path for path in map(Path, workflow.configfiles) if path not in FROM_COMMAND_LINE]
OVERLAYS = [path for path in OVERLAYS + FROM_COMMAND_LINE if path.resolve() != BASE]

try:
    where = places((BASE, *OVERLAYS), CHANGES)
    check_configuration(config, schema_of(config, ROOT / "workflow/schemas"), where, IN_CONDA)
    if "prediction" in config:
        # Missing images would else be no reason to run anything in a finished study.
        config["prediction"]["images"] = locate_images(
            config["prediction"]["images"], [BASE, *OVERLAYS], CHANGES
        )
except ValueError as error:
    raise WorkflowError(str(error)) from None
study = STUDIES[config["geometry"]](config)


# Sources are read once, for the jobs that there are: each job on a cluster parses all rules again.
digest_once = lru_cache(code_digest)


def code_of(*modules):
    """Digest of the code of modules, as a function for `params`."""
    return lambda wildcards: digest_once(*modules)


def report_file(name):
    """A text of the report, relative, so that a moved project is still up to date."""
    return os.path.relpath(ROOT / "workflow/report" / name)


def command():
    """What a user types for this study."""
    changes = workflow.config_settings.config or {}
    return shlex.join(
        [
            *("snakemake", "--cores", "all"),
            *(["--configfile", *map(os.path.relpath, FROM_COMMAND_LINE)] if FROM_COMMAND_LINE else []),
            *(["--config", *(f"{key}={value}" for key, value in changes.items())] if changes else []),
        ]
    )
