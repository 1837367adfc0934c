#!/bin/sh
# Makes the users of Dex that bring their passwords along. One that the vendor's command has made already stays as it is.
#
#   K0S      the k0s binary
#   LOGINS   the file with Dex's users, hashes in the place of their slots
set -eu
# Goes on after one that is there already; what counts is that all are.
"$K0S" kubectl create -f "$LOGINS" -o name || true
"$K0S" kubectl get -f "$LOGINS" -o name >/dev/null
