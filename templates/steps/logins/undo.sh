#!/bin/sh
# Deletes the users of Dex that Airlift made.
#
#   PLAN_K0S          the k0s binary
#   PLAN_KUBECONFIG   an administrator's
#   PLAN_LOGINS       not needed; every script of a step gets the same variables
set -eu
kubectl() { "$PLAN_K0S" kubectl --kubeconfig "$PLAN_KUBECONFIG" --cache-dir /dev/null "$@"; }

definition=$(kubectl get crd passwords.dex.coreos.com --ignore-not-found -o name)
[ -n "$definition" ] || exit 0
kubectl delete passwords.dex.coreos.com -n mke -l mke3-migrate.example/kind=login --ignore-not-found
