# Everything a newcomer types. A bare `make` lists it.
PYTHON ?= python3
CORES ?= all
WORKERS ?= auto
COVERAGE ?=
BIN := .venv/bin
# Texts are UTF-8 in every locale.
export PYTHONUTF8 := 1
# Snakemake does not start without a cache: where the home has none that can be written, it is here.
CACHE := $(or $(XDG_CACHE_HOME),$(if $(HOME),$(HOME)/.cache,/dev/null/none))
ifneq ($(shell mkdir -p '$(CACHE)' 2>&1 && test -w '$(CACHE)' || echo no),)
export XDG_CACHE_HOME := $(CURDIR)/.snakemake/cache
endif

.PHONY: help run study space joined report docs package test lint format bench pin clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and f"Python 3.11 to 3.13 is needed, {sys.executable} is {sys.version.split()[0]}; name another with: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[cpu,test,web]'
	@touch $@

run: .venv/installed ## set up, then run the demo study (96 structures, minutes)
	$(BIN)/snakemake --cores $(CORES) --configfile config/demo.yaml

study: .venv/installed ## the paper's study (500 structures)
	$(BIN)/snakemake --cores $(CORES)

space: .venv/installed ## the demo of the study in space (12 packings, minutes)
	$(BIN)/snakemake --cores $(CORES) --configfile config/spatial_demo.yaml

joined: .venv/installed ## elastic and elasto-plastic structures: networks trained on each and on both
	$(BIN)/snakemake --cores $(CORES) -- results/paper/dataset.nc
	$(BIN)/snakemake --cores $(CORES) --configfile config/elastoplastic.yaml -- results/elastoplastic/dataset.nc
	$(BIN)/snakemake --cores $(CORES) --configfile config/joined.yaml

report: .venv/installed ## the demo study's page anew: results/demo/report.html
	$(BIN)/snakemake --cores $(CORES) --configfile config/demo.yaml -- results/demo/report.html

docs: .venv/documented ## the site, tutorials run: docs/_build/html/index.html
	rm -rf docs/_build/html docs/api
	$(BIN)/sphinx-build -j auto -W --keep-going -b html docs docs/_build/html
	$(BIN)/python docs/check_links.py docs/_build/html

.venv/documented: .venv/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[cpu,docs,test,web]'
	@touch $@

package: .venv/installed ## sdist and wheel: dist/
	$(BIN)/python -m pip install --quiet --constraint constraints.txt build
	rm -rf build dist
	$(BIN)/python -m build

test: .venv/installed ## all tests; COVERAGE=1 measures it, WORKERS=0 runs one after the other
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --durations=20 $(if $(COVERAGE),--cov --cov-report=term)

lint: .venv/installed ## code style, formatting, types, spelling, and the workflow's own checks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/codespell
	$(BIN)/snakemake --lint

format: .venv/installed ## format the code as `make lint` wants it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow/rules

bench: .venv/installed ## speed of the DEM, beside other engines, and of a dry run
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[validation]'
	$(BIN)/python benchmarks/engines.py
	$(BIN)/python benchmarks/engines_space.py
	$(BIN)/python benchmarks/throughput.py
	$(BIN)/python benchmarks/dry_run.py

# JAX for a GPU, gigabytes, is not installed for it: pip says what it would install beside the rest.
pin: .venv/installed ## renew constraints.txt with the newest versions that fit together
	$(BIN)/python -m pip install --quiet --upgrade --upgrade-strategy eager pip --editable '.[cpu,docs,test,web]'
	$(BIN)/python -m pip freeze --exclude-editable > .venv/constraints.new
	sed -n 's/^tensorflow.cpu==/tensorflow==/p' .venv/constraints.new >> .venv/constraints.new
	$(BIN)/python -m pip install --dry-run --constraint .venv/constraints.new --editable '.[jax-cuda]' > .venv/constraints.asked
	sed -n 's/^Would install //p' .venv/constraints.asked | tr ' ' '\n' | sed '/^solid.state.electrode-/d; s/-\([^-]*\)$$/==\1/' >> .venv/constraints.new
	{ head -n 1 constraints.txt; sort --ignore-case .venv/constraints.new; } > .venv/constraints.renewed
	mv .venv/constraints.renewed constraints.txt

clean: ## remove ALL results and the environment
	rm -rf results .snakemake .venv .pytest_cache .ruff_cache .coverage report.html build dist docs/_build docs/api
