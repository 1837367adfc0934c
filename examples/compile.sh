#!/bin/sh
# Compiles the example site into a set, with a throw-away key, and checks it: target/acme-set.
set -eu
cd "$(dirname "$0")/.."
cargo build --release -p airlift -p airlift-node
target="${CARGO_TARGET_DIR:-target}"
bin="$target/release"
# A copy of the site, because a compile notes there that its serial is used.
rm -rf "$target/acme" "$target/acme-set"
cp -R examples/acme "$target/acme"
[ -f "$target/acme-author.key" ] || "$bin/airlift" keygen --no-password "$target/acme-author"
"$bin/airlift" compile "$target/acme" --key "$target/acme-author.key" --out "$target/acme-set" --force
"$bin/airlift-node" verify "$target/acme-set" --public-key "$target/acme-author.pub"
"$bin/airlift-node" inspect "$target/acme-set/nodes/mgr1.tar.zst" --public-key "$target/acme-author.pub"
