# Everything a person or CI does here. Needs make and Python 3.11; the rest is fetched, pinned and hashed.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
# The venv's tools first: recipes then name them plainly, and its Node.js is found when the machine has none.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export FLASK_APP := wsgi.py
export PIP_DISABLE_PIP_VERSION_CHECK := 1

DIST := groupbuy/static/dist/manifest.json
CATALOGUES := $(wildcard groupbuy/translations/*/LC_MESSAGES/*.po)
# Two cores; the long tests run when CI asks for them (CI=true).
PYTEST := pytest -n 2 -m "$(if $(CI),,not slow and )not exhaustive"

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ---------- setting up: each step leaves a file, so the second time is quick ----------

.PHONY: setup
setup: $(VENV)/.installed $(DIST) $(CATALOGUES:.po=.mo) ## install everything, build the front end, compile translations

$(VENV)/.installed: requirements/dev.txt
	@echo "Installing Python packages ..."
	@test -x $(VENV)/bin/python || "$(PYTHON)" -m venv $(VENV)
	@python -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make setup PYTHON=...")'
	@python -m pip install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

# npm writes this file itself; touched because its time is otherwise that of the package, not of the install.
node_modules/.package-lock.json: package-lock.json .npmrc | $(VENV)/.installed
	@echo "Installing front-end packages ..."
	@{ node -e 'process.exit(parseInt(process.versions.node) < 18)' && npm --version; } >/dev/null 2>&1 \
	  || python -m pip install --quiet --require-hashes -r requirements/node.txt
	@npm ci --silent
	@touch $@

$(DIST): build.mjs $(shell find groupbuy/static/src -type f) node_modules/.package-lock.json
	@npm run --silent build

%.mo: %.po | $(VENV)/.installed
	@pybabel --quiet compile --input-file $< --output-file $@

# ---------- running ----------

.PHONY: run
run: setup ## start the site and its scheduler here, with demo data (PORT=8000)
	@deploy/run.sh

.PHONY: bench
bench: setup ## measure everything (DATA=file.csv.gz MAP=order=…,sku=…: a real export)
	@python -m benchmarks $(DATA) $(if $(MAP),--map "$(MAP)")
	@python -m benchmarks.http

.PHONY: bench-http
bench-http: setup ## measure orders and pages only (FLASHES=100: the flash sale so often)
	@python -m benchmarks.http $(if $(FLASHES),--flashes $(FLASHES))

.PHONY: screenshots
screenshots: setup ## draw every page in its states into screenshots/ (PAGES="deal order-paid": only those)
	@command -v chromium >/dev/null || { echo "make screenshots needs Chromium: apt-get install chromium" >&2; exit 2; }
	@python -m tools.screenshots $(PAGES)

# ---------- checking ----------

.PHONY: test
test: setup ## all tests on SQLite (long ones too where CI=true)
	@$(PYTEST)

.PHONY: test-postgres
test-postgres: setup ## the same tests on a PostgreSQL started for them
	@compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null \
	  || { echo "make test-postgres needs a PostgreSQL server: apt-get install postgresql" >&2; exit 2; }
	@TEST_DATABASE=postgresql $(PYTEST)

.PHONY: test-malformed
test-malformed: setup ## a thousand malformed inputs to every form, on SQLite and, where it is installed, PostgreSQL
	@pytest -n 2 -m exhaustive
	@! compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || TEST_DATABASE=postgresql pytest -n 2 -m exhaustive

.PHONY: lint
lint: setup messages.pot ## style, types, who imports whom, templates, translations, locks
	@ruff check .
	@ruff format --check .
	@mypy groupbuy
	@lint-imports
	@djlint --quiet --lint --check groupbuy/templates
	@python tools/check_catalogues.py messages.pot
	@tools/check_locks.sh

.PHONY: format
format: setup ## rewrite Python and templates in the house style
	@ruff check --fix-only --quiet .
	@ruff format .
	@djlint --quiet --reformat groupbuy/templates || true # it exits 1 when it changed something

.PHONY: messages
messages: messages.pot ## bring the translation catalogues up to date with the source
	@test -d groupbuy/translations/zh \
	  || pybabel --quiet init --input-file $< --output-dir groupbuy/translations --locale zh
	@pybabel --quiet update --input-file $< --output-dir groupbuy/translations \
	  --ignore-pot-creation-date --width 100 --no-fuzzy-matching --ignore-obsolete
	@python tools/copy_english.py groupbuy/translations/en/LC_MESSAGES/messages.po
	@pybabel --quiet compile --directory groupbuy/translations

# Always made anew: which files it depends on is what reading them tells. No line numbers: they change with every edit.
.PHONY: messages.pot
messages.pot: setup
	@pybabel --quiet extract --mapping babel.cfg --no-location --sort-output --project groupbuy \
	  --keywords lazy_gettext --keywords _l --keywords lazy_ngettext:1,2 --keywords lazy_pgettext:1c,2 --output $@ groupbuy

# ---------- upkeep ----------

.PHONY: lock
lock: $(VENV)/.installed ## work out the hashed locks again after changing requirements/*.in (UPGRADE=1: newest of all)
	@command -v uv >/dev/null || python -m pip install --quiet uv
	@for name in runtime dev node; do \
	  uv pip compile --quiet --generate-hashes --no-header --python-version 3.11.7 \
	    $(if $(UPGRADE),--upgrade) requirements/$$name.in --output-file requirements/$$name.txt; \
	done

.PHONY: clean
clean: ## remove what can be made again (not instance/, where the data is)
	@rm -rf $(VENV) node_modules groupbuy/static/dist messages.pot .coverage* htmlcov \
	  .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find groupbuy tests migrations benchmarks tools -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
	@find groupbuy -name '*.mo' -delete
