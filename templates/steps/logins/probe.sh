#!/bin/sh
# Whether all users of the file are there. Their passwords may have been changed since. Exit: 10 in effect, 11 not in
# effect, else unknown.
#
#   K0S      the k0s binary
#   LOGINS   the file with Dex's users
set -u
"$K0S" kubectl get --raw /apis/dex.coreos.com/v1 >/dev/null || exit 1
if "$K0S" kubectl get -f "$LOGINS" -o name >/dev/null 2>&1; then exit 10; fi
exit 11
