#!/bin/sh
# Gives bindings of others their subjects back, from their annotation, and deletes all that Airlift made.
#
#   PLAN_K0S          the k0s binary
#   PLAN_KUBECONFIG   an administrator's
#   PLAN_RBAC         not needed; every script of a step gets the same variables
set -eu
kubectl() { "$PLAN_K0S" kubectl --kubeconfig "$PLAN_KUBECONFIG" --cache-dir /dev/null "$@"; }

before=mke3-migrate.example/original-subjects
for kind in clusterrolebindings rolebindings; do
  # A name has no blank; the subjects are one line of JSON. Asked for on its own: a pipe would hide that it failed.
  changed=$(kubectl get "$kind" -A -o go-template='
{{- range .items}}{{if .metadata.annotations -}}
{{if index .metadata.annotations "'"$before"'" -}}
{{or .metadata.namespace "-"}} {{.metadata.name}} {{index .metadata.annotations "'"$before"'"}}{{"\n"}}{{end}}{{end}}{{end}}')
  printf '%s\n' "$changed" | while read -r namespace name subjects; do
    # In one write, so that neither is ever there without the other; null takes the annotation away.
    patch="{\"metadata\":{\"annotations\":{\"$before\":null}},\"subjects\":$subjects}"
    case $namespace in
    '') ;;
    -) kubectl patch "$kind" "$name" --type=merge --field-manager=airlift -p "$patch" ;;
    *) kubectl patch "$kind" "$name" -n "$namespace" --type=merge --field-manager=airlift -p "$patch" ;;
    esac
  done
  kubectl delete "$kind" -A -l mke3-migrate.example/kind --ignore-not-found
done
kubectl delete clusterroles -l mke3-migrate.example/kind --ignore-not-found
