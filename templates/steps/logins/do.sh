#!/bin/sh
# Makes the users of Dex that bring their passwords along. One that the vendor's command has made already stays as it is.
#
#   PLAN_K0S          the k0s binary
#   PLAN_KUBECONFIG   an administrator's
#   PLAN_LOGINS       the file with Dex's users, hashes in the place of their slots
set -eu
kubectl() { "$PLAN_K0S" kubectl --kubeconfig "$PLAN_KUBECONFIG" --cache-dir /dev/null "$@"; }

if grep -q '^hash:.*airlift-secret(' "$PLAN_LOGINS"; then
  echo "$PLAN_LOGINS has slots where hashes should be: this set was compiled without its sealed secrets" >&2
  exit 1
fi
if [ -z "$(kubectl get crd passwords.dex.coreos.com --ignore-not-found -o name)" ]; then
  echo "the cluster does not know Dex's users yet: run the vendor's command first" >&2
  exit 1
fi
# Goes on after one that is there already; what counts is that all are.
kubectl create -f "$PLAN_LOGINS" -o name || true
kubectl get -f "$PLAN_LOGINS" -o name >/dev/null
: >"$AIRLIFT_EVIDENCE"
