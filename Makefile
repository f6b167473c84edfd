# SPDX-License-Identifier: GPL-3.0-or-later
# `make demo` is the main job on the lab; `make test` is what CI checks. Both set up what they need.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
INTENT ?= HA cluster with monitoring
PROVIDER ?= none
DEPLOYMENT ?= demo
LAB ?= demo

# Writes the lock file.
UV_VERSION := 0.13.9

PROVISION = ansible-playbook playbooks/provision.yml -i inventory/lab -e provider=$(PROVIDER) -e approve=auto
PREVIEW := -e lab_name=$(LAB)-preview -e deployment=$(DEPLOYMENT) -e deployments_dir=build/preview

VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
LINK := build/collections/ansible_collections/clusterwright/proxmox
export PATH := $(BIN):$(PATH)
export PYTHONPATH := $(CURDIR)/tests
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
# A sentence may hold anything; it reaches the playbook through the environment, not the shell.
export CLUSTERWRIGHT_INTENT := $(INTENT)

.PHONY: help setup lab-prepare demo demo-down lab-up lab-conformance test test-all unit test-model evaluate-model \
	integration integration-all lint typecheck gates incidents sanity molecule molecule-k3s molecule-platform artifact environment \
	lower-bounds pythons bench fuzz docs lock clean

help: ## Show the targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed, $$($(PYTHON) --version) is what $(PYTHON) is; set PYTHON=…" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The lock file names every package: no pip has to resolve again, and none gets the chance to take another
# release than the locked one. That the file is complete is checked afterwards. Python compiles what it imports.
$(VENV)/.installed: requirements-dev.txt | $(VENV)/bin/pip
	@echo "Python's packages are installed into $(VENV), once; that takes about a minute."
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes -r requirements-dev.txt
	$(BIN)/pip check --disable-pip-version-check
	touch $@

$(LINK):
	mkdir -p $(@D)
	ln -sfn $(CURDIR) $@

setup: $(VENV)/.installed $(LINK) ## Install the Python side.

lab-prepare: setup ## Have the lab's tools, root filesystem and images, once.
	python -m lab prepare

lab-up: lab-prepare ## Start the lab.
	python -m lab up --name $(LAB)

demo: setup ## One sentence becomes a running cluster: make demo INTENT="…" PROVIDER=gemini
	python -m lab preview --name $(LAB)-preview \
		--sizes 'ansible-playbook playbooks/size.yml --skip-tags next -i inventory/lab -e provider=$(PROVIDER) $(PREVIEW)' \
		-- $(PROVISION) $(PREVIEW)
	rm -rf build/preview
	python -m lab up --name $(LAB)
	ansible-playbook playbooks/doctor.yml -i inventory/lab -e lab_name=$(LAB) -e lab_pair=true -e make=true -e renew=true
	$(PROVISION) -e lab_name=$(LAB) -e deployment=$(DEPLOYMENT)

demo-down: setup ## Remove everything that `make demo` made.
	if [[ -e build/lab/$(LAB)/lab.json && -e deployments/$(DEPLOYMENT)/plan.json ]]; then \
		ansible-playbook playbooks/destroy.yml -i inventory/lab -e lab_name=$(LAB) \
			-e deployment=$(DEPLOYMENT) -e confirm=$(DEPLOYMENT); \
	fi
	python -m lab down --name $(LAB)
	rm -rf deployments/$(DEPLOYMENT)

lab-conformance: setup ## Compare the simulated Proxmox VE with recordings of a real one.
	python -m lab.pve.conformance --output build/lab-conformance.json

# The checks in their order: a new one is one line here and a target below. `make test` has to fit into CI,
# 90 minutes on two cores with empty caches; what does not fit is for `make test-all`.
CHECKS := lint typecheck unit gates sanity
CHECKS += test-model
CHECKS += artifact
CHECKS += lab-prepare integration
CHECKS += molecule
MORE_CHECKS := environment
MORE_CHECKS += incidents
MORE_CHECKS += integration-all
MORE_CHECKS += lower-bounds
MORE_CHECKS += molecule-k3s molecule-platform
MORE_CHECKS += pythons

# The integration tests of `make test`, most telling first. The other files are whole runs that repeat parts of
# these with every kind of kill, resource, value, back end and provider, and take hours: integration-all.
INTEGRATION := quickstart setup addons browser monitoring
INTEGRATION += $(addprefix pipeline/test_,bad_input.py answers.py size.py)
INTEGRATION += $(addprefix terraform/test_,failures.py templates.py guards.py)

test: setup $(CHECKS) ## Run the checks that CI runs.

test-all: test $(MORE_CHECKS) ## Run every check.

# The same everywhere, whatever can be downloaded from where it runs.
test test-all integration integration-all molecule molecule-k3s molecule-platform: export LAB_K3S := $(or $(LAB_K3S),stand-in)

lint: setup ## ruff, yamllint, shellcheck and ansible-lint (profile production).
	ruff check .
	ruff format --check .
	yamllint .
	@# Not followed: files that are only on a host of the lab.
	git grep -lE '^#!.*[/ ](ba|da)?sh$$|^# shellcheck shell=' -- ':!*.py' | xargs shellcheck -x -e SC1091
	HOME=$(CURDIR)/build/lint ansible-lint --offline --profile production
	python tests/reference.py --check

typecheck: setup ## mypy.
	mypy plugins tests/lab

unit: setup ## Unit tests.
	python -m pytest tests/unit -n 2

test-model: setup ## A small real language model behind the real client: no plan changes in silence.
	python -m pytest tests/model -p no:cacheprovider

evaluate-model: setup ## Score rules alone, and rules with the recorded answers of a capable model.
	python -m model.evaluate --output build/evaluate-model.json

integration: setup ## Whole runs, interruptions and the quick start with the real Terraform provider.
	tests/packages.sh
	python -m pytest $(addprefix tests/integration/,$(INTEGRATION)) \
		-p no:cacheprovider -n 2 --dist loadfile

integration-all: setup ## Every integration test, back ends and OpenTofu among them.
	tests/packages.sh
	python -m lab.tools tofu gofakes3
	python -m pytest tests/integration -p no:cacheprovider -n 2 --dist loadfile

gates: setup ## Turn each gate of the approval, and each mend of a first day, off in turn; a test must notice each time.
	python tests/gates/run.py

incidents: setup ## Replay what others lost, with real Terraform on the simulated Proxmox VE; prints a table.
	python tests/incidents/run.py

sanity: setup ## ansible-test sanity, with no ignore file.
	tests/packages.sh
	tests/sanity.sh

molecule: setup ## Scenarios: the plan stage, the whole way with fail-over, software of the site, what k3s never touches.
	tests/molecule.sh default pipeline software k3s_guard k3s_single k3s_reset

molecule-k3s: setup ## Scenarios of the k3s role: its whole life on real hosts.
	tests/molecule.sh k3s_ha k3s_scale k3s_upgrade k3s_restore k3s_hardened

molecule-platform: setup ## Scenarios: the life of every add-on; each seeded fault is named with its mend.
	tests/molecule.sh platform platform_broken

artifact: setup ## Build the collection, install it into an empty path, run it by its full name.
	tests/artifact.sh

environment: setup ## The artifact in a fresh Debian with what its execution environment gets; needs root.
	python -m lab prepare --machines simulated
	tests/execution_environment.sh

lower-bounds: setup ## The oldest releases that the collection allows.
	tests/lower_bounds.sh

pythons: setup ## The lock file, unit tests and quick start on newer Pythons and ansible-core; needs root.
	tests/pythons.sh

bench: setup ## Benchmarks; tables here, JSON under build/benchmarks/.
	for file in tests/benchmarks/[!_]*.py; do python "$$file"; done

fuzz: setup ## The long run of the property tests.
	HYPOTHESIS_PROFILE=fuzz python -m pytest tests/unit -m fuzz -n 2

docs: setup ## Generate the reference of modules and roles and the JSON Schemas under docs/.
	python tests/reference.py

lock: ## Resolve requirements-dev.in (and the rulebook's) into lock files; UPGRADE=1 takes the newest releases.
	[[ -x build/uv/bin/uv ]] || $(PYTHON) -m venv build/uv
	build/uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	for name in $(basename $(wildcard requirements-dev.in tests/integration/monitoring/rulebook.in)); do \
		build/uv/bin/uv pip compile --quiet --no-config --generate-hashes --universal --no-strip-extras --no-header \
			--python-version 3.11 $(if $(UPGRADE),--upgrade) $$name.in -o $$name.txt; \
	done

clean: demo-down ## Remove what was built in the checkout.
	rm -rf build .venv
