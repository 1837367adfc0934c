#!/bin/sh
# Installs the YAML readers that the tests compare: PyYAML, Psych, js-yaml, kubectl. Needs a Debian-like machine,
# and root for what is missing there. Run it once from anywhere; what is there already is kept.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}

has() { command -v "$1" >/dev/null 2>&1; }
packages=
has ruby || packages="$packages ruby"
has node || packages="$packages nodejs"
has npm || packages="$packages npm"
has python3 || packages="$packages python3"
has kubectl || packages="$packages kubernetes-client"
if [ -n "$packages" ]; then
	apt-get update
	# shellcheck disable=SC2086 # a list of names
	apt-get install -y --no-install-recommends $packages
fi
python3 -c 'import yaml' 2>/dev/null || python3 -m pip install pyyaml || apt-get install -y python3-yaml

mkdir -p "$target/yaml-readers"
cd "$target/yaml-readers"
[ -d node_modules/js-yaml ] || npm install --no-save --prefix . js-yaml@4
echo "all YAML readers are there"
