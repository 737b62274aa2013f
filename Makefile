# The commands of this project; CI and people call the same ones.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
RUNTIME := .venv/.runtime-installed
DEV := .venv/.dev-installed
BENCH := .venv/.bench-installed

.DEFAULT_GOAL := help
.PHONY: help install demo test soak bench check docs screenshots format constraints

help:
	@echo "make demo         the whole system with a simulated course platform, until Ctrl-C"
	echo "make demo EXIT=1  the same, stopping as soon as it has answered with numbers"
	echo "make test         the test suite; make soak runs the long tests"
	echo "make bench        ours beside what people would use instead; writes bench/results.md, an hour"
	echo "make check        linters, types, import rules, dead code, stale docs, Dagster definitions"
	echo "make docs         writes docs/reference from the code"
	echo "make screenshots  the pictures in docs/images, from a demo of its own"
	echo "make install      .venv with everything that the above need"
	echo "make constraints  pin the newest allowed versions, with hashes"

$(RUNTIME): pyproject.toml constraints.txt
	@ops/install.sh constraints.txt
	touch $@

$(DEV): pyproject.toml constraints-dev.txt
	@ops/install.sh constraints-dev.txt
	touch $@ $(RUNTIME)

$(BENCH): pyproject.toml constraints-bench.txt
	@ops/install.sh constraints-bench.txt
	touch $@ $(DEV) $(RUNTIME)

install: $(DEV)
	@:

demo: $(RUNTIME)
	@exec $(BIN)/analytics demo $(if $(EXIT),--exit)

# Tests wait for processes and answers as long as they compute: one more at a time than there are processors.
# The hundreds of processes that they start should not compile our modules again, whatever the shell prefers.
test: install
	@ops/test_tools.sh
	unset PYTHONDONTWRITEBYTECODE
	workers=$$(nproc)
	workers=$$((workers < 4 ? workers + 1 : 4))
	$(BIN)/pytest -m "not soak" --numprocesses $$workers --dist loadfile --no-loadscope-reorder

soak: install
	@ops/test_tools.sh
	$(BIN)/pytest -m soak --timeout=0

bench: $(BENCH)
	@exec $(BIN)/python -m bench

# An instance of its own: loading the definitions needs neither our database nor our dagster.yaml.
define CHECK_DEFINITIONS
export DAGSTER_HOME="$$PWD/.venv/dagster-check" VIRTUAL_ENV="$$PWD/.venv"
mkdir -p "$$DAGSTER_HOME"
echo "telemetry: {enabled: false}" > "$$DAGSTER_HOME/dagster.yaml"
$(BIN)/dg check defs
endef

# Fields and enum members are read by serializers, and unused local variables are ruff's to find.
define DEAD_CODE
dead=$$($(BIN)/vulture | grep -v "unused variable" || true)
[ -z "$$dead" ] || { echo "Nothing uses:"; echo "$$dead"; exit 1; }
endef

check: install
	@$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(DEAD_CODE)
	$(BIN)/python -m docs.generator --check
	$(CHECK_DEFINITIONS)

docs: install
	@$(BIN)/python -m docs.generator

screenshots: install
	@$(BIN)/python -m docs.generator.screenshots

format: install
	@$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The files carry versions and hashes and no index address; each one extends the one before it.
COMPILE := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade
constraints:
	@command -v uv >/dev/null || { echo "make constraints needs uv on the PATH: install it with 'pip install uv'."; exit 1; }
	$(COMPILE) pyproject.toml --group build -o constraints.txt
	$(COMPILE) pyproject.toml --extra kubernetes --group build -c constraints.txt -o constraints-kubernetes.txt
	$(COMPILE) pyproject.toml --extra spark --extra kubernetes --group dev -c constraints-kubernetes.txt -o constraints-dev.txt
	$(COMPILE) pyproject.toml --extra spark --extra kubernetes --group bench -c constraints-dev.txt -o constraints-bench.txt
