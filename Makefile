# SPDX-License-Identifier: EUPL-1.2
# `make help` lists what can be done. On a fresh Debian 12, `make demo` and `make test` set up
# everything they need.

.DEFAULT_GOAL := help
.PHONY: help setup demo test unit check lock clean
PYTHON := .venv/bin/python
# Without its byte code the tests would be compiled anew at every run.
unexport PYTHONDONTWRITEBYTECODE
ARGS ?=

help:  ## List the targets.
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | column -t -s '|' 2>/dev/null \
		|| sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1  \2/p' Makefile

setup:  ## Make the environment: .venv, Asterisk, fonts, prompts. Fast when there is nothing to do.
	@scripts/setup.sh

demo: setup  ## Place one full call and stay up. ARGS="--once --report demo.json" stops after it.
	@$(PYTHON) -m lab.demo $(ARGS)

test: setup  ## Run all tests, real Asterisk included.
	@$(PYTHON) -m pytest -n auto --maxprocesses 8 $(ARGS)

unit: setup  ## Run the unit tests alone, without the thorough walks: a minute or two.
	@$(PYTHON) -m pytest tests/unit -n auto --maxprocesses 8 -m "not thorough" $(ARGS)

check: setup  ## Lint, format, types and floors.
	@status=0; for tool in "ruff check" "ruff format --check" mypy lint-imports; do \
		echo "--- $$tool"; .venv/bin/$$tool || status=1; \
	done; exit $$status

lock: setup  ## Recompile the locked requirements from pyproject.toml.
	@scripts/lock.sh

clean:  ## Remove everything that was made, the fetched Asterisk included.
	@rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find bridge lab tests -type d -name __pycache__ -prune -exec rm -rf {} +
	@echo "clean; what calls left in var/ is kept"
