#!/bin/sh
# Whether all users of the file are there. Their passwords may have been changed since. Exit: 10 in effect, 11 not in
# effect, else unknown.
#
#   PLAN_K0S          the k0s binary
#   PLAN_KUBECONFIG   an administrator's
#   PLAN_LOGINS       the file with Dex's users
set -u
kubectl() { "$PLAN_K0S" kubectl --kubeconfig "$PLAN_KUBECONFIG" --cache-dir /dev/null "$@"; }

# Before the vendor's command there is no Dex, and so no user.
definition=$(kubectl get crd passwords.dex.coreos.com --ignore-not-found -o name) || exit 1
[ -n "$definition" ] || exit 11
there=$(kubectl get -f "$PLAN_LOGINS" --ignore-not-found -o name) || exit 1
[ "$(printf '%s\n' "$there" | grep -c .)" = "$(grep -c '^kind: Password$' "$PLAN_LOGINS")" ] || exit 11
exit 10
