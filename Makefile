# make run    build and run the first experiment: needs python3 (3.11 or newer), its venv module and a C compiler
# make test   lint, types and tests; installs what they need (on Debian as root through apt)
# make test LOCKED=1   the same with the versions of requirements.lock, whose digests are checked
# make lock   requirements.lock anew, with the newest versions: needs uv
# make versions   lint aside, make test's tests with the lowest versions that pyproject.toml allows, and with the newest; an hour
# make slow   the tests that take minutes: every experiment as a derivation, long fuzzing
# make fuzz   every reader of files and traces on bytes that nobody wrote: SECONDS for each (60), SEED
# make roots  two experiments in two pinned Debian roots, fetched into .cache: needs bubblewrap and a mirror
# make nix-roots  one of them by both backends, which have to give the same: needs Nix too
# make series  the first series of patches for a libc, built in five minutes unless ~/.cache has it, and run
# make reference        every experiment with every pinned libc and gdb, gathered in results/reference
# make reference-check  the same again, compared with what is there: names every outcome that differs
# make series-results   every experiment with trixie's libc and with each series of patches, gathered in results/series
# make nix-run    the first experiment with real Nix over this machine's toolchain (docs/nix.md); no network but pip's
# make nix-check  of what nix flake check holds, all but most experiments, in the same way
# make dist   an sdist and a wheel in .cache/dist, checked as an index of packages checks them
# make clean  remove what both made

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq

ifdef LOCKED
INSTALL := $(PIP) install --require-hashes -r requirements.lock && $(PIP) install --no-deps --no-build-isolation --editable .
else
INSTALL := $(PIP) install --editable '.[test,dask,browser,lint]'
endif

SUITES := debian/bullseye,debian/bookworm,debian/trixie,debian/sid
RUNS := .cache/reference
SERIES := debian/trixie,glibc/dl-nns,glibc/rtld-shared,glibc/ns-libc
SERIES_RUNS := .cache/series-results

.PHONY: run test slow fuzz versions lock roots series nix-roots reference reference-check reference-runs series-results nix-run nix-check dist lint clean

run: $(VENV)/run.stamp
	@$(BIN)/elfworlds run experiments/same-lib.yaml

test: $(VENV)/test.stamp
	@sh tests/system-packages.sh
	@! command -v nix-build > /dev/null || nix/hostpkgs/seed || echo "tests that need a package set for Nix will fail"
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pytest -n auto --dist worksteal

slow: $(VENV)/test.stamp
	@sh tests/system-packages.sh
	$(BIN)/pytest -n auto --dist worksteal -m slow
	FUZZ_TIMES=50 $(BIN)/pytest -n auto --dist worksteal -m hypothesis
	nix/hostpkgs/nix flake check --max-jobs auto

fuzz: $(VENV)/test.stamp
	$(BIN)/python tests/fuzzing.py --seconds $${SECONDS:-60} $${SEED:+--seed $$SEED}

roots: $(VENV)/run.stamp
	@XDG_CACHE_HOME=$(CURDIR)/.cache $(BIN)/elfworlds run experiments/same-lib.yaml experiments/rtld-global.yaml \
		-S libc=debian/bullseye,debian/trixie

series: $(VENV)/run.stamp
	@$(BIN)/elfworlds toolchain build glibc/dl-nns
	@$(BIN)/elfworlds run toolchains/patches/dl-nns/more-namespaces.yaml -o .cache/series -S libc=glibc/dl-nns

# Nix' own settings are hostpkgs'; of a package set nothing is used.
nix-roots: $(VENV)/run.stamp
	@mkdir -p .cache
	@XDG_CACHE_HOME=$(CURDIR)/.cache NIX_CONF_DIR=$${NIX_CONF_DIR:-$(CURDIR)/nix/hostpkgs/conf} \
		$(BIN)/elfworlds run --backend both experiments/same-lib.yaml -S libc=debian/bullseye,debian/trixie \
		> .cache/nix-roots.log || { cat .cache/nix-roots.log; exit 1; }
	@cat .cache/nix-roots.log
	@grep -q '^local and nix: the same ELF facts and outcomes' .cache/nix-roots.log

reference: reference-runs
	$(BIN)/elfworlds gather $(RUNS)/*/latest -o results/reference

reference-check: reference-runs
	@$(BIN)/elfworlds gather $(RUNS)/*/latest -o $(RUNS)
	$(BIN)/elfworlds compare results/reference $(RUNS)

# What is not as expected is told, and does not keep the rest from being gathered.
reference-runs: $(VENV)/run.stamp
	@rm -rf $(RUNS)
	$(BIN)/elfworlds run experiments -o $(RUNS) --keep-going -S libc=$(SUITES),host || test $$? -eq 1
	$(BIN)/elfworlds run experiments/gdb-visibility.yaml -o $(RUNS) -S libc=$(SUITES),host -S gdb=$(SUITES),host \
		|| test $$? -eq 1
	$(BIN)/elfworlds run experiments/musl.yaml experiments/initial-exec-opened.yaml -o $(RUNS) -S libc=$(SUITES),host,musl/bookworm,musl/trixie \
		|| test $$? -eq 1

# The experiments beside the patches say themselves which libcs they are about, and have to be as expected.
series-results: $(VENV)/run.stamp
	$(BIN)/elfworlds toolchain build dl-nns rtld-shared ns-libc
	@rm -rf $(SERIES_RUNS)
	$(BIN)/elfworlds run toolchains/patches/*/*.yaml -o $(SERIES_RUNS)/beside-patches
	$(BIN)/elfworlds run experiments -o $(SERIES_RUNS) --keep-going -S libc=$(SERIES) || test $$? -eq 1
	$(BIN)/elfworlds gather $(SERIES_RUNS)/*/latest -o $(SERIES_RUNS)
	@mkdir -p results/series
	cd $(SERIES_RUNS) && cp outcomes.csv claims.csv versions.csv $(CURDIR)/results/series

nix-run:
	@nix/hostpkgs/nix run . -- run experiments/same-lib.yaml

nix-check:
	nix/hostpkgs/nix flake check --no-build
	nix/hostpkgs/nix build --no-link --print-build-logs --max-jobs auto .#few

# The wheel is made of the sdist, so the sdist holds all that it needs.
dist:
	@rm -rf .cache/dist .cache/dist-tools
	@$(PYTHON) -m venv .cache/dist-tools
	@.cache/dist-tools/bin/python -m pip --disable-pip-version-check -qq install 'build>=1.2' 'twine>=6'
	@.cache/dist-tools/bin/python -m build --outdir .cache/dist > .cache/dist.log 2>&1 || { cat .cache/dist.log; exit 1; }
	.cache/dist-tools/bin/twine check --strict .cache/dist/*
	@$(PYTHON) -m zipfile -l .cache/dist/*.whl | grep 'share/man/man1/elfworlds.1 ' > .cache/dist-page.log || { echo "the wheel has no manual page"; exit 1; }

$(VENV)/bin/python:
	@sh tests/python-check.sh $(PYTHON)
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/run.stamp: pyproject.toml | $(VENV)/bin/python
	@echo "installing elfworlds into $(VENV)"
	@$(PIP) install --editable .
	@touch $@

$(VENV)/test.stamp: pyproject.toml | $(VENV)/bin/python
	@echo "installing elfworlds and the tools of its tests into $(VENV)"
	@$(INSTALL)
	@touch $@ $(VENV)/run.stamp

# Of what is not said, such as numpy, the newest version that goes with these.
versions:
	@mkdir -p .cache
	$(PYTHON) tests/lowest.py > .cache/lowest.txt
	: > .cache/newest.txt
	for name in lowest newest; do \
		$(PYTHON) -m venv --clear .cache/versions-$$name && \
		.cache/versions-$$name/bin/python -m pip -qq install -c .cache/$$name.txt '.[test]' && \
		.cache/versions-$$name/bin/python -m pytest -n auto --dist worksteal -p no:cacheprovider || exit 1; \
	done

lock:
	printf 'hatchling>=1.24\neditables\n' | uv pip compile pyproject.toml - --extra test --extra dask --extra lint --extra browser \
		--universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade -o requirements.lock

clean:
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
