#!/bin/sh
# Whether the server has every role and binding as the files say. Exit: 10 in effect, 11 not in effect, else unknown.
#
#   K0S    the k0s binary
#   RBAC   the folder with roles.yaml and bindings.yaml
set -u
"$K0S" kubectl get --raw /readyz >/dev/null || exit 1
for file in roles.yaml bindings.yaml; do
  if [ -s "$RBAC/$file" ]; then
    # 0: the same; 1: another; more: kubectl could not tell.
    "$K0S" kubectl diff --server-side --force-conflicts --field-manager=airlift -f "$RBAC/$file" >/dev/null
    case $? in
    0) ;;
    1) exit 11 ;;
    *) exit 1 ;;
    esac
  fi
done
exit 10
