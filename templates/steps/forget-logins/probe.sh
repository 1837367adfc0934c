#!/bin/sh
# Whether the file with password hashes is gone. Exit: 10 gone, 11 there.
#
#   PLAN_LOGINS   the file
set -u
if [ -e "$PLAN_LOGINS" ]; then exit 11; fi
exit 10
