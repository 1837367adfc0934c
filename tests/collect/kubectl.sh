#!/bin/sh
# A kubectl that prints the lists of a fixture: `kubectl get KIND [-A] -o json …`. EXPORT is its export.json.
exec python3 -c '
import json, os, sys
kind = sys.argv[1]
lists = json.load(open(os.environ["EXPORT"], encoding="utf-8"))["kubernetes"]
lists["nodes"] = {"apiVersion": "v1", "kind": "List", "items": []}
print(json.dumps(lists[kind], indent=4))
' "$2"
