# The pipeline, read top to bottom. Each target sets up what it needs and skips what is up to date.
#   make train serve eval                          the example dataset on the embedded base model
#   make train serve eval DATA=rows.jsonl          your own rows: {"input": "<html…>", "output": {…}}
# Every stage takes
CONFIG ?= configs/embedded.yaml
# a data file in place of the config's (JSON list, JSON Lines or Parquet; its groups: SET='data.group=shop'),
DATA ?=
# single keys of the config, such as SET='training.num_train_epochs=1 lora.r=16',
SET ?=
# the number of GPUs to train on (each has a copy of the model, or a part: configs/fsdp.yaml),
NPROC ?=
# and the folder under artifacts/ that its files share.
#   RUN=shoes                                  default: named by CONFIG and DATA

# A value of yours stays a value, whatever is in it. Make would expand it when a recipe or the environment needs it, so
# that $(shell …) in a page would run; and a recipe has it as "$$RUN", from the environment, where the shell does not read it.
VALUES := CONFIG DATA SET RUN NPROC RESUME RUNTIME HTML TEXT IN OUT VARIANT HOSTS RUNS PORT SECONDS_OF_TRAINING
GIVEN := $(foreach name,$(.VARIABLES),$(if $(filter command line,$(origin $(name))),$(name)))
$(foreach name,$(VALUES) $(GIVEN),$(eval override $(name) := $$(value $(name))))
export $(VALUES)
quoted = '$(subst ','\'',$(1))'
ifndef RUN
override RUN := $(shell printf %s $(call quoted,$(basename $(notdir $(CONFIG)))$(if $(DATA),-$(basename $(notdir $(DATA))))) | tr -c 'A-Za-z0-9._\n-' -)
endif

PYTHON ?= python3
BIN := .venv/bin
STAGE = $(BIN)/python -m
ifneq ($(NPROC),$(shell printf %s $(call quoted,$(NPROC)) | grep -xE '[1-9][0-9]*'))
$(error NPROC is a number of GPUs, not $(NPROC))
endif
TORCHRUN = $(if $(NPROC),torch.distributed.run --standalone --nproc-per-node "$$NPROC" -m --)
given = $(if $($(1)),--$(2)="$$$(1)")
ARGS = --config="$$CONFIG" --run="$$RUN" $(call given,DATA,data) --overrides="$$SET"
export PYTHONPATH := .
# OpenMP threads that wait actively make training ten times slower as soon as another program wants a core.
export OMP_WAIT_POLICY ?= PASSIVE
# Keep freed memory: glibc hands large tensors back and faults them in again at every step (a fifth of HF's generation).
export MALLOC_MMAP_MAX_ ?= 0
export MALLOC_TRIM_THRESHOLD_ ?= 100000000000
export MALLOC_TOP_PAD_ ?= 268435456
MAKEFLAGS += --no-print-directory

# RUNTIME=docker|local: the stages run in containers or in .venv. Containers are the default where the config asks for
# CUDA (its base model comes from the hub) and a Docker Engine answers.
ON_CUDA := $(shell grep -sE '^[ a-z:{]*model_name_or_path:' -- $(call quoted,$(CONFIG)) | grep -vqE ': *["./]*models/' && echo yes)
ifndef RUNTIME
override RUNTIME := $(or $(if $(ON_CUDA),$(shell docker info >/dev/null 2>&1 && echo docker)),local)
endif
ifeq ($(RUNTIME),docker)
export COMPOSE_FILE ?= docker-compose$(if $(ON_CUDA),,.cpu).yml
COMPOSE := docker/compose.py
data train export: SERVICE := trainer
serve ask extract schema: SERVICE := create
eval report compare: SERVICE := eval
STAGE = $(COMPOSE) stage $(SERVICE)
else ifneq ($(RUNTIME),local)
$(error RUNTIME is docker or local, not $(RUNTIME))
endif

# V=1 prints what a stage's log has too: artifacts/<run>/logs/<stage>.log.
data train export serve eval report ask extract schema: ARGS += $(if $(V),-v)

.DEFAULT_GOAL := help
.PHONY: help doctor pretrain setup data train export serve eval report compare ask extract schema ui logs stop down fetch docs format lint check test test-one test-slow test-docker clean purge

help:           ## this list
	@sed -n 's/^\([a-z-]*\): .*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20
	@printf '  variables: CONFIG=%s DATA=%s RUN=%s SET=%s\n' "$$CONFIG" "$$DATA" "$$RUN" "$$SET"

setup: $(if $(COMPOSE),images,.venv/installed)  ## the virtual environment with the pinned dependencies, or the images

# Without the virtual environment too: it says what keeps one from being made.
doctor:         ## what this machine lacks for CONFIG, each with the command that mends it (JSON=1 for programs)
	@$(firstword $(wildcard $(BIN)/python) $(PYTHON)) -m doctor $(ARGS) $(if $(JSON),--json)

data: setup     ## read, check and split the dataset
	@$(STAGE) pipeline.data $(ARGS)

# On one device, what is to be exported is trained by the export, whose start that hides (trainer/before.py).
TOGETHER := $(if $(NPROC),,$(filter export serve eval,$(MAKECMDGOALS)))

train: data     ## fine-tune: the LoRA adapter and its loss curve (RESUME=1 goes on from the last whole checkpoint)
	$(if $(TOGETHER),,@$(STAGE) $(TORCHRUN) trainer.train $(ARGS) $(if $(RESUME),--resume))

export: train   ## merge and quantize: f16.gguf and q4_k_m.gguf
	@$(STAGE) trainer.export $(ARGS) $(if $(TOGETHER),--train $(if $(RESUME),--resume))

serve: export   ## create the served models and check prompt parity; leaves the server running
	@$(STAGE) serve.create $(ARGS)

eval: serve     ## score every variant on the test split, before and after quantization
	@$(STAGE) eval.score $(ARGS)

report: setup   ## write report.html again from the last evaluation
	@$(STAGE) eval.report $(ARGS)

compare: setup  ## RUNS="a b": two runs on the same test examples, field by field, judged by the same gate
	@$(STAGE) eval.versus $(call given,RUNS,runs) $(call given,VARIANT,variant)

ui: setup       ## a local page to try the served models on and to correct them (a batch: OUT=answers.jsonl IN=pages/)
	@$(BIN)/python -m serve.ui $(call given,PORT,port) $(call given,OUT,answers) $(call given,IN,in)

schema: setup   ## the JSON Schema of a record, to pass as `format` in a request (docs/clients.md)
	@$(STAGE) serve.schema $(ARGS)

ask: setup      ## HTML='<h1>…', HTML=page.html or TEXT='no tags' prints the record (EVIDENCE=1: and where it stands); with IN= and OUT= it is extract
	@$(STAGE) serve.ask $(ARGS) $(call given,HTML,html) $(call given,TEXT,text) $(call given,IN,in) $(call given,OUT,out) $(call given,VARIANT,variant) $(if $(EVIDENCE),--evidence)

extract: setup $(if $(RAY),$(if $(COMPOSE),,.venv/ray))  ## IN=pages/ (HTML files), rows.jsonl, rows.parquet or crawl.warc.gz, OUT=records.jsonl or .parquet (HOSTS="a b" several servers, RAY=1 a Ray cluster: docs/extract.md)
	@$(STAGE) serve.extract $(ARGS) $(call given,IN,in) $(call given,OUT,out) $(call given,VARIANT,variant) $(call given,HOSTS,hosts) $(if $(RAY),--ray)

logs:           ## the end of the server's logs
	@$(if $(COMPOSE),$(COMPOSE) logs,tail -n 200 artifacts/.server/*.log)

stop: $(if $(COMPOSE),,setup)  ## end the server that `make serve` started, and remove the containers
	@$(if $(COMPOSE),$(COMPOSE) down,$(STAGE) serve.server stop)

down: stop      ## the same

fetch:          ## with RUNTIME=docker: copy the run from the volume to artifacts/<run>.docker
	@$(if $(COMPOSE),$(COMPOSE) fetch,echo "fetch: nothing to do, artifacts/$$RUN is here (RUNTIME=local)")

pretrain: setup  ## train the embedded base from random weights, on a GPU (models/embedded/README.md has its stages)
	@$(BIN)/python -m pretraining.train --out models/embedded $(if $(SECONDS_OF_TRAINING),--seconds "$$SECONDS_OF_TRAINING")

docs: .venv/installed  ## write docs/config.md (all config keys) and the picture in DESIGN.md from the code
	@$(BIN)/python -m pipeline.reference
	@$(BIN)/python -m pipeline.picture

format: .venv/installed  ## put the code into the house's form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lint: .venv/installed  ## lint, format and types, changing nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check: lint  ## lint, format, types and the container files
	$(BIN)/hadolint */Dockerfile
	$(BIN)/shellcheck .ci/run
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose*.yml

test: .venv/installed  ## the tests that take minutes at most
	$(BIN)/pytest -m "not slow and not docker"

test-one: .venv/installed  ## one file, folder or test: T=tests/pipeline/test_data.py
	$(BIN)/pytest $(T)

test-slow: .venv/ray  ## the whole pipeline, run for real
	$(BIN)/pytest -m slow

test-docker: .venv/installed  ## the containers, built and run on a real Docker Engine
	$(BIN)/pytest -m docker

# Both work in a fresh checkout too: they need no virtual environment, and nothing can be serving without one.
END_SERVER = $(if $(or $(COMPOSE),$(wildcard .venv/installed)),stop)

clean: $(END_SERVER)  ## delete caches and what export and serve make again in minutes; trained models stay
	@$(if $(COMPOSE),$(COMPOSE) clean)
	@$(PYTHON) -m pipeline.clean

purge: $(if $(CONFIRM),$(END_SERVER))  ## say which runs and trained models would be deleted; CONFIRM=1 deletes them
	@$(if $(COMPOSE),$(COMPOSE) purge,$(PYTHON) -m pipeline.clean --purge) $(if $(CONFIRM),--confirm)

.PHONY: images
images:
	@$(COMPOSE) build

COMMA := ,
EXTRAS := pipeline,dev$(if $(shell command -v nvidia-smi 2>/dev/null),$(COMMA)cuda)
.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: $(PYTHON) is older than Python 3.11: set PYTHON=python3.11 (or later)"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --disable-pip-version-check --constraint constraints.txt --editable '.[$(EXTRAS)]'
	@touch $@

# Not among the extras of every set-up: 75 MB for who has several machines.
.venv/ray: .venv/installed
	$(BIN)/pip install --disable-pip-version-check --constraint constraints.txt --editable '.[ray]'
	@touch $@
