#!/bin/sh
# Removes the file with password hashes.
#
#   PLAN_LOGINS   the file
set -eu
rm -f "$PLAN_LOGINS"
