# Two commands do everything, set-up included: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501

# Where this is set, as in many containers, each process that a test starts compiles the whole program again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run demo test short lint soak audit conformance bench pictures clean lock

run: $(VENV)/.app
	$(BIN)/streamlit run app.py --server.port $(PORT)

# The guided demo, from a fresh ledger each time: "Guided demo" on the sign-in card. A folder of its own is emptied.
demo: $(VENV)/.app
	rm -rf data/guided-demo
	DEMO=true DATA_DIR=data/guided-demo $(BIN)/streamlit run app.py --server.port $(PORT)

# mypy keeps one processor busy, and tests wait for processes and clocks: beside each other they fill the machine. When
# one fails the other is still waited for, and make says which it was at the end.
test: $(VENV)/.dev
	$(MAKE) --no-print-directory -j 2 lint short

short: $(VENV)/.dev
	$(BIN)/pytest -m "not soak" -n 3 --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/lint-imports

soak: $(VENV)/.dev
	$(BIN)/pytest -m soak -n 2 --dist loadfile --no-loadscope-reorder

# Whether anything we install is known to be vulnerable, as far as the advisories can be reached: what it says counts.
audit: $(VENV)/.dev
	$(BIN)/python -m tests.advisories

# BlackRock's own SDK and its published descriptions against the simulated Aladdin; fetches both. Part of `soak`.
conformance: $(VENV)/.dev
	$(BIN)/pytest -m soak tests/conformance

# Times engines and reads against peers, which live in an environment of their own, the ledger with a million order
# lines, and the life of an order up to a thousand live ones, and writes docs/benchmarks.md.
bench: .venv-bench/.ready
	.venv-bench/bin/python -m bench

# Takes a picture of every page, in both themes and two widths, into build/screenshots, and renews those in docs/.
pictures: $(VENV)/.dev
	$(BIN)/python -m tests.browser.tour

.venv-bench/.ready: requirements.txt bench/requirements.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/pip install -q --disable-pip-version-check -r requirements.txt -r bench/requirements.txt
	@touch $@

# Pins every package, transitive ones too, from what the *.in files ask for.
lock: $(VENV)/.dev
	$(BIN)/pip-compile -q --strip-extras --no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links -o requirements.txt requirements.in
	$(BIN)/pip-compile -q --strip-extras --no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links -o requirements-dev.txt requirements-dev.in
	$(BIN)/pip-compile -q --strip-extras --no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links -o bench/requirements.txt bench/requirements.in

clean:
	rm -rf $(VENV) .venv-bench .venv-audit .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("Evenlot needs Python 3.11 or newer") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.app: requirements.txt | $(VENV)/bin/python
	$(BIN)/pip install -q --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.app
	$(BIN)/pip install -q --disable-pip-version-check -r requirements-dev.txt
	@touch $@
