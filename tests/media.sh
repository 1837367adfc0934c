#!/bin/sh
# Runs the carry test on a real file system of each kind that travels: an image on a loop device. Needs root. A kind that
# this machine can't make or mount is named loudly and counts as not run.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
mounted=""
clean() { [ -z "$mounted" ] || umount "$mounted"; rm -rf "$work"; }
trap clean EXIT
ran=0
for kind in vfat exfat ext4; do
  image="$work/$kind.img"
  medium="$work/$kind"
  mkdir "$medium"
  truncate -s 48M "$image"
  case $kind in
    ext4) make="mkfs.ext4 -q -F" ;;
    vfat) make="mkfs.vfat -F 32" ;;
    *) make="mkfs.$kind" ;;
  esac
  if ! $make "$image" >/dev/null 2>&1; then
    echo "NOT RUN: carry on $kind; \`$make\` failed, is it installed?"
  elif ! mount -o loop "$image" "$medium" 2>/dev/null; then
    echo "NOT RUN: carry on $kind; this kernel, or this user, can't mount it"
  else
    mounted=$medium
    AIRLIFT_MEDIUM="$medium" cargo test -q -p airlift-tests --test carry -- --ignored --exact a_real_medium
    umount "$medium"
    mounted=""
    ran=$((ran + 1))
    echo "RUN: carry on $kind"
  fi
done
[ "$ran" -gt 0 ] || echo "NOT RUN: carry on any real medium"
