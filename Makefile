# The pipeline, read top to bottom. Each target sets up what it needs and skips what is up to date.
#   make train serve eval                          the example dataset on the embedded base model
#   make train serve eval DATA=rows.jsonl          your own rows: {"input": "<html…>", "output": {…}}
# Every stage takes
CONFIG ?= configs/embedded.yaml
# a data file in place of the config's (JSON list, JSON Lines or Parquet; its groups: SET='data.group=shop'),
DATA ?=
# single keys of the config, such as SET='training.num_train_epochs=1 lora.r=16',
SET ?=
# and the folder under artifacts/ that its files share.
RUN ?= $(basename $(notdir $(CONFIG)))$(if $(DATA),-$(basename $(notdir $(DATA))))

PYTHON ?= python3
BIN := .venv/bin
STAGE = $(BIN)/python -m
OVERRIDES = $(if $(DATA),'data.path=$(DATA)' data.group=null 'data.holdout=[]') $(SET)
ARGS = --config $(CONFIG) --run $(RUN) --set $(OVERRIDES)
# Variables that hold HTML must not be expanded by make: $1344 is a price.
export ASK_HTML := $(value HTML)
export PYTHONPATH := .
# OpenMP threads that wait actively make training ten times slower as soon as another program wants a core.
export OMP_WAIT_POLICY ?= PASSIVE
# Keep freed memory: glibc hands large tensors back and faults them in again at every step (a fifth of HF's generation).
export MALLOC_MMAP_MAX_ ?= 0
export MALLOC_TRIM_THRESHOLD_ ?= 100000000000
export MALLOC_TOP_PAD_ ?= 268435456
MAKEFLAGS += --no-print-directory

.DEFAULT_GOAL := help
.PHONY: help setup data train export serve eval report ask stop check test test-slow clean

help:           ## this list
	@sed -n 's/^\([a-z-]*\): .*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20
	@echo "  variables: CONFIG=$(CONFIG) DATA=$(DATA) RUN=$(RUN) SET='$(SET)'"

setup: .venv/installed  ## the virtual environment with the pinned dependencies

data: setup     ## read, check and split the dataset
	@$(STAGE) extraction.data $(ARGS)

train: data     ## fine-tune: the LoRA adapter and its loss curve (RESUME=1 goes on from the last whole checkpoint)
	@$(STAGE) trainer.train $(ARGS) $(if $(RESUME),--resume)

export: train   ## merge and quantize: f16.gguf and q4_k_m.gguf
	@$(STAGE) trainer.export $(ARGS)

serve: export   ## create the served models and check prompt parity; leaves the server running
	@$(STAGE) serve.create $(ARGS)

eval: serve     ## score every variant on the test split, before and after quantization
	@$(STAGE) eval.score $(ARGS)

report: setup   ## write report.html again from the last evaluation
	@$(STAGE) eval.report $(ARGS)

ask: setup      ## HTML='<h1>…' or HTML=page.html prints the record; IN=rows.jsonl OUT=answers.jsonl asks for every row
	@$(STAGE) serve.ask $(ARGS) $(if $(IN),--in '$(IN)') $(if $(OUT),--out '$(OUT)') $(if $(VARIANT),--variant $(VARIANT))

stop: setup     ## end the server that `make serve` started
	@$(STAGE) serve.server stop

check: setup    ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: setup     ## the tests that take minutes at most
	$(BIN)/pytest -m "not slow"

test-slow: setup  ## the whole pipeline, run for real
	$(BIN)/pytest -m slow

clean: stop     ## remove what the stages wrote, and caches; the virtual environment stays
	rm -rf artifacts .pytest_cache .mypy_cache .ruff_cache

EXTRAS := dev$(if $(shell command -v nvidia-smi 2>/dev/null),$(shell echo ,)cuda)
.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: $(PYTHON) is older than Python 3.11: set PYTHON=python3.11 (or later)"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --disable-pip-version-check --constraint constraints.txt --editable '.[$(EXTRAS)]'
	@touch $@
