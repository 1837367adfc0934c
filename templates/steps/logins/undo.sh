#!/bin/sh
# Deletes the users of Dex that Airlift made.
#
#   K0S      the k0s binary
#   LOGINS   not needed; every script of a step gets the same variables
set -eu
"$K0S" kubectl delete passwords.dex.coreos.com -n mke -l mke3-migrate.example/kind=login --ignore-not-found
