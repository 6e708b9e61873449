#!/bin/sh
# Lock the dependencies anew, for all supported Pythons and systems at once. Needs uv.
# What is locked stays as it is; `tools/lock.sh --upgrade` takes the newest of everything.
set -eu
cd "$(dirname "$0")/.."
lock="uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header -q pyproject.toml"
$lock "$@" --group build -o requirements/run.txt
$lock "$@" --group build --group dev -o requirements/dev.txt
