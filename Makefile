# Every target makes its own virtual environment when there is none. Needs Python 3.11+ and make, nothing else.
PYTHON ?= $(shell for candidate in python3.13 python3.12 python3.11 python3 python; do \
	command -v $$candidate >/dev/null 2>&1 && \
	$$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$candidate && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# Containers like to forbid bytecode. Then each process of each run compiles golive, and pytest its tests, once more.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install go-live test check format bench same-key clean browser-packages bench-webhooks conformance bench-load

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(STAMP) ## Make the virtual environment and install golive into it

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "golive needs Python 3.11 or newer; none was found. Set PYTHON=/path/to/python3"; exit 3; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@$(BIN)/python -m compileall -q harness suites/golive suites/backend conftest.py
	@touch $(STAMP)

go-live: $(STAMP) ## Run every shipped plan against the emulator and print the verdict
	@$(BIN)/golive run

test: $(STAMP) ## Run the tests of golive itself
	$(BIN)/python -m pytest suites/selftest --numprocesses auto --quiet
	@$(MAKE) --no-print-directory replay

.PHONY: bench-replay cassettes prove-cassettes replay
prove-cassettes: $(STAMP) ## 1, 2, 4 and 8 workers record byte for byte the same (minutes)
	$(BIN)/python loadtests/prove_cassettes.py

replay: $(STAMP) ## Play the checked-in cassettes, without network (part of make test)
	$(BIN)/python -m pytest suites/replay --numprocesses auto --quiet --assert=plain --golive-out golive-report/replay \
		-p no:cacheprovider -p no:schemathesis -p no:locust -p no:anyio -p no:logging

bench-replay: $(STAMP) ## Replay per request and load time, beside plain vcrpy, at 10 to 10,000 interactions
	$(BIN)/python loadtests/bench_replay.py

cassettes: $(STAMP) ## Record the checked-in cassettes again: all plans, each resource on one platform
	@$(BIN)/golive record --each-once

check: $(STAMP) ## Format, lint, types, architecture
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest suites/selftest/test_architecture.py --quiet

format: $(STAMP) ## Rewrite the code in the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

browser-packages: ## Fetch the public Link packages that the browser tests load (needs npm)
	npm ci --prefix suites/selftest/emulator/browser --no-audit --no-fund

bench-webhooks: $(STAMP) ## Webhooks delivered per second
	$(BIN)/python loadtests/bench_webhooks.py

bench: $(STAMP) ## Cases per second, emulator requests per second, peak memory
	$(BIN)/python loadtests/bench.py
	$(BIN)/python loadtests/bench_replay.py

same-key: $(STAMP) ## One object per idempotency key: two emulators on a PostgreSQL, 10,000 keys at once
	$(BIN)/python loadtests/same_key.py

.PHONY: seeds bench-detect
bench-detect: $(STAMP) ## Which defects schemathesis finds, which the plans, and both (minutes)
	$(BIN)/python loadtests/bench_detect.py

seeds: $(STAMP) ## The clean emulator with 200 seeds: 0 findings (minutes)
	$(BIN)/python -m harness.proving.seeds 200

conformance: $(STAMP) ## Hold the emulator against the contract: a strict client, and Schemathesis on every operation
	$(BIN)/python suites/conformance/run.py

bench-load: $(STAMP) ## Proof that load tests tell the truth: p99 under freezes, pace, shared budget, stages (15 minutes)
	$(BIN)/python loadtests/bench_load.py

.PHONY: bench-backend
bench-backend: $(STAMP) ## Proof of the reference backend: webhooks under kill -9, ingest, initial sync (6 minutes)
	$(BIN)/python loadtests/backend_storm.py
	$(BIN)/python loadtests/backend_pace.py

.PHONY: prove-backend
prove-backend: $(STAMP) bench-backend ## All of it: storms, pace, secrets, browser, gauntlet, each wrong behaviour noticed (20 minutes)
	$(BIN)/python -m pytest suites/selftest/backend suites/selftest/gauntlet --quiet
	$(BIN)/python suites/backend/prove.py

clean: ## Remove the virtual environment and all that runs left behind
	rm -rf $(VENV) golive-report .pytest_cache .mypy_cache .ruff_cache .hypothesis
