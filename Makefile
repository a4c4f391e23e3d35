# `make run` and `make test` do all set-up by themselves; `make help` lists the rest.
PYTHON ?= python3
MESSAGE ?= hello, shreeshail
VOICE ?=
FORMAT ?= mp3
AUDIOS ?= samples/clips
IMAGE ?= samples/images/cow.jpg
PROMPT ?= animal
PORT ?= 4566
STAGE ?= dev
ARCHITECTURE ?= x86_64

BIN := .venv/bin
READY := .venv/.ready
READY_LOCAL := .venv-local/.ready
READY_BENCH := .venv-bench/.ready
# Handed over by the environment, so that any message reaches the program as it is.
export MESSAGE VOICE IMAGE
export ARCHITECTURE
export SAM_CLI_TELEMETRY := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup run identify serve test unit functional lint format openapi operations pictures record quality bench build deploy clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.13 …")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

$(READY_LOCAL): local/requirements.txt
	$(PYTHON) -m venv .venv-local
	.venv-local/bin/python -m pip install --quiet --requirement local/requirements.txt
	@touch $@

setup: $(READY) $(READY_LOCAL) ## install everything that the other targets need

run: setup ## say MESSAGE (VOICE, FORMAT, AUDIOS) through the whole service on this machine
	@$(BIN)/python -m local run --message "$$MESSAGE" --voice "$$VOICE" --format "$(FORMAT)" --audios "$(AUDIOS)"

identify: setup ## identify IMAGE (PROMPT; MODEL_SERVER=http://… asks a real vision model) on this machine
	@$(BIN)/python -m local identify --image "$$IMAGE" --prompt "$(PROMPT)" --audios "$(AUDIOS)"

serve: setup ## keep the service up on PORT and say how to call it
	@$(BIN)/python -m local serve --port "$(PORT)" --audios "$(AUDIOS)"

test: setup ## every test
	$(BIN)/python -m pytest -n auto

unit: $(READY) ## the tests that need no embedded AWS
	$(BIN)/python -m pytest tests/unit

functional: setup ## the HTTP tests, here or against API_URL=… (AWS_PROFILE=…) after a deployment
	$(BIN)/python -m pytest tests/functional

lint: $(READY) ## check style, types, template and workflow
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/cfn-lint template.yaml
	$(BIN)/sam validate --lint
	$(BIN)/statelint --ignore=FLOAT statemachine/*.asl.json

openapi: $(READY) ## write docs/openapi.yaml anew
	$(BIN)/python -m local.openapi > docs/openapi.yaml.new && mv docs/openapi.yaml.new docs/openapi.yaml

operations: $(READY) ## write alarms of error budgets and dashboards into template.yaml anew
	$(BIN)/python -m operations template

pictures: $(READY_BENCH) ## draw the dashboards in docs/images/ anew, from sample data
	.venv-bench/bin/python -m operations pictures

record: setup ## record what is counted while the service is broken and mended (25 minutes; for tests of alarms)
	$(BIN)/python -m operations record

format: $(READY) ## rewrite the code in the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(READY_BENCH): pyproject.toml bench/requirements.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --editable . --requirement bench/requirements.txt
	@touch $@

quality: $(READY_BENCH) ## measure the audio against its thresholds (needs espeak-ng; docs/audio.md)
	.venv-bench/bin/python -m bench.quality

bench: $(READY_BENCH) ## measure speed and memory against other ways to do it (docs/benchmark.md)
	.venv-bench/bin/python -m bench.planning
	.venv-bench/bin/python -m bench.benchmark

build: $(READY) ## build the template for its own runtime (ARCHITECTURE=arm64 for that processor)
	$(BIN)/sam build

deploy: build ## build and deploy to STAGE (dev, test, stage, prod)
	$(BIN)/sam deploy --config-env $(STAGE)

clean: ## remove everything that was made here
	rm -rf .venv .venv-local .venv-bench .local .aws-sam out
