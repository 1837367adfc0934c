#!/bin/sh
# All tests that a developer runs, with all that they need: installs the tools, builds, tests.
set -eu
cd "$(dirname "$0")/.."
sh tests/setup.sh
cargo build --workspace --bins
AIRLIFT_BIN_DIR="$PWD/${CARGO_TARGET_DIR:-target}/debug"
case "${CARGO_TARGET_DIR:-}" in /*) AIRLIFT_BIN_DIR="$CARGO_TARGET_DIR/debug" ;; esac
export AIRLIFT_BIN_DIR
exec cargo test --workspace "$@"
