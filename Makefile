# Every command sets up what it needs by itself; `make setup` is only the first part of the others.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test tests check lint types bench proof mutants mutation reference revision lock clean

help: ## What can be done here
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

setup: $(STAMP) ## A virtual environment with everything at the locked versions

# The lock holds a hash for every file; --no-deps on our own package keeps pip from asking for anything else.
$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP) ## Agent and central with simulated devices; Ctrl-C ends it
	$(BIN)/edge-agent demo

# The tests start processes: compiled first, as an installer does it, none of them has to. Part of a run is waiting for
# those, so that two cores have work for three; types are looked at meanwhile, which takes one core a minute at first.
test: $(STAMP) lint ## Linting, types, architecture and every test
	$(BIN)/python -m compileall -q edge_agent drivers sync tests
	@$(MAKE) --no-print-directory -j2 types tests

# A worker that crashes ends the run: with one started in its place pytest-xdist 3.8 waits for ever (its issue 1323).
tests: $(STAMP)
	$(BIN)/pytest -n 4 --dist loadgroup --max-worker-restart 0

check: lint types ## Linting, types and the direction of imports

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(STAMP)
	$(BIN)/mypy

bench: $(STAMP) ## The numbers of the design, as ratios measured in one run
	$(BIN)/python -m tests.bench

export CUTS KILLS ERRORS BROKEN EVENTS SEED
proof: $(STAMP) ## The long proofs; CUTS= KILLS= ERRORS= BROKEN= set the amounts, SEED= repeats
	$(BIN)/python -m tests.proof

mutants: $(STAMP) ## Breaks each promise and shows that the test which holds it fails
	$(BIN)/python -m tests.mutants

# Mutation testing has packages that nothing else needs, so it has an environment of its own. One of them (yattag) is
# published as source only.
MUTATION := .venv-mutation
$(MUTATION)/.ready: requirements-mutation.lock
	$(PYTHON) -m venv $(MUTATION)
	$(MUTATION)/bin/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: --no-binary yattag -r requirements-mutation.lock
	@touch $@

export SAMPLE PROCESSES KEEP
mutation: $(MUTATION)/.ready ## Changes rules at random and asks whether a test fails; SAMPLE= SEED=
	PYTHONPATH=. $(MUTATION)/bin/python -m tests.mutation

reference: $(STAMP) ## The pages and the schema that are made from the programme's models
	$(BIN)/edge-agent programme reference > docs/programme-reference.md
	$(BIN)/edge-agent programme codes > docs/programme-findings.md
	$(BIN)/edge-agent programme schema > config/programme.schema.json

# Made on Linux with uv (pip install uv). The locks name versions and hashes, no hosts; the second one is what a till
# needs to run, at the same versions, the third one what mutation testing needs besides.
LOCK := uv pip compile --quiet --generate-hashes --python-version 3.11 --python-platform linux --no-header --no-emit-index-url
revision: $(STAMP) ## The next step of central's schema, from tables.py; MESSAGE="..."
	$(BIN)/python -m tests.support.revision "$(MESSAGE)"

lock: ## Work out the lock files again from pyproject.toml
	$(LOCK) --group dev --output-file requirements.lock pyproject.toml
	$(LOCK) --no-annotate --constraint requirements.lock --output-file requirements-run.lock pyproject.toml
	$(LOCK) --no-annotate --constraint requirements.lock --group dev --group mutation --output-file requirements-mutation.lock pyproject.toml

clean: ## Remove what the other commands made here
	rm -rf $(VENV) $(MUTATION) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
