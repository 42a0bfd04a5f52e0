"""The site of these pages: `make docs` builds it below docs/_build/html."""

import os
import sys
from functools import partialmethod
from importlib.metadata import version as installed_version
from pathlib import Path

import numba
from nbclient import NotebookClient

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "_extensions"))
# Kernels are described as the functions they are compiled from; notebooks, which run elsewhere, compile them.
numba.config.DISABLE_JIT = True
# Notebooks find the commands of this installation.
os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
os.environ["COLUMNS"] = "80"
# A command of theirs that fails fails the build.
os.environ["SHELLOPTS"] = "errexit:pipefail"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

project = "solid-state-electrode"
author = "The solid-state-electrode developers"
release = version = installed_version(project)

extensions = [
    "field_comments",
    "myst_nb",
    "repository_pages",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_design",
]
templates_path = ["_templates"]
exclude_patterns = ["_build"]
# In docstrings, `name` is a link where it is a name of the project.
default_role = "py:obj"
highlight_language = "none"
# Some names two modules have: a type is linked to one of them. Notebooks that are not run state no language.
suppress_warnings = ["ref.python", "myst-nb.lexer"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4

nb_execution_mode = "cache"
nb_execution_cache_path = str(DOCS / "_build/notebooks")
# In an empty folder, as readers run them.
nb_execution_in_temp = True
nb_execution_raise_on_error = True
# Of one cell [s]; a busy machine is slow.
nb_execution_timeout = 3600
nb_merge_streams = True
# What a command prints comes in pieces that end anywhere: they are put together as they come.
NotebookClient.__init__ = partialmethod(NotebookClient.__init__, coalesce_streams=True)

# Of Keras, whose docstrings are no reST.
autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
# Else the site shows where it was built.
autodoc_preserve_defaults = True
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 88
napoleon_google_docstring = False
napoleon_use_rtype = False

html_theme = "pydata_sphinx_theme"
html_title = "Solid-state electrode"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_theme_options = {
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    "navbar_align": "left",
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": False,
}
# Else the theme complains in the console of who comes for the first time.
html_context = {"default_mode": "auto"}
html_sidebars = {"index": []}
html_show_sphinx = False
copyright = f"{author}. MIT license"
