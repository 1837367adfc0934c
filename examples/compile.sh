#!/bin/sh
# Compiles the example site into a set, with a throw-away key: examples/acme/out.
set -eu
cd "$(dirname "$0")/.."
site=examples/acme
cargo build --release -p airlift -p airlift-node
bin="${CARGO_TARGET_DIR:-target}/release"
mkdir -p "$site/keys"
chmod 700 "$site/keys"
[ -f "$site/keys/author.key" ] || "$bin/airlift" keygen --no-password "$site/keys/author"
"$bin/airlift" compile "$site" --key "$site/keys/author.key" --out "$site/out" --force
"$bin/airlift-node" verify "$site/out" --public-key "$site/keys/author.pub"
"$bin/airlift-node" inspect "$site/out/nodes/mgr1.tar.zst"
