# make demo: render the quickstart. make test: everything that CI checks. Both set up .venv first.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check motifs clean

demo: .venv/installed
	$(BIN)/reverie render jobs/examples/quickstart.yaml

test: check
	$(BIN)/python -m pytest

check: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

motifs: .venv/installed
	$(BIN)/python -m training.motifs

clean:
	rm -rf .venv build dist *.egg-info

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	PYTHONWARNINGS="ignore:Editable installation" \
	  $(BIN)/python -m pip install --quiet --editable ".[test]"
	touch $@
