# make demo    a server, five trainings with the real wandb client, SQL; the server stays until Ctrl+C
# make test    everything that CI runs
# make e2e     only the end-to-end tests, on the ci build
# make ui      builds the web app into ui/dist, which the next build of the binary takes in (Node.js 20.19 or newer)
#
# make demo PROFILE=ci ONCE=1 is what CI runs: the quicker build, and it ends by itself.

PROFILE ?= release
PYTHON ?= python3
export CARGO_TARGET_DIR ?= $(HOME)/.cache/wbq/target
WBQ = $(CARGO_TARGET_DIR)/$(PROFILE)/wbq

.PHONY: demo test e2e ui build venvs

demo: build .venv/ready
	.venv/bin/python scripts/demo.py --bin "$(WBQ)" $(if $(ONCE),--once)

test:
	.ci/run

e2e: PROFILE = ci
e2e: build venvs
	WBQ_BIN="$(WBQ)" .venv/bin/python -m pytest tests/e2e

ui:
	cd ui && npm ci && npm run --silent build

# The ci build is the tests' own, so that both share one set of dependencies.
build:
	cargo build --profile $(PROFILE) $(if $(filter ci,$(PROFILE)),--workspace --bins --tests,--bin wbq)

venvs: .venv/ready .venv-old/ready

.venv/ready: tests/e2e/client-version.txt tests/e2e/requirements.txt
	$(PYTHON) -m venv --clear .venv
	.venv/bin/python -m pip install --quiet wandb==$$(cat tests/e2e/client-version.txt) -r tests/e2e/requirements.txt
	touch $@

.venv-old/ready: tests/e2e/client-version-old.txt
	$(PYTHON) -m venv --clear .venv-old
	.venv-old/bin/python -m pip install --quiet wandb==$$(cat $<)
	echo '*' > .venv-old/.gitignore
	touch $@
