# aed from a clean checkout: `make demo` shows what it does, `make test` proves it.
# Everything is installed into .venv; stamp files there make the second run quick.

.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help demo test lint bench experiment soak home-assistant-root install uninstall clean

VENV := .venv
BIN := $(VENV)/bin
TEST_PACKAGES := mosquitto pulseaudio pulseaudio-utils libasound2-plugins libportaudio2 ffmpeg \
	chromium systemd fluidsynth systemd-container debootstrap shellcheck mosquitto-clients jq curl
# Words for pytest, e.g. make test PYTEST_ARGS='tests/aed -x'
PYTEST_ARGS ?=
# So many tests run at a time, on so many cores: most wait for processes of their own.
JOBS ?= 2
EXPERIMENT_ARGS ?=
# How long make soak listens, and how often it kills a daemon meanwhile.
HOURS ?= 1
ROUNDS ?= 200

# The first Python of at least 3.11 on PATH; override with make PYTHON=...
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)

help:
	@echo "make demo    hear a smoke alarm and a breaking window without any hardware (about 1 minute); KEEP=1 goes on"
	@echo "make test    install everything tests need and run them all"
	@echo "make lint    ruff (format and lint) and mypy --strict"
	@echo "make bench   CPU, memory and delay beside YAMNet; writes build/bench.json"
	@echo "make experiment  make the cells of docs/experiments.md that are missing (hours), and the page"
	@echo "make soak    the daemon for HOURS=1, killed ROUNDS=200 times, unplugged; writes build/soak.json"
	@echo "make home-assistant-root  as root: make what tests with Home Assistant need (5 minutes, once)"
	@echo "make install    as root: install aed as a service of this machine, or upgrade it"
	@echo "make uninstall  as root: remove it; PURGE=1 removes settings and state as well"
	@echo "make clean   remove .venv and everything built"

# KEEP=1 goes on afterwards, to look at the page, until Ctrl-C.
demo: $(VENV)/.demo
	$(BIN)/aed demo $(if $(KEEP),--keep)

test: $(VENV)/.test
	@.ci/system-packages --optional $(TEST_PACKAGES)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) $(PYTEST_ARGS)

lint: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(VENV)/.test
	$(BIN)/python -m tests.benchmarks

# Needs recordings (AED_DATA); it may be interrupted, and goes on where it was. Words for the
# command, e.g. make experiment EXPERIMENT_ARGS='--jobs 2 esc10'
experiment: $(VENV)/.test
	$(BIN)/python -m training.experiments run $(EXPERIMENT_ARGS)
	$(BIN)/python -m training.experiments report

# A PYTHON, DESTDIR or PURGE from the command line reaches the script by the environment.
install:
	@systemd/setup.sh install

uninstall:
	@systemd/setup.sh uninstall
soak: $(VENV)/.test
	@.ci/system-packages --optional $(TEST_PACKAGES)
	$(BIN)/python -m tests.soak --hours $(HOURS) --rounds $(ROUNDS)

# Kept in build/roots, or where AED_ROOTS says; make test then runs what needs it.
home-assistant-root: $(VENV)/.test
	@.ci/system-packages debootstrap
	$(BIN)/python -m tests.system.home_assistant.installation

clean:
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/.python:
	@test -n "$(PYTHON)" || { echo "aed needs Python 3.11 or newer; found none on PATH."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || .ci/system-packages \
		python$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.demo: $(VENV)/.python pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[demo,web]'
	@touch $@

# The train extra brings torch, several gigabytes in PyPI's default build; a library of the
# evaluate extra is compiled.
$(VENV)/.test: $(VENV)/.python pyproject.toml
	@.ci/system-packages --optional gcc python3-dev
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[demo,web,train,evaluate,test]'
	@touch $@
