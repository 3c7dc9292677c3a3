# Set-up and checks; each target does all that it needs on a fresh machine.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
HEADLESS := .venv-headless
# Tests of one file stay together: some share a server.
PYTEST_OPTIONS ?= -q -n auto --maxprocesses 4 --dist loadfile
# Unit tests of what needs Qt or numpy.
DESKTOP_UNITS := tests/unit/app/test_desktop.py tests/unit/dicom/iod/test_contours.py \
	tests/unit/test_demo_patient.py

.PHONY: demo test lint headless interop soak screenshots benchmark prepare clean

# Tests show no windows. The demo does where there is a display, and plays without one elsewhere.
test headless interop soak screenshots: export QT_QPA_PLATFORM ?= offscreen

demo: prepare
	$(BIN)/tdwii demo

# The tests of windows need Qt; those of units and the network run in `headless`, but for a few units.
# Where Qt cannot start, all but the tests of windows run, and the end says that they did not.
test: prepare lint
	if .ci/prepare qt $(VENV); \
	then $(BIN)/pytest $(PYTEST_OPTIONS) -m "not interop" $(DESKTOP_UNITS) tests/ui tests/soak; \
	else $(BIN)/pytest $(PYTEST_OPTIONS) -p no:pytest-qt -m "not interop" $(DESKTOP_UNITS) tests/soak; \
	fi
	$(MAKE) headless
	.ci/prepare qt $(VENV)

lint: prepare
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The unit and integration tests on the built wheel, without Qt.
headless: prepare
	.ci/prepare headless $(PYTHON) $(HEADLESS)
	$(HEADLESS)/bin/pytest $(PYTEST_OPTIONS) -m "not interop" tests/unit tests/integration

interop: prepare
	.ci/prepare interop
	$(BIN)/pytest $(PYTEST_OPTIONS) -m interop tests

# The tests of endurance in full, which `test` and `interop` run in short: at most 20 minutes. One
# after the other, for they load the machine.
soak: prepare
	.ci/prepare interop
	TDWII_SOAK=1 $(BIN)/pytest -q -m soak -o faulthandler_timeout=1200 --timeout 1200 tests

# All windows in all their states; a look at each is part of it.
screenshots: prepare
	PYTHONPATH=. $(BIN)/python docs/screenshots.py treatment
	PYTHONPATH=. $(BIN)/python docs/screenshots.py rehearsal

# Figures, no tests: see benchmarks/README.md.
benchmark: prepare
	$(BIN)/python -m benchmarks

prepare: $(VENV)/prepared

$(VENV)/prepared: pyproject.toml .ci/prepare
	.ci/prepare project $(PYTHON) $(VENV)
	touch $@

clean:
	rm -rf $(VENV) $(HEADLESS) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
