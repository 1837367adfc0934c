#!/bin/sh
# What airlift-node costs against the same work done bare: start, steps, an apply with nothing to do, staging of a blob.
# usage: tests/bench-node.sh [AIRLIFT_NODE]   (a release build; built here if not given). Needs strace, and root.
# Prints a table, and each aim that is missed; STRICT=1 makes that a failure. BLOB_MIB (default 1024) is the blob.
set -eu
cd "$(dirname "$0")/.."
node=${1:-}
if [ -z "$node" ]; then
  cargo build --release -p airlift-node
  node="${CARGO_TARGET_DIR:-target}/release/airlift-node"
fi
AIRLIFT_NODE=$(realpath "$node") cargo test -q -p airlift-node --test benchmark -- --ignored --nocapture
