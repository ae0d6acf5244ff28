# Serai's front door. `make help` lists what it opens; .ci/run walks through the same doors.

.DEFAULT_GOAL := help
.NOTPARALLEL:  # two targets would install into one .venv at once
MAKEFLAGS += --no-print-directory

PY := .venv/bin/python
INSTALL := @requirements/install.sh requirements.txt

# What the suite runs on when it runs on services; .ci/services makes exactly these answer.
TEST_DATABASE_URL ?= postgres://serai_test:serai_test@127.0.0.1:5432/serai_test
TEST_REDIS_URL ?= redis://127.0.0.1:6379/15
SERVICES = DATABASE_URL="$(TEST_DATABASE_URL)" REDIS_URL="$(TEST_REDIS_URL)"

# Tests and checks see this much of your shell and nothing else: a DATABASE_URL exported for
# another purpose must neither be tested on nor make a test pass.
KEPT := PATH HOME USER LANG LC_ALL TERM TMPDIR CI COLUMNS
ISOLATED = env -i $(foreach name,$(KEPT),$(if $(value $(name)),$(name)="$$$(name)"))
CHECKED = $(ISOLATED) DATA_DIR=var/check  # settings keep files; checks must not touch yours

# worksteal: a few tests start real servers, so equal counts are not equal seconds.
PYTEST = $(PY) -m pytest -n auto --dist worksteal $(ARGS)
COVERAGE_OPTIONS = $(if $(COVERAGE),--cov --cov-report=term-missing:skip-covered --cov-report=json:var/coverage.json)
define FLOORS_HOLD
import json, sys
total = json.load(open(sys.argv[1]))["totals"]
lines, branches = total["percent_statements_covered"], total["percent_branches_covered"]
print(f"covered: {lines:.1f} % of lines, {branches:.1f} % of branches")
sys.exit(min(lines, branches) < 90 and "The floor is 90 %, of each.")
endef
export FLOORS_HOLD

##@ Use
.PHONY: help run worker
help:  ## this list
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

run:  ## everything in one process, needing nothing (PORT=8000, DATA_DIR=var, SERVER=uvicorn)
	$(INSTALL)
	@exec $(PY) manage.py serve

worker:  ## Celery worker with beat, for the scaled size (DATABASE_URL, REDIS_URL)
	$(INSTALL)
	@mkdir -p var
	@exec $(PY) -m celery --app config worker --beat --schedule var/celerybeat-schedule --loglevel INFO

##@ Test
.PHONY: test test-services
test: dev  ## the whole suite on the embedded default (ARGS="-k pin", COVERAGE=1)
	@$(ISOLATED) $(PYTEST) $(COVERAGE_OPTIONS)
	$(if $(COVERAGE),@$(PY) -c "$$FLOORS_HOLD" var/coverage.json)

test-services: services  ## the same suite on PostgreSQL and Redis, with clamd and ffmpeg (TEST_DATABASE_URL, TEST_REDIS_URL)
	@$(ISOLATED) $(SERVICES) $(PYTEST)

##@ Check
.PHONY: check lint types imports migrations deployable schema-check
check: lint types imports migrations deployable schema-check  ## all that CI runs except the tests

lint: dev  ## ruff: rules and format
	@{ $(PY) -m ruff check && $(PY) -m ruff format --check; } || { echo "make format repairs most of it"; exit 1; }

types: dev  ## mypy, with Django's and DRF's plugins
	@$(CHECKED) $(PY) -m mypy

imports: dev  ## the floors and rooms of .importlinter
	@$(CHECKED) $(PY) -c "from importlinter.cli import lint_imports_command as lint; lint(['--no-logo'])"

migrations: dev  ## no model changed without its migration
	@$(CHECKED) $(PY) manage.py makemigrations --check --dry-run || \
	  { echo "nothing was written: $(PY) manage.py makemigrations APP -n what_it_does"; exit 1; }

deployable: dev  ## check --deploy passes with deploy/production.env.example
	@$(CHECKED) sh -ac '. deploy/production.env.example && exec $(PY) manage.py check --deploy --fail-level WARNING'

schema-check: dev  ## docs/openapi.json is valid, and says with docs/asyncapi.json what the code does
	@mkdir -p var/check
	@$(CHECKED) $(PY) manage.py spectacular --file var/check/openapi.json $(SPECTACULAR)
	@$(CHECKED) $(PY) manage.py asyncapi > var/check/asyncapi.json
	@diff -u docs/asyncapi.json var/check/asyncapi.json || { echo "docs/asyncapi.json is out of date: make schema"; exit 1; }
	@diff -u docs/openapi.json var/check/openapi.json || { echo "docs/openapi.json is out of date: make schema"; exit 1; }

##@ Change
.PHONY: dev hooks format schema privacy-map messages lock clean
dev:  ## .venv with the development requirements
	$(INSTALL) requirements/dev.txt

hooks: dev  ## run the quick checks before every commit
	@$(PY) -m pre_commit install

format: dev  ## let ruff repair and format
	@$(PY) -m ruff check --fix-only --quiet
	@$(PY) -m ruff format

SPECTACULAR = --format openapi-json --validate --fail-on-warn
schema: dev  ## write docs/openapi.json and docs/asyncapi.json anew
	@mkdir -p docs
	@$(CHECKED) $(PY) manage.py spectacular --file docs/openapi.json $(SPECTACULAR)
	@$(CHECKED) $(PY) manage.py asyncapi > docs/asyncapi.json

privacy-map: dev  ## write docs/privacy.md anew, from each app's privacy.py
	@$(CHECKED) $(PY) manage.py privacy_map > docs/privacy.md

messages: dev  ## write locale/ anew from the words that people are told, and compile it
	@$(CHECKED) $(PY) manage.py messages

# One lock for every supported Python and machine; dev.txt is bound to the versions that run.
# Written from inside the folder, so that no path of this machine gets into the files.
COMPILE = ../$(PY) -m uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)
lock:  ## write the exact versions from requirements/*.in (UPGRADE=1 takes newer ones)
	$(INSTALL)
	@$(PY) -m uv --version >/dev/null 2>&1 || $(PY) -m pip install --quiet uv
	@cd requirements && $(COMPILE) base.in --output-file ../requirements.txt
	@cd requirements && $(COMPILE) dev.in --constraints ../requirements.txt --output-file dev.txt
	@cd requirements && $(COMPILE) load.in --constraints ../requirements.txt --constraints dev.txt --output-file load.txt

clean:  ## remove .venv and caches; your data in var/ stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage .coverage.* var/check
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

##@ Prove (heavy, by hand; figures go to docs/; SERVER=uvicorn takes the other server)
CHOSEN = $(ISOLATED) $(if $(SERVER),SERVER="$(SERVER)")
.PHONY: services prove-live prove-cluster prove-refreshes prove-strangers prove-timing prove-passkeys prove-pages prove-erasure \
        prove-million prove-states prove-schema prove-tus prove-socketio prove-conformance prove-crashes \
        prove-deliveries prove-resumes prove-storm prove-presence prove-idle prove-soak bench load
services: dev  ## PostgreSQL and Redis answer on this machine; clamd and ffmpeg are there
	@TEST_DATABASE_URL="$(TEST_DATABASE_URL)" TEST_REDIS_URL="$(TEST_REDIS_URL)" .ci/services

prove-live: dev  ## a real server killed in mid-conversation loses and doubles nothing
	@$(CHOSEN) $(PY) tests/proofs/live.py $(ARGS)

prove-cluster: services  ## two server processes on PostgreSQL and Redis act as one
	@$(CHOSEN) $(SERVICES) $(PY) tests/proofs/cluster.py $(ARGS)

prove-refreshes: services  ## fifty tabs refresh one token at once, and get one successor
	@$(CHOSEN) $(SERVICES) $(PY) tests/proofs/refreshes.py $(ARGS)

prove-strangers: services  ## who guesses from everywhere keeps no known device out
	@$(CHOSEN) $(SERVICES) $(PY) tests/proofs/strangers.py $(ARGS)

prove-timing: services  ## the time of an answer doesn't tell whether there is an account
	@$(CHOSEN) $(SERVICES) $(PY) tests/proofs/timing.py $(ARGS)

prove-conformance: dev  ## four real clients find the live protocol as it is written (ARGS="--url https://…"; needs node, Chromium)
	@$(CHOSEN) $(if $(CHROMIUM),CHROMIUM="$(CHROMIUM)") $(PY) tests/proofs/conformance.py $(ARGS)

prove-crashes: dev  ## kill -9 of a process, of Redis, of PostgreSQL, under load (ARGS="--rounds 20"; needs node)
	@$(CHOSEN) $(PY) tests/proofs/crashes.py $(ARGS)

prove-deliveries: dev  ## workers die every few seconds; notifications, mails and webhooks arrive (ARGS="--events 10000")
	@$(CHOSEN) $(PY) tests/proofs/deliveries.py $(ARGS)

prove-resumes: dev  ## whoever comes back at any position gets exactly the rest (ARGS="--messages 30")
	@$(ISOLATED) $(PY) tests/proofs/resumes.py $(ARGS)

prove-storm: dev  ## a process that stops loses no answer; its sockets come back at once (ARGS="--sockets 1000"; needs cc)
	@$(ISOLATED) $(PY) tests/proofs/storm.py $(ARGS)

prove-presence: dev  ## whose process is killed goes offline by expiry, in time (ARGS="--people 5")
	@$(ISOLATED) $(PY) tests/proofs/presence.py $(ARGS)

prove-idle: dev  ## ten thousand idle sockets on one process (ARGS="--sockets 10000"; needs cc)
	@$(ISOLATED) $(PY) tests/proofs/idle.py $(ARGS)

prove-soak: dev  ## under an hour of moderate load neither memory nor connections grow (ARGS="--minutes 60")
	@$(CHOSEN) $(PY) tests/proofs/soak.py $(ARGS)

prove-tus: dev  ## a public tus client uploads through kill -9 of the server and of itself (needs node)
	@$(CHOSEN) $(PY) tests/proofs/tus.py $(ARGS)

prove-socketio: services  ## the real socket.io-client 4 meets native sockets, by each transport (needs node)
	@$(CHOSEN) $(SERVICES) $(PY) tests/proofs/socketio.py $(ARGS)

prove-pages: dev  ## every page works in Chromium under the policies that it is sent with
	@$(CHOSEN) $(PY) tests/proofs/pages.py $(ARGS)

prove-passkeys: dev  ## a passkey in Chromium, at the console of a running server (CHROMIUM=…, ARGS=folder)
	@$(CHOSEN) $(if $(CHROMIUM),CHROMIUM="$(CHROMIUM)") $(PY) tests/proofs/passkeys.py $(ARGS)

prove-erasure: services  ## who is erased is gone from database, Redis and files; kill -9 in the middle
	@$(CHOSEN) $(SERVICES) $(PY) tests/proofs/erasure.py $(ARGS)

prove-million: services  ## with a million messages every list is still found by an index
	@$(ISOLATED) $(SERVICES) $(PY) tests/proofs/million.py $(ARGS)
prove-states: dev  ## any order of events leaves everybody with what is so (ARGS="--steps 100000 --processes 2")
	@$(ISOLATED) $(if $(POSTGRES),$(SERVICES)) $(PY) tests/proofs/states.py $(ARGS)

prove-schema: dev  ## schemathesis against the running server
	@$(ISOLATED) bash tests/proofs/fuzz_schema.sh $(ARGS)

bench: dev  ## the hot path side by side with a Node stack (bench/README.md; SERVER=uvicorn, ARGS="post --repeats 3")
	@$(CHOSEN) $(if $(OURS),OURS="$(OURS)") $(PY) -m bench $(ARGS)

load: dev  ## Locust: do REST, sockets, the database pool and the limits hold under load (bench/locust; ARGS="rest --users 20")
	$(INSTALL) requirements/load.txt
	@$(CHOSEN) $(PY) -m bench.locust $(ARGS)
