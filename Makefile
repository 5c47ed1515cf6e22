# The front door. `make` alone lists what there is.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= $(shell for p in python3.12 python3.11 python3; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: .venv/.ready ## the virtual environment alone

.venv/.ready: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or 3.12 is needed (newer ones need a redis-server on PATH), and there is none on PATH; install it, or say where it is: make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || { echo "making .venv with $(PYTHON)"; $(PYTHON) -m venv .venv || { rm -rf .venv; echo "$(PYTHON) can't make virtual environments; install its venv package (on Debian: apt-get install python3-venv)"; exit 1; }; }
	@echo "installing pinned packages (a minute the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: venv ## Kafka, Redis, workers and a city here; DATA=FOLDER replays a recording; ARGS="--for 60s --headless"
	@exec $(BIN)/nudgeline demo $(if $(DATA),--data "$(DATA)") $(ARGS)

test: venv ## the whole test suite; ARGS= goes to pytest
	@exec $(BIN)/python -m pytest $(ARGS)

lint: venv ## ruff, mypy, import-linter
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@PYTHONPATH=. $(BIN)/lint-imports --no-cache

rules: venv ## check and test the rules that are shipped
	@$(BIN)/nudgeline check segments/catalog training_rules/catalog
	@$(BIN)/nudgeline test --quiet segments/catalog training_rules/catalog

ci: lint rules test ## what CI runs

bench: venv ## every bench; writes benches/results
	@$(BIN)/python -m benches

yardstick: venv ## the yardstick alone; the last line is JSON
	@$(BIN)/python -m benches.yardstick $(ARGS)

faults: venv ## faults on purpose; ARGS="--runs 5 --seed 77", --report writes docs/faults.md, --prove breaks the protocol
	@$(BIN)/python -m tests.faults $(ARGS)

soak: venv ## an hour's load with kills, memory watched; ARGS="--minutes 60 --rate 30000 --kill-every 120 --seed 1", --quick
	@exec $(BIN)/python -m tests.faults.soak $(ARGS)

docs: venv ## pages that are made from code
	@$(BIN)/python -m events.schemas docs/schemas
	@$(BIN)/python -m events.reference > docs/events.md
	@$(BIN)/nudgeline schema -o docs/schemas/rules.schema.json
	@$(BIN)/python -m streams.settings > docs/settings.md
	@$(BIN)/python -m rulebook.reference > docs/checks.md
	@$(BIN)/python -m rulebook.names_page > docs/names.md

lock: venv ## pin the newest versions that pyproject.toml allows
	@$(BIN)/pip-compile --quiet --upgrade --extra local --extra dev --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header -o requirements.lock pyproject.toml

clean: ## remove the virtual environment and local data
	@rm -rf .venv .local

.PHONY: help venv demo test lint rules ci bench yardstick faults soak docs lock clean
