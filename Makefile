# Two commands do all there is: `make demo` shows a run, `make test` checks everything.
# Both set up .venv first; nothing outside this folder is touched. `make bench` measures eiload beside
# its peers for a quarter of an hour (docs/benchmarks.md); what it fetches lies in the user's cache.
# `make test-fast` leaves out what tests/conftest.py calls slow: tests of whole runs of Locust
# (tests/e2e/), of models' runtimes, and files that compute for long.
# `make test` is what counts. `make test-gpu` runs what needs
# an NVIDIA GPU, which `make test` leaves out where there is none.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# The tests start hundreds of processes: without bytecode each would compile all of eiload again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-fast test-gpu test-cluster test-faults soak fuzz docs bench lint clean

demo: $(VENV)/.installed
	@$(BIN)/locust -f locustfiles/ssd.py --headless --only-summary --scenario scenarios/demo.yaml \
		--report-html demo.html; status=$$?; [ ! -f demo.html ] || echo "to look at: demo.html"; exit $$status

test: $(VENV)/.installed-dev
	$(BIN)/pytest

test-fast: $(VENV)/.installed-dev
	$(BIN)/pytest -n 5 -m 'not slow'

test-gpu: $(VENV)/.installed-dev
	$(BIN)/pytest -n 0 -m gpu -rs tests/observe

# On three "hosts" of its own: network namespaces, for which one has to be root in some namespace.
test-cluster: $(VENV)/.installed-dev
	EILOAD_TEST_CLUSTER=1 $$([ "$$(id -u)" = 0 ] || echo unshare --map-root-user --net --mount) \
		$(BIN)/pytest -n 0 tests/e2e/test_cluster.py

# Real signals, five times each, and random faults by seed (tests/faults/README.md): a quarter of an hour.
test-faults: $(VENV)/.installed-dev
	$(BIN)/python tests/faults/again.py
	$(BIN)/pytest -n 2 --dist load tests/faults/seeds.py tests/faults/whole.py tests/faults/moments.py

# A long run beside which nothing may grow, with two workers and the live page open.
MINUTES := 60
soak: $(VENV)/.installed-dev
	$(BIN)/python tests/faults/soak.py $(MINUTES)

# Damaged input to every reader; `make fuzz SECONDS=600` takes ten minutes each.
SECONDS := 10
fuzz: $(VENV)/.installed-dev
	$(BIN)/python tests/faults/fuzz.py --seconds $(SECONDS)

# The documentation as a site, in build/site; whatever is wrong with it, links too, ends this with an error.
# (The variable leaves out what the theme says of its successor.)
docs: $(VENV)/.installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "to look at: build/site/index.html"

bench: $(VENV)/.installed-dev
	$(BIN)/python -m bench

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "eiload needs Python 3.11 or newer; say which: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	@echo "installing eiload into $(VENV); TensorFlow comes with tensorflow-serving-api, so the first time takes minutes"
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(VENV)/bin/python
	@echo "installing eiload and its test tools into $(VENV); the first time takes minutes"
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-docs: pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis
