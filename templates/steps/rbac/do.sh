#!/bin/sh
# Applies roles, then bindings. Objects of others are changed in their subjects alone; what stood there before is in an
# annotation of each. The controller that fills aggregated roles in needs some moments: the probe waits for nothing, so
# this does.
#
#   K0S    the k0s binary
#   RBAC   the folder with roles.yaml and bindings.yaml
set -eu
for file in roles.yaml bindings.yaml; do
  if [ -s "$RBAC/$file" ]; then
    "$K0S" kubectl apply --server-side --force-conflicts --field-manager=airlift -f "$RBAC/$file"
  fi
done
# Roles that collect a stock role's rules must not stay empty.
tries=0
while :; do
  # shellcheck disable=SC2016  # kubectl's template
  empty=$("$K0S" kubectl get clusterroles -l 'mke3-migrate.example/kind in (org,team)' -o go-template='
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
