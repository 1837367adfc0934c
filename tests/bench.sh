#!/bin/sh
# Time and memory of a compile: 1 to 10,000 nodes, and a gigabyte of blobs against sha256sum and cp of the same file.
# usage: tests/bench.sh [AIRLIFT]   (a release build; built here if not given). Needs GNU time.
# Prints a table, and each aim that is missed; STRICT=1 makes that a failure. The aims are for two idle cores; NODES
# (default 10000) is the largest site.
set -eu
cd "$(dirname "$0")/.."
airlift=${1:-}
if [ -z "$airlift" ]; then
  cargo build --release -p airlift
  airlift="${CARGO_TARGET_DIR:-target}/release/airlift"
fi
most=${NODES:-10000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$airlift" keygen --no-password "$work/author" 2>/dev/null >&2
failed=0

site() { # DIR NODES
  rm -rf "$1"
  cp -R examples/acme "$1"
  sed -i -e 's|^node_network: .*|node_network: 10.128.0.0/16|' -e '/^kubelet_profiles:/,/^decisions:/{/^decisions:/!d}' "$1/site.yaml"
  awk -v n="$2" 'BEGIN {
    managers = n < 3 ? 1 : 3
    print "hosts:"
    for (i = 0; i < n; i++) {
      ip = "10.128." int(i / 250) "." (i % 250 + 1)
      printf "- address: %s\n  port: 22\n  user: ops\n  keyPath: ~/.ssh/id\n  hostname: n%05d\n  role: %s\n  privateAddress: %s\n", \
        ip, i, (i < managers ? "manager" : "worker"), ip
    }
  }' >"$1/hosts.yaml"
}

run() { # OUTPUT COMMAND...: seconds and KiB of peak memory
  out=$1
  shift
  /usr/bin/time -f '%e %M' -o "$out" "$@" >/dev/null 2>"$work/err" || { cat "$work/err" >&2; exit 1; }
}

over() { # VALUE AIM FACTOR WHAT
  if ! awk -v v="$1" -v a="$2" -v f="$3" 'BEGIN { exit !(v <= a * f) }'; then
    echo "MISSED: $4: $1, aim $2"
    failed=1
  fi
}

printf '%8s %9s %12s %10s %10s\n' nodes seconds ms/node 'peak MB' 'set MB'
for nodes in 1 10 100 1000 10000; do
  [ "$nodes" -le "$most" ] || continue
  site "$work/site" "$nodes"
  # Each set in a place of its own, removed at the end: ext4 is slow to make files right after many were removed.
  run "$work/t" "$airlift" compile "$work/site" --key "$work/author.key" --out "$work/set-$nodes"
  read -r seconds kib <"$work/t"
  size=$(du -sb "$work/set-$nodes" | cut -f1)
  awk -v n="$nodes" -v s="$seconds" -v k="$kib" -v b="$size" \
    'BEGIN { printf "%8d %9.2f %12.3f %10.1f %10.1f\n", n, s, s * 1000 / n, k / 1024, b / 1e6 }'
  over "$kib" 204800 1 "peak memory in KiB of $nodes nodes"
  [ "$nodes" != 10000 ] || over "$seconds" 5 1 "seconds of 10000 nodes"
done
rm -rf "$work"/set-*

echo
gib=${BLOB_MIB:-1024}
site "$work/site" 6
mkdir "$work/site/k0s"
# Looks like the k0s of v4.1.5; the rest is what AES makes of nothing, which nothing compresses.
printf '\177ELF\002\001\001\000\000\000\000\000\000\000\000\000\002\000\076\000v1.32.11+k0s.0\n' >"$work/site/k0s/k0s"
head -c "${gib}M" /dev/zero | openssl enc -aes-128-ctr -pass pass:x -nosalt -pbkdf2 2>/dev/null >>"$work/site/k0s/k0s"
printf 'k0s:\n  binary: k0s/k0s\n' >>"$work/site/site.yaml"
sync
best() { # the better of three, so that one hiccup of the machine decides nothing
  for _ in 1 2 3; do
    rm -rf "$work/set" "$work/copy" "$work/site/issued.json"
    run "$work/t" "$@"
    cat "$work/t"
  done | sort -n | head -1
}
sum=$(best sha256sum "$work/site/k0s/k0s")
copy=$(best cp "$work/site/k0s/k0s" "$work/copy")
# What a set promises, and cp does not: that it lies on the disk.
flushed=$(best sh -c "cp '$work/site/k0s/k0s' '$work/copy' && sync -f '$work/copy'")
ours=$(best "$airlift" compile "$work/site" --key "$work/author.key" --out "$work/set")
printf '%-34s %9s %10s\n' "$gib MiB of blobs" seconds 'peak MB'
for row in "sha256sum:$sum" "cp:$copy" "cp, flushed:$flushed" "airlift compile, flushed:$ours"; do
  echo "${row#*:}" | awk -v w="${row%%:*}" '{ printf "%-34s %9.2f %10.1f\n", w, $1, $2 / 1024 }'
done
slower=$(printf '%s\n%s\n%s\n' "${sum% *}" "${copy% *}" "${flushed% *}" | sort -n | tail -1)
ratio=$(awk -v o="${ours% *}" -v s="$slower" 'BEGIN { printf "%.2f", o / s }')
echo "ratio to the slowest of them: $ratio"
over "$ratio" 1.15 1 "blobs against the slower tool"
over "${ours#* }" 204800 1 "peak memory in KiB of blobs"
[ "$failed" = 0 ] || [ -z "${STRICT:-}" ]
