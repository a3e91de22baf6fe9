# The commands of this project. Each sets up what it needs; python3 (3.11 or newer), make and g++ must
# exist. Another Python: make PYTHON=python3.12 test

PYTHON ?= python3
BIN    := .venv/bin
BENCH  := .venv-bench/bin

.PHONY: demo test bench lint types check clean extension

demo: extension
	$(BIN)/python examples/demo.py

# The tests, the examples in docstrings, and those in README.md (tests/test_readme.py).
test: extension
	$(BIN)/python -m pytest -n auto --doctest-modules tests src/bibun

bench: .venv-bench/installed
	$(BENCH)/python cpp/extension.py
	$(BENCH)/python -m benchmarks native
	$(BENCH)/python -m benchmarks cpp
	$(BENCH)/python -m benchmarks

# The C++ extension, in its place beside the Python sources; only what has changed is compiled.
extension: .venv/installed
	$(BIN)/python cpp/extension.py

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/installed-dev
	$(BIN)/mypy

check: lint types test

# What was generated; the environments stay (rm -rf .venv .venv-bench starts over).
clean:
	rm -rf build dist src/*.egg-info demo-output .pytest_cache .ruff_cache .mypy_cache .hypothesis
	rm -f src/bibun/_runtime*.so
	find src tests examples benchmarks cpp -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

# An environment is as new as its stamp: a change of pyproject.toml installs again.
define environment
	@$(PYTHON) -c 'import sys; sys.exit("bibun needs Python 3.11 or newer: make PYTHON=..." if sys.version_info < (3, 11) else 0)'
	test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
endef

.venv/installed: pyproject.toml
	$(environment)
	$(BIN)/python -m pip install --quiet --editable '.[test,demo]'
	touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

.venv-bench/installed: pyproject.toml
	$(environment)
	$(BENCH)/python -m pip install --quiet --editable '.[bench]'
	touch $@
