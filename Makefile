# Set-up and checks; each target does all that it needs on a fresh machine.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
HEADLESS := .venv-headless
export QT_QPA_PLATFORM ?= offscreen

.PHONY: demo test lint headless interop prepare clean

demo: prepare
	$(BIN)/tdwii demo --headless

test: prepare lint
	$(BIN)/pytest -m "not interop" tests
	$(MAKE) headless

lint: prepare
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The unit and integration tests once more, on the built wheel, without Qt.
headless: prepare
	.ci/prepare headless $(PYTHON) $(HEADLESS)
	$(HEADLESS)/bin/pytest -m "not interop" tests/unit tests/integration

interop: prepare
	.ci/prepare interop
	$(BIN)/pytest -m interop tests

prepare: $(VENV)/prepared

$(VENV)/prepared: pyproject.toml .ci/prepare
	.ci/prepare project $(PYTHON) $(VENV)
	touch $@

clean:
	rm -rf $(VENV) $(HEADLESS) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
