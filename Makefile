# Every target sets up what it needs. `make demo` and `make test` are the two to know.
PYTHON ?= python3
BIN := .venv/bin
# Tests and tools talk to loopback only; a proxy from the environment must not stand in between.
export NO_PROXY := 127.0.0.1,localhost,$(NO_PROXY)
export no_proxy := 127.0.0.1,localhost,$(no_proxy)

# Without compiled modules every process would compile Prefect again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test check lint types contracts format bench bench-quick actions blocks deploy clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: ## make .venv from the lock file
	@$(PYTHON) scripts/setup.py

demo: setup ## run the main job on the sandbox; ONCE=1 ends by itself
	@$(BIN)/mailroom demo $(if $(ONCE),--once) $(DEMO_ARGS)

test: setup ## run all tests
	@$(BIN)/python scripts/run_tests.py $(TEST_ARGS)

check: lint types contracts ## lint, types and import contracts

lint: setup ## ruff, rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: setup ## mypy, strict
	@$(BIN)/mypy

contracts: setup ## imports point down only
	@$(BIN)/lint-imports

format: setup ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: setup ## measure; prints a table of ratios
	@$(BIN)/python -m benchmarks

actions: setup ## write docs/actions.md anew from the actions
	@$(BIN)/python scripts/make_actions_page.py

blocks: setup ## register the block types with the Prefect server of PREFECT_API_URL
	@$(BIN)/prefect block register -m blocks

deploy: blocks ## deploy every flow of deployments.yaml
	@$(BIN)/prefect work-pool create mailroom --type process --overwrite
	@$(BIN)/prefect --no-prompt deploy --prefect-file deployments.yaml --all

clean: ## remove what the targets made (not the demo's state)
	rm -rf .venv .uv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache mailroom/mail/parse/_fast.*
