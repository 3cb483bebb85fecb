# `make` prints this help. Every target makes .venv first, from requirements.lock.
VENV := .venv
PYTHON ?= python3
STAMP := $(VENV)/.installed
BIN := $(VENV)/bin
ARGS ?=
# Tests run side by side on shared servers; `make test WORKERS=0` runs them in one process.
WORKERS ?= 2
SOURCES := services shared deploy tests bench

.DEFAULT_GOAL := help
.PHONY: help run test lint fmt bench chaos docs lock clean

help: ## Show what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  ARGS=… is passed on:  make run ARGS='--port-base 0 --empty'   make test ARGS='tests/journeys -k start'"

run: $(STAMP) ## Start everything on this machine; Ctrl-C stops it, data stays in .caibei/
	@$(BIN)/caibei run $(ARGS)

test: $(STAMP) ## Run every test, on a real PostgreSQL and a real Kafka
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadscope $(ARGS)

lint: $(STAMP) ## Check style, types, the import contracts, event schemas and the reference
	@$(BIN)/ruff check $(wildcard $(SOURCES))
	@$(BIN)/ruff format --check $(wildcard $(SOURCES))
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m deploy.docs check

fmt: $(STAMP) ## Format, and fix what can be fixed
	@$(BIN)/ruff check --fix-only --quiet $(wildcard $(SOURCES))
	@$(BIN)/ruff format $(wildcard $(SOURCES))

bench: $(STAMP) ## Measure on an empty data folder; writes bench-results.json
	@$(BIN)/python -m bench $(ARGS)

chaos: $(STAMP) ## The long fault suite
	@$(BIN)/python -m pytest -m "chaos or long" $(ARGS)

docs: $(STAMP) ## OpenAPI, AsyncAPI and the reference pages
	@$(BIN)/python -m deploy.docs $(ARGS)

lock: $(STAMP) ## Resolve the dependencies anew into requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --universal --all-extras --generate-hashes --no-header --no-emit-index-url \
	  --no-annotate --python-version 3.11 --output-file requirements.lock --quiet $(ARGS)

clean: ## Remove caches; data in .caibei/ and the environment stay
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist

$(STAMP): requirements.lock pyproject.toml deploy/bootstrap
	@PYTHON=$(PYTHON) deploy/bootstrap $(VENV)
