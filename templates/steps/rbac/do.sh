#!/bin/sh
# Applies roles, then bindings. Objects of others are changed in their subjects alone; what stood there before is in an
# annotation of each. The controller that fills aggregated roles in needs some moments: the probe waits for nothing, so
# this does.
#
#   PLAN_K0S          the k0s binary
#   PLAN_KUBECONFIG   an administrator's
#   PLAN_RBAC         the folder with roles.yaml and bindings.yaml
set -eu
# Without a cache: kubectl would keep one in the root directory.
kubectl() { "$PLAN_K0S" kubectl --kubeconfig "$PLAN_KUBECONFIG" --cache-dir /dev/null "$@"; }

for file in roles.yaml bindings.yaml; do
  if [ -s "$PLAN_RBAC/$file" ]; then
    kubectl apply --server-side --force-conflicts --field-manager=airlift -f "$PLAN_RBAC/$file" >/dev/null
  fi
done
# Roles that collect a stock role's rules must not stay empty.
tries=0
while :; do
  # shellcheck disable=SC2016  # kubectl's template
  empty=$(kubectl get clusterroles -l 'mke3-migrate.example/kind in (org,team)' -o go-template='
{{- range .items}}{{$role := .}}{{range .aggregationRule.clusterRoleSelectors}}{{range $key, $value := .matchLabels -}}
{{if eq $value "true"}}{{if not $role.rules}}{{$role.metadata.name}}{{"\n"}}{{end}}{{end}}{{end}}{{end}}{{end}}')
  [ -n "$empty" ] || break
  tries=$((tries + 1))
  if [ "$tries" -gt 60 ]; then
    echo "these roles are not filled in: $empty" >&2
    exit 1
  fi
  sleep 1
done
: >"$AIRLIFT_EVIDENCE"
