# `make demo` and `make test` do everything on a fresh machine with Python 3.11+ and make; see CONTRIBUTING.md.
PYTHON_BIN := .venv/bin
STAGES := unit property contract integration e2e
TWO := --numprocesses 2 --dist worksteal
UV := 0.13.9
COMPILE := build/lock/bin/uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --quiet \
	--python-version 3.11 pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help setup demo check test fault bench pictures lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

setup: .venv/.ready ## make the environment in .venv

.venv/.ready: requirements.lock pyproject.toml scripts/setup
	@sh scripts/setup

demo: .venv/.ready ## show it at work on this machine (make demo ARGS=--exit ends by itself)
	@$(PYTHON_BIN)/relance demo $(ARGS)

check: .venv/.ready ## style, types, and which part may import which
	@echo "== ruff" && $(PYTHON_BIN)/ruff check . && $(PYTHON_BIN)/ruff format --check .
	@echo "== mypy" && $(PYTHON_BIN)/mypy
	@echo "== import-linter" && $(PYTHON_BIN)/lint-imports

# Two at a time, each with servers of its own. What breaks things on purpose is judged by itself.
test: check ## check, then every test
	@for stage in $(STAGES); do \
		echo "== tests/$$stage" && $(PYTHON_BIN)/python -m pytest -q $(TWO) tests/$$stage || exit 1; \
	done
	@echo "== tests/fault" && $(PYTHON_BIN)/python -m pytest -q tests/fault
	@echo "== all passed"

fault: .venv/.ready ## break everything that can break, and judge from outside (ARGS="--seed N --only NAME --minutes N")
	@$(PYTHON_BIN)/python -m tests.fault $(ARGS)

bench: .venv/.ready ## measure it, beside what it is measured against (ARGS="--only line,naive" or --smoke)
	@$(PYTHON_BIN)/python -m tests.bench $(ARGS)

pictures: .venv/.ready ## draw the shipped ladders of docs/policies.md again
	@$(PYTHON_BIN)/python scripts/draw_ladders.py

lock: ## pin the dependencies of pyproject.toml again (kept where they still fit)
	@test -x build/lock/bin/uv || { python3 -m venv build/lock && build/lock/bin/pip install --quiet uv==$(UV); }
	$(COMPILE) --all-extras --output-file requirements.lock
	$(COMPILE) --extra build --constraints requirements.lock --no-annotate --output-file requirements-runtime.lock

clean: ## remove what was made here, but no data
	rm -rf .venv build relance.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
