#!/bin/sh
# Gives bindings of others their subjects back, from their annotation, and deletes all that Airlift made.
#
#   K0S    the k0s binary
#   RBAC   not needed; every script of a step gets the same variables
set -eu
before=mke3-migrate.example/original-subjects
for kind in clusterrolebindings rolebindings; do
  # A name has no blank; the subjects are one line of JSON.
  "$K0S" kubectl get "$kind" -A -o go-template='
{{- range .items}}{{if .metadata.annotations -}}
{{if index .metadata.annotations "'"$before"'" -}}
{{or .metadata.namespace "-"}} {{.metadata.name}} {{index .metadata.annotations "'"$before"'"}}{{"\n"}}{{end}}{{end}}{{end}}' |
    while read -r namespace name subjects; do
      # In one write, so that neither is ever there without the other; null takes the annotation away.
      patch="{\"metadata\":{\"annotations\":{\"$before\":null}},\"subjects\":$subjects}"
      if [ "$namespace" = - ]; then
        "$K0S" kubectl patch "$kind" "$name" --type=merge --field-manager=airlift -p "$patch"
      else
        "$K0S" kubectl patch "$kind" "$name" -n "$namespace" --type=merge --field-manager=airlift -p "$patch"
      fi
    done
  "$K0S" kubectl delete "$kind" -A -l mke3-migrate.example/kind --ignore-not-found
done
"$K0S" kubectl delete clusterroles -l mke3-migrate.example/kind --ignore-not-found
