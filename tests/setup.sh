#!/bin/sh
# Installs what the tests need beside Rust: stock tools that must agree with ours, and readers of YAML. Needs Debian or
# a relative of it, root (or sudo), pip and npm. Does nothing for what is there.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-$PWD/target}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

PATH="$PATH:/usr/sbin:/sbin"
missing=""
for pair in minisign:minisign age:age zstd:zstd shellcheck:shellcheck ruby:ruby tar:tar sha256sum:coreutils \
  kubectl:kubernetes-client faketime:faketime setpriv:util-linux node:nodejs npm:npm python3:python3 \
  musl-gcc:musl-tools openssl:openssl strace:strace mkfs.ext4:e2fsprogs mkfs.vfat:dosfstools mkfs.exfat:exfatprogs \
  mount.exfat-fuse:exfat-fuse fusefat:fusefat dpkg-source:dpkg-dev busybox:busybox gawk:gawk mawk:mawk curl:curl \
  /usr/bin/time:time ssh-keygen:openssh-client script:bsdutils flock:util-linux; do
  command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair#*:}"
done
if [ -n "$missing" ]; then
  as_root apt-get update -qq
  # shellcheck disable=SC2086  # a list of names
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
fi
python3 -c 'import yaml' 2>/dev/null || python3 -m pip install -q pyyaml ||
  python3 -m pip install -q --break-system-packages pyyaml
mkdir -p "$target/yaml-readers"
[ -d "$target/yaml-readers/node_modules/js-yaml" ] ||
  npm install --silent --no-fund --no-audit --prefix "$target/yaml-readers" js-yaml@4
