# The environment is made with the first target that needs it, and anew when the lock or the project's own dependencies change.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready
# Notebooks, and tests, run two at a time: a panel that each of them builds needs no processes of its own.
SHARED_CORES := LOKY_MAX_CPU_COUNT=1

.DEFAULT_GOAL := help
unexport PYTHONDONTWRITEBYTECODE # without bytecode each kernel and each test process compiles the package anew
.PHONY: help reproduce test check format lab site slides bench fuzz versions size lock clean

help:  ## what can be made
	@sed -n 's/^\([a-z]*\):[^#]*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

# Nothing is resolved or built elsewhere: every package is pinned with its hashes, the build backend included.
# Not a quarter of their modules is ever used, and Python compiles a module when it is.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(f"govstats needs Python 3.11 or newer, and {sys.executable} is {sys.version.split()[0]}; say make PYTHON=..." if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation --editable .
	@touch $@

reproduce: $(READY)  ## read and reconcile the embedded corpus, execute every listed notebook, write build/reproduce/index.html
	$(SHARED_CORES) $(BIN)/govstats reproduce --output build/reproduce

# Runs of this environment that are there and still current are compared, and not made again; make test RUNS= executes all.
RUNS ?= $(shell [ build/reproduce/manifest.csv -nt $(READY) ] && echo build/reproduce)
test: $(READY)  ## the unit tests, the docstrings' examples and the notebooks against their reference runs
	$(SHARED_CORES) $(BIN)/python -m pytest $(RUNS:%=--runs=%)

check: $(READY)  ## style, types, and that no layer imports from above
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(READY)  ## let ruff put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lab: $(READY)  ## open the notebooks
	$(BIN)/jupyter lab notebooks/00_start.ipynb

site: $(READY)  ## build the site of pages, notebooks and reference: build/site/index.html
	rm -rf build/site
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going --fresh-env --conf-dir docs . build/site
	@echo "打开 open build/site/index.html"

slides: $(READY)  ## the slides of the course, a page a lecture, in build/slides
	$(BIN)/govstats slides build/slides

bench: $(READY)  ## how fast reading, importing and repairing are
	$(BIN)/python benchmarks/reading.py
	$(BIN)/python benchmarks/importing.py
	$(BIN)/python benchmarks/localising.py
	$(BIN)/python benchmarks/editing.py
	$(BIN)/python benchmarks/ranks.py
	$(BIN)/python benchmarks/coverage.py
	$(BIN)/python benchmarks/reconciling.py
	$(BIN)/python benchmarks/claims.py
	$(BIN)/python benchmarks/building.py

# Everything that a document can do to its reader, for so many seconds and from such a seed: spoilt reports, then hostile inputs, then texts and tables
# that hypothesis draws.
SECONDS ?= 600
SEED ?= 5000000
fuzz: $(READY)  ## read spoilt and hostile documents, and try to break properties: SECONDS=600 SEED=5000000
	$(BIN)/python -m tests.mutations --seconds $(SECONDS) --first $(SEED)
	$(BIN)/python -m tests.hostile
	GOVSTATS_EXAMPLES=300 $(BIN)/python -m pytest -n 0 tests/test_properties.py --hypothesis-seed=$(SEED)

versions: $(READY)  ## test the lowest and the newest versions of the dependencies that are allowed (needs the network)
	$(BIN)/python benchmarks/versions.py lowest
	$(BIN)/python benchmarks/versions.py newest

size: $(READY)  ## lines of code, modules, branches a statement
	$(BIN)/python benchmarks/size.py

# No annotations and no options in the lock: they would name this machine. The user's pip settings are left out for the same reason.
lock: $(READY)  ## resolve the newest versions that pyproject.toml allows (needs the network, takes some minutes)
	PIP_CONFIG_FILE=/dev/null CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --upgrade \
	  --extra ocr --extra word --extra excel --extra notebooks --extra panel --extra export --extra scale --extra fetch --extra teaching --extra site --extra dev --strip-extras --generate-hashes --allow-unsafe --no-annotate --no-emit-options \
	  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --output-file requirements.lock pyproject.toml

clean:  ## remove what make and the tools made
	rm -rf .venv build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
