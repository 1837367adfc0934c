#!/bin/sh
# Stands in for docker: knows exactly the command lines that the survey uses, gives the answers of a real engine
# (20.10, cut), and refuses every other line as the real one does.
here=$(dirname "$0")
[ -z "$HOME$DOCKER_HOST$DOCKER_CONTEXT" ] || { echo "the caller's environment came along" >&2; exit 1; }
case "$1 $2" in
  "--config=/nonexistent --host=unix:///var/run/docker.sock") shift 2 ;;
  *) echo "unknown flag: $1" >&2; exit 125 ;;
esac
case "$*" in
  "info --format {{json .}}") cat "$here/info" ;;
  "ps --all --no-trunc --format {{.ID}} {{.Names}}") cat "$here/ps" ;;
  "image ls --digests --no-trunc --format {{json .}}") cat "$here/images" ;;
  "inspect --type container "*)
    shift 3
    for id in "$@"; do
      grep -q "^$id " "$here/ps" || { echo "Error: No such container: $id" >&2; exit 1; }
    done
    cat "$here/inspect" ;;
  *) echo "docker: '$1' is not a docker command." >&2; exit 1 ;;
esac
