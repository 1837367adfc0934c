#!/bin/sh
# Whether the server has every role and binding as the files say, and aggregated roles are filled in. Exit: 10 in effect,
# 11 not in effect, else unknown.
#
#   PLAN_K0S          the k0s binary
#   PLAN_KUBECONFIG   an administrator's
#   PLAN_RBAC         the folder with roles.yaml and bindings.yaml
set -u
kubectl() { "$PLAN_K0S" kubectl --kubeconfig "$PLAN_KUBECONFIG" --cache-dir /dev/null "$@"; }

kubectl get --raw /readyz >/dev/null || exit 1
for file in roles.yaml bindings.yaml; do
  if [ -s "$PLAN_RBAC/$file" ]; then
    # 0: the same; 1: another; more: kubectl could not tell.
    kubectl diff --server-side --force-conflicts --field-manager=airlift -f "$PLAN_RBAC/$file" >/dev/null
    case $? in
    0) ;;
    1) exit 11 ;;
    *) exit 1 ;;
    esac
  fi
done
# shellcheck disable=SC2016  # kubectl's template
empty=$(kubectl get clusterroles -l 'mke3-migrate.example/kind in (org,team)' -o go-template='
{{- range .items}}{{$role := .}}{{range .aggregationRule.clusterRoleSelectors}}{{range $key, $value := .matchLabels -}}
{{if eq $value "true"}}{{if not $role.rules}}{{$role.metadata.name}}{{"\n"}}{{end}}{{end}}{{end}}{{end}}{{end}}') || exit 1
[ -z "$empty" ] || exit 11
exit 10
