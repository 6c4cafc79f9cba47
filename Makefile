# `make help` lists the commands.
PYTHON ?= python3
WORKERS ?= 2
STUDY ?= demo

ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif
READY := .venv/ready

.DEFAULT_GOAL := help
.PHONY: help study test fast lab lint format lock generate translate bench bench-register evidence clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "make %-14s %s\n", $$1, $$2}'

study: $(READY) ## set up, run the study (STUDY=demo) and say where the report is
	@$(BIN)/clusterstudy run $(STUDY) --workers $(WORKERS)

test: $(READY) lint ## lint, types and every test
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder

fast: $(READY) ## the tests that take seconds
	@$(BIN)/python -m pytest -m "not slow and not browser"

lab: $(READY) ## open the notebooks in JupyterLab
	@$(BIN)/clusterstudy lab

lint: $(READY) ## ruff and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(READY) ## let ruff mend and format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: $(READY) ## resolve requirements.lock again and write environment.yml from it
	@$(BIN)/python tools/lock.py

generate: $(READY) ## write what follows from the contract: suites, dictionary, parameter cells
	@$(BIN)/python tools/generate.py

translate: $(READY) ## bring the Danish catalogue in step with the texts, and name the missing ones
	@$(BIN)/python tools/translate.py

bench: $(READY) ## measure the estimator against its peers, and a batch against plain tools (FIRMS="5000 20000")
	@$(BIN)/python tools/bench.py $(if $(FIRMS),--firms $(FIRMS))
	@$(BIN)/python tools/bench_runs.py

bench-register: $(READY) ## measure the gate and a report on a large register (FIRMS=2000000)
	@$(BIN)/python tools/bench_register.py $(if $(FIRMS),--firms $(FIRMS))

evidence: export OMP_NUM_THREADS = 1
evidence: export OPENBLAS_NUM_THREADS = 1
evidence: $(READY) ## simulate where the estimators hold and where they fail, into docs/
	@$(BIN)/python tools/evidence.py

clean: ## remove reports, caches and the environment
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis reports/* data/demo* data/michigan data/remote .cache

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v <= (3, 13) else f"clusterstudy needs Python 3.11 to 3.13, and $(PYTHON) is {v[0]}.{v[1]}. Name another: make PYTHON=python3.12 ...")'
	@echo "Setting up .venv from requirements.lock (once; some minutes on a slow line) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep -oE '^uv==[0-9.]+' requirements.lock)"
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python requirements.lock \
	  || $(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	@$(BIN)/uv pip install --quiet --no-deps --python $(BIN)/python --editable . \
	  || $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $(READY)
