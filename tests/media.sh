#!/bin/sh
# Runs the carry test on a real file system of each kind that travels: an image on a loop device. Needs root. Where the
# kernel has no driver for a kind, the one for FUSE takes its place; a kind that can't be mounted at all is named loudly and
# counts as not run.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
medium=$work/medium
device=""
clean() {
  ! mountpoint -q "$medium" || umount "$medium"
  [ -z "$device" ] || losetup -d "$device"
  rm -rf "$work"
}
trap clean EXIT
mkdir "$medium"

make_image() {
  case $1 in
    ext4) mkfs.ext4 -q -F "$device" ;;
    vfat) mkfs.vfat -F 32 "$device" ;;
    exfat) mkfs.exfat "$device" ;;
  esac
}

mount_by_fuse() {
  case $1 in
    vfat) fusefat -o rw+ "$device" "$medium" ;;
    exfat) mount.exfat-fuse "$device" "$medium" ;;
    *) false ;;
  esac
}

ran=0
for kind in vfat exfat ext4; do
  image="$work/$kind.img"
  truncate -s 48M "$image"
  if ! device=$(losetup -f --show "$image"); then
    device=""
    echo "NOT RUN: carry on $kind; no loop device, or no right to make one"
  elif ! make_image "$kind" >/dev/null 2>&1; then
    echo "NOT RUN: carry on $kind; the tool that makes one fails, is it installed?"
  elif mount "$device" "$medium" 2>/dev/null || mount_by_fuse "$kind" >/dev/null 2>&1; then
    mountpoint -q "$medium"
    driver=$(findmnt -no FSTYPE "$medium")
    AIRLIFT_MEDIUM="$medium" cargo test -q -p airlift-tests --test carry -- --ignored --exact a_real_medium
    umount "$medium"
    ran=$((ran + 1))
    echo "RUN: carry on $kind (driver $driver)"
  else
    echo "NOT RUN: carry on $kind; neither this kernel nor FUSE mounts it"
  fi
  [ -z "$device" ] || losetup -d "$device"
  device=""
done
[ "$ran" -gt 0 ] || { echo "carry ran on no real medium"; exit 1; }
