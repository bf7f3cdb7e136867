# Every target makes the environment first, once; nothing but Python 3.11+, its venv module and make need be there.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTEST_ARGS ?=
# Tests run beside each other: two at least, and one core is left to the machine where there are four.
WORKERS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$(( n > 3 ? 3 : 2 )))

# The package itself reads only NAPARI_TESSERA_DATA; a data folder that lies beside the checkout is taken by itself.
ifeq ($(strip $(NAPARI_TESSERA_DATA)),)
ifneq ($(wildcard ../shared/data/.),)
NAPARI_TESSERA_DATA := $(abspath ../shared/data)
endif
endif
export NAPARI_TESSERA_DATA

# Windows need a display; a virtual one is taken where there is none. macOS always has its own.
ifeq ($(shell uname -s),Darwin)
DISPLAYED := yes
else
DISPLAYED := $(if $(strip $(DISPLAY)$(WAYLAND_DISPLAY)),yes,)
endif
SCREEN := $(if $(DISPLAYED),,xvfb-run -a -s "-screen 0 1920x1200x24 -nolisten tcp")

.PHONY: help setup demo story test neighbours check format docs bench faults clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

setup: $(READY)  ## make .venv and install everything that development needs
	@echo "$(VENV) is ready."

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; say which with: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@bash .ci/system-packages
	@[ -x $(BIN)/python ] && $(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt "pip>=25.1"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt \
	  --editable ".[pyqt6,vendor]" --group test --group check --group docs --group bench
	@touch $@

demo: $(READY)  ## open the sample tissue and map cells onto it; without a display leave demo.png
ifeq ($(DISPLAYED),yes)
	$(BIN)/napari-tessera demo
else
	$(SCREEN) $(BIN)/napari-tessera demo --headless --screenshot demo.png
	@echo "demo.png shows the window."
endif

story: $(READY)  ## drive the real window through the whole story; pictures and files in story/
	$(SCREEN) $(BIN)/python -W ignore benchmarks/story.py --out story $(STORY_ARGS)
	@echo "story/ has a picture of every step, the script, and what its replay computed."

test: $(READY)  ## run the whole suite, windows included
	OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 $(SCREEN) $(BIN)/python -m pytest -p no:cacheprovider -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

# napari-spatialdata and what only it needs, beside the environment: in it, its reader would claim every store.
NEIGHBOURS := .neighbours
$(NEIGHBOURS): $(READY)
	$(BIN)/python -m pip install --quiet --no-deps --constraint constraints.txt --target $@ \
	  napari-spatialdata napari-matplotlib loguru tinycss2 webencodings xarray-datatree

neighbours: $(NEIGHBOURS)  ## test our docks and the widgets of napari-spatialdata in one window
	PYTHONPATH=$(abspath $(NEIGHBOURS)) OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 $(SCREEN) \
	  $(BIN)/python -m pytest -p no:cacheprovider tests/window/test_neighbours.py $(PYTEST_ARGS)

check: $(READY)  ## style, types, imports, dependencies, manifest, documentation
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry src
	$(BIN)/vulture
	$(BIN)/npe2 validate napari-tessera
	@$(MAKE) --no-print-directory docs

format: $(READY)  ## put the code into the house style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(READY)  ## build the documentation, warnings are errors
	$(BIN)/python -m sphinx -W --keep-going --quiet -b html docs docs/_build/html
	@echo "docs/_build/html/index.html is the documentation."

bench: $(READY)  ## time steps beside scSTEM and Tangram, then run every benchmark once
	$(BIN)/python -W ignore benchmarks/bench.py $(BENCH_ARGS)
	$(BIN)/asv machine --yes >/dev/null
	$(BIN)/asv run --config benchmarks/asv.conf.json --python=same --quick --show-stderr

faults: $(READY)  ## harm every write at thousands of points, every worker in every way; an hour or two
	$(BIN)/python -W ignore benchmarks/faults.py --share 0.25 $(FAULTS_ARGS) kills
	$(BIN)/python -W ignore benchmarks/faults.py --share 0.08 $(FAULTS_ARGS) errors
	$(BIN)/python -W ignore benchmarks/faults.py --share 0.1 $(FAULTS_ARGS) stock
	$(BIN)/python -W ignore benchmarks/faults.py --share 1 $(FAULTS_ARGS) concurrent corruptions
	$(BIN)/python -W ignore benchmarks/workers.py

clean:  ## remove what was built, the environment too
	rm -rf $(VENV) .venv-peers $(NEIGHBOURS) docs/_build docs/_generated build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
