#!/bin/sh
# Collects what Airlift needs to know of an MKE 3 cluster: its configuration, nodes, accounts, roles and grants. It only
# reads; nothing in the cluster changes.
#
#   MKE_URL=https://mke.example.com MKE_CA=ca.pem sh collect.sh [all|kubernetes]
#
# Run it in the site directory, on a machine that reaches MKE. `kubernetes` fetches only what kubectl fetches. It needs
# curl, awk, sed, cmp and sha256sum, and kubectl with an administrator's client bundle for the nodes and Kubernetes' own roles.
#
#   MKE_URL       the address of MKE
#   MKE_CA        its CA as PEM: `curl -k $MKE_URL/ca`, compared with what the browser shows
#   MKE_USER      an administrator; asked for where it is not set
#   MKE_PASSWORD  the password; asked for where it is not set. Never given to a command as an argument
#   MKE_TOKEN     or a session token instead of both, where a login needs a browser
#   MKE_BUNDLES   `yes` counts client bundles too: one more call for each user
#   MKE_LIMIT     accounts on a page, 100
#   MKE_SECONDS   for one answer, 60
#   KUBECTL       the kubectl to run
#
# Written: mke3.toml, nodes.json, access/ and collected.sha256. Each part appears whole or not at all. Run again, it
# replaces what it wrote itself: access/names.yaml, access/htpasswd and other files of yours stay, a mke3.toml or nodes.json
# that somebody changed becomes NAME.before, and an access/ that is complete is not replaced by one that is not. Where a run
# is cut off while it puts access/ in place, the old one lies in access.parked; the next run brings it back. What could not be
# had is said at the end. mke3.toml holds secrets. Exit code: 0 if all was there, 1 if something is missing, 2 if nothing was
# written, or the run was cut off.
set -u
umask 077
LC_ALL=C
export LC_ALL

what=${1:-all}
limit=${MKE_LIMIT:-100}
seconds=${MKE_SECONDS:-60}
kubectl=${KUBECTL:-kubectl}
token=${MKE_TOKEN:-}
user=${MKE_USER:-}
password=${MKE_PASSWORD:-}
# From here on no child process sees them.
unset MKE_TOKEN MKE_USER MKE_PASSWORD
missing=''
work=.collect.$$
tab=$(printf '\t')

say() { printf '%s\n' "$*" >&2; }
fail() {
  say "error: $*"
  exit 2
}
lack() {
  say "missing: $*"
  missing="$missing$*
"
}
# Also where somebody presses Ctrl-C at the question for the password.
unseen=no
show() {
  if [ "$unseen" = yes ]; then
    unseen=no
    stty echo
    echo >&2
  fi
}
# However a run ends, access/ is there: the new one, or the old one again.
parked=no
unpark() {
  [ "$parked" = yes ] && [ -e access.parked ] || return 0
  if [ -e access ]; then mv access.parked "$work/access.old"; else mv access.parked access; fi
}
trap 'trap "" HUP INT TERM; show; unpark; rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM

# A text inside double quotes, for JSON and for curl's configuration alike.
quote() { printf '%s' "$1" | sed 's/\\/\\\\/g; s/"/\\"/g'; }

# Reads JSON. Prints `top KEY VALUE` for members of the outermost object and `INDEX KEY VALUE` for members of the objects
# in the list LIST of it (or of the outermost list), with tabs between. Fails where the text breaks off.
members() {
  awk -v list="$1" '
    BEGIN { RS = "\""; depth = 0; inside = 0; bad = 0 }
    function hex(c) { return index("0123456789abcdef", tolower(c)) - 1 }
    function utf8(n) {
      if (n < 128) return sprintf("%c", n)
      if (n < 2048) return sprintf("%c%c", 192 + int(n / 64), 128 + n % 64)
      if (n < 65536) return sprintf("%c%c%c", 224 + int(n / 4096), 128 + int(n / 64) % 64, 128 + n % 64)
      return sprintf("%c%c%c%c", 240 + int(n / 262144), 128 + int(n / 4096) % 64, 128 + int(n / 64) % 64, 128 + n % 64)
    }
    function plain(s,   out, i, c, n, low) {
      if (index(s, "\\") == 0) return s
      out = ""
      for (i = 1; i <= length(s); i++) {
        c = substr(s, i, 1)
        if (c != "\\") { out = out c; continue }
        c = substr(s, ++i, 1)
        if (c == "u") {
          n = hex(substr(s, i + 1, 1)) * 4096 + hex(substr(s, i + 2, 1)) * 256 + hex(substr(s, i + 3, 1)) * 16 + hex(substr(s, i + 4, 1))
          i += 4
          if (n >= 55296 && n < 56320 && substr(s, i + 1, 2) == "\\u") {
            low = hex(substr(s, i + 3, 1)) * 4096 + hex(substr(s, i + 4, 1)) * 256 + hex(substr(s, i + 5, 1)) * 16 + hex(substr(s, i + 6, 1))
            n = 65536 + (n - 55296) * 1024 + low - 56320
            i += 6
          }
          out = out utf8(n)
        } else if (c == "n" || c == "r" || c == "t" || c == "b" || c == "f") out = out " "
        else out = out c
      }
      return out
    }
    function value(v) {
      if (depth == 1 && kind[1] == "{") print "top\t" key[1] "\t" v
      else if (depth == 3 && kind[3] == "{" && kind[2] == "[" && key[1] == list) print at[2] "\t" key[3] "\t" v
      else if (depth == 2 && kind[2] == "{" && kind[1] == "[") print at[1] "\t" key[2] "\t" v
    }
    function word() { if (bare != "") { value(bare); bare = "" } }
    function structure(s,   i, c) {
      for (i = 1; i <= length(s); i++) {
        c = substr(s, i, 1)
        if (c == "{" || c == "[") { depth++; kind[depth] = c; at[depth] = 0; key[depth] = ""; name[depth] = (c == "{"); seen = 1 }
        else if (c == "}" || c == "]") {
          word()
          if (depth < 1 || kind[depth] != (c == "}" ? "{" : "[")) bad = 1
          depth--
        }
        else if (c == ",") { word(); at[depth]++; name[depth] = (kind[depth] == "{") }
        else if (c == ":") name[depth] = 0
        else if (c ~ /[ \t\r\n]/) word()
        else bare = bare c
      }
    }
    !inside { structure($0); inside = 1; text = ""; next }
    {
      text = text $0
      match($0, /\\*$/)
      if (RLENGTH % 2) { text = text "\""; next }
      inside = 0
      text = plain(text)
      if (name[depth]) key[depth] = text
      else value(text)
    }
    # What follows the last quote is a record of its own; a text that ends inside of one leaves `inside` off.
    END { exit (bad || depth != 0 || !seen || !inside) }
  '
}

# Runs curl. Its configuration, with the token in it, comes on standard input. Prints the status; 000 is no answer.
ask() {
  {
    printf 'url = "%s"\n' "$(quote "$MKE_URL$2")"
    printf 'output = "%s"\n' "$(quote "$1")"
    printf 'silent\nshow-error\n'
    printf 'globoff\nwrite-out = "%%{http_code}"\nmax-time = %s\nconnect-timeout = 15\n' "$seconds"
    if [ -n "${MKE_CA:-}" ]; then printf 'cacert = "%s"\n' "$(quote "$MKE_CA")"; fi
    cat
  } | curl -q --config - 2>"$work/curl.log"
  status=$?
  if [ "$status" != 0 ]; then
    rm -f "$1"
    printf '000'
  fi
}

log_in() {
  [ -n "$user" ] || return 1
  body=$(printf '{"username":"%s","password":"%s"}' "$(quote "$user")" "$(quote "$password")")
  code=$(printf 'header = "Content-Type: application/json"\ndata = "%s"\n' "$(quote "$body")" | ask "$work/login" /auth/login)
  token=''
  if [ -f "$work/login" ]; then
    token=$(members '' <"$work/login" | sed -n "s/^top${tab}auth_token${tab}//p")
    rm -f "$work/login"
  fi
  case $code in
  2*) [ -n "$token" ] && return 0 ;;
  esac
  case $code in
  2*) why="$MKE_URL answers a login with something that is not MKE's" ;;
  *000) why="$MKE_URL does not answer: $(tail -n 1 "$work/curl.log" 2>/dev/null)" ;;
  401 | 403) why="MKE refuses the login of $user: wrong name or password ($code)" ;;
  404) why="there is no MKE at $MKE_URL (404)" ;;
  *) why="the server failed at the login ($code)" ;;
  esac
  return 1
}

# get FILE PATH [NAME=VALUE ...]: tries three times; logs in once more where the token has expired.
get() {
  file=$1 path=$2
  shift 2
  try=1 again=yes why=''
  while [ "$try" -le 3 ]; do
    code=$({
      printf 'header = "Authorization: Bearer %s"\n' "$(quote "$token")"
      case $path in
      */config-toml) printf 'header = "Accept: application/toml"\n' ;;
      esac
      if [ $# -gt 0 ]; then printf 'get\n'; fi
      for pair in "$@"; do printf 'data-urlencode = "%s"\n' "$(quote "$pair")"; done
    } | ask "$file" "$path")
    case $code in
    200) return 0 ;;
    401)
      why='the login has expired or is not valid'
      if [ "$again" = yes ] && log_in; then
        again=no
        continue
      fi
      return 1
      ;;
    403)
      why='refused: the account is no administrator (403)'
      return 1
      ;;
    404)
      why='not there (404)'
      return 4
      ;;
    *000) why="no whole answer ($(tail -n 1 "$work/curl.log" 2>/dev/null))" ;;
    *) why="the server failed ($code)" ;;
    esac
    try=$((try + 1))
    [ "$try" -gt 3 ] || sleep "${MKE_PAUSE:-2}"
  done
  return 1
}

# json FILE PATH [NAME=VALUE ...]: as get, for one answer in JSON; also one without its end is none.
json() {
  get "$@"
  result=$?
  [ "$result" = 0 ] || return "$result"
  if members '' <"$1" >/dev/null; then return 0; fi
  why='not JSON, or cut off'
  return 1
}

# pages FILE LIST PATH [NAME=VALUE ...]: all pages as a list, and LIST's members in FILE.members.
pages() {
  into=$1 list=$2 from=$3
  shift 3
  next='' count=0
  : >"$work/starts"
  printf '[' >"$into"
  : >"$into.members"
  while :; do
    if [ -n "$next" ]; then json "$work/page" "$from" "limit=$limit" "$@" "start=$next"; else json "$work/page" "$from" "limit=$limit" "$@"; fi || return 1
    members "$list" <"$work/page" >"$work/lines" || return 1
    [ "$count" = 0 ] || printf ',' >>"$into"
    cat "$work/page" >>"$into"
    sed "s/^\([0-9]\)/$count.\1/" "$work/lines" | sed '/^top/d' >>"$into.members"
    next=$(sed -n "s/^top${tab}nextPageStart${tab}//p" "$work/lines")
    count=$((count + 1))
    case $next in
    '' | null) break ;;
    esac
    if grep -qxF -e "$next" "$work/starts"; then
      why='its pages do not end'
      return 1
    fi
    printf '%s\n' "$next" >>"$work/starts"
  done
  printf ']' >>"$into"
}

# ids FILE.members [KEY VALUE]: the ids, of those with this member alone. Only plain ones: they go into addresses.
ids() {
  awk -F "$tab" -v key="${2:-}" -v value="${3:-}" '
    $2 == "id" { id[$1] = $3; order[n++] = $1 }
    $2 == key && $3 == value { yes[$1] = 1 }
    END { for (i = 0; i < n; i++) if (key == "" || yes[order[i]]) if (id[order[i]] ~ /^[A-Za-z0-9-]+$/) print id[order[i]]; else bad = 1; exit bad }
  ' "$1"
}

# part NAME PATH: `"NAME":ANSWER` in the file part; an answer that is not there (404) is left out.
part() {
  json "$work/answer" "$2"
  case $? in
  0)
    printf '%s"%s":' "$comma" "$1" >>"$work/part"
    cat "$work/answer" >>"$work/part"
    comma=,
    ;;
  4) ;;
  *) lack "$2: $why" ;;
  esac
}

# listed NAME LIST PATH: as part, for all pages of a list that must be there.
listed() {
  if pages "$work/list" "$2" "$3"; then
    printf '%s"%s":' "$comma" "$1" >>"$work/part"
    cat "$work/list" >>"$work/part"
    comma=,
  else
    lack "$3: $why"
    return 1
  fi
}

# place NAME: the file part becomes access/NAME, unless none of its answers was there.
place() {
  if [ -n "$comma" ]; then mv "$work/part" "$work/access/$1"; fi
}

organization() {
  base=/accounts/$1
  printf '{"orgs":{"%s":{' "$1" >"$work/part"
  comma=''
  listed members members "$base/members"
  part adminMemberSyncConfig "$base/adminMemberSyncConfig"
  if listed teams teams "$base/teams"; then
    if teams=$(ids "$work/list.members"); then
      printf '%s"teamDetails":{' "$comma" >>"$work/part"
      separator=''
      for team in $teams; do
        printf '%s"%s":{' "$separator" "$team" >>"$work/part"
        comma='' separator=,
        listed members members "$base/teams/$team/members"
        part memberSyncConfig "$base/teams/$team/memberSyncConfig"
        part kaasRoleConfig "$base/teams/$team/kaasRoleConfig"
        printf '}' >>"$work/part"
      done
      printf '}' >>"$work/part"
    else
      lack "$base/teams: an id that is none"
    fi
  fi
  printf '}}}\n' >>"$work/part"
  mv "$work/part" "$work/access/org-$1.json"
}

accounts() {
  if ! pages "$work/accounts" accounts /accounts filter=all; then
    lack "/accounts: $why"
    return
  fi
  { printf '{"accounts":' && cat "$work/accounts" && printf '}\n'; } >"$work/access/accounts.json"
  if orgs=$(ids "$work/accounts.members" isOrg true); then
    for org in $orgs; do organization "$org"; done
  else
    lack '/accounts: an id that is none'
  fi
  if [ "${MKE_BUNDLES:-no}" = yes ] && users=$(ids "$work/accounts.members" isOrg false); then
    printf '{"publicKeys":{' >"$work/part"
    comma=''
    for id in $users; do listed "$id" accountPublicKeys "/accounts/$id/publicKeys"; done
    printf '}}\n' >>"$work/part"
    mv "$work/part" "$work/access/bundles.json"
  fi
}

swarm() {
  printf '{' >"$work/part"
  comma=''
  part roles /roles
  if json "$work/answer" /collections "limit=10000"; then
    printf '%s"collections":' "$comma" >>"$work/part"
    cat "$work/answer" >>"$work/part"
    comma=,
  else
    lack "/collections: $why"
  fi
  plain_limit=$limit
  limit=10000
  if pages "$work/list" grants /collectionGrants subjectType=all expandUser=false showPaths=true; then
    printf '%s"collectionGrants":' "$comma" >>"$work/part"
    cat "$work/list" >>"$work/part"
    comma=,
  else
    lack "/collectionGrants: $why"
  fi
  limit=$plain_limit
  printf '}\n' >>"$work/part"
  place swarm.json
}

settings() {
  printf '{' >"$work/part"
  comma=''
  part authConfig /enzi/v0/config/auth
  part ldapConfig /enzi/v0/config/auth/ldap
  printf '}\n' >>"$work/part"
  place settings.json
}

toml() {
  if ! get "$work/mke3.toml" /api/ucp/config-toml; then
    lack "mke3.toml: $why"
    rm -f "$work/mke3.toml"
    return
  fi
  case $(head -c 1 "$work/mke3.toml") in
  '' | '{' | '<')
    lack 'mke3.toml: the server answered with something else'
    rm -f "$work/mke3.toml"
    ;;
  esac
}

# kube FILE ARGUMENT...: what kubectl prints, where it is a whole list.
kube() {
  file=$1
  shift
  if "$kubectl" get "$@" -o json --request-timeout="${seconds}s" >"$file" 2>"$work/kubectl.log" </dev/null &&
    members items <"$file" >/dev/null; then
    return 0
  fi
  lack "kubectl get $*: $(head -n 1 "$work/kubectl.log")"
  rm -f "$file"
  return 1
}

kubernetes() {
  if ! command -v "$kubectl" >/dev/null 2>&1; then
    lack "nodes and Kubernetes' own roles: there is no kubectl; run \`sh collect.sh kubernetes\` where there is one"
    return
  fi
  kube "$work/nodes.json" nodes || return
  printf '{"kubernetes":{' >"$work/part"
  comma=''
  for kind in namespaces clusterroles roles clusterrolebindings rolebindings; do
    case $kind in
    roles | rolebindings) kube "$work/answer" "$kind" -A || return ;;
    *) kube "$work/answer" "$kind" || return ;;
    esac
    printf '%s"%s":' "$comma" "$kind" >>"$work/part"
    cat "$work/answer" >>"$work/part"
    comma=,
  done
  printf '}}\n' >>"$work/part"
  mv "$work/part" "$work/access/kubernetes.json"
}

# What was missing goes into the export, so that nobody takes it for whole.
meta() {
  printf '{"meta":{"collector":"airlift collect.sh 1","server":"%s","missing":[' "$(quote "${MKE_URL:-}")"
  comma=''
  printf '%s' "$missing" | grep -v -e '^mke3.toml' -e '^kubectl' -e '^nodes and' | while IFS= read -r line; do
    printf '%s"%s"' "$comma" "$(quote "$line" | tr -d '\000-\037')"
    comma=,
  done
  printf ']}}\n'
}

is_complete() { grep -q '"missing":\[\]' "$1/meta.json" 2>/dev/null; }

# The new folder is whole before it takes the old one's place.
access() {
  for file in access/* access/.[!.]*; do
    [ -e "$file" ] || continue
    # Of what an earlier run wrote only what this one could not have, or was not asked for.
    case ${file#access/} in
    kubernetes.json) [ ! -f "$work/access/kubernetes.json" ] || continue ;;
    accounts.json | bundles.json | meta.json | org-*.json | settings.json | swarm.json) [ "$what" = kubernetes ] || continue ;;
    esac
    cp -pR "$file" "$work/access/" || fail "$file could not be copied; access/ stays as it was"
  done
  # What people wrote lies in the old folder until the new one is on the disk.
  sync -f "$work" 2>/dev/null || sync
  parked=yes
  if [ -d access ]; then mv access access.parked || fail 'access/ could not be moved, and is as it was'; fi
  mv "$work/access" access || fail 'access/ could not be put in place, and is as it was'
  unpark
  parked=no
}

install_parts() {
  if [ "$what" = all ] && is_complete access && ! is_complete "$work/access"; then
    say 'note: access/ stays as it was, since the new one would not be complete'
  else
    access
  fi
  for name in mke3.toml nodes.json; do
    [ -f "$work/$name" ] || continue
    # What differs, and is not what an earlier run wrote, is somebody's work.
    if [ -f "$name" ] && ! cmp -s "$work/$name" "$name" && ! grep -qxF "$(sha256sum "$name")" collected.sha256 2>/dev/null; then
      mv -f "$name" "$name.before"
      say "note: $name was not as an earlier run wrote it; it is $name.before now"
    fi
    mv -f "$work/$name" "$name"
  done
  for name in mke3.toml nodes.json access/*; do
    if [ -f "$name" ]; then sha256sum "$name"; fi
  done >"$work/sums"
  mv -f "$work/sums" collected.sha256
}

case $what in
all | kubernetes) ;;
-h | --help | help)
  # The comment at the top of this file.
  sed -n '2,/^set -u/s/^# \{0,1\}//p' "$0"
  exit 0
  ;;
*) fail "the argument is 'all' or 'kubernetes', not '$what'; --help says more" ;;
esac
for tool in curl awk sed sha256sum cmp; do
  command -v "$tool" >/dev/null 2>&1 || fail "$tool is not installed"
done
if [ -d access.parked ]; then
  [ ! -e access ] || fail 'access.parked is the access/ of before a run that was cut off: compare both, and take access.parked away'
  mv access.parked access || fail 'access.parked is the access/ of before a run that was cut off, and can not be moved back'
  say 'note: an earlier run was cut off; access/ is back as it was before'
fi
mkdir "$work" "$work/access" || fail 'this directory can not be written to'
if [ "$what" = all ]; then
  MKE_URL=${MKE_URL:-}
  MKE_URL=${MKE_URL%/}
  case $MKE_URL in
  https://*) ;;
  http://127.0.0.1:*) ;;
  '') fail 'set MKE_URL, for example MKE_URL=https://mke.example.com' ;;
  *) fail 'MKE_URL must begin with https://; a password would travel in the clear' ;;
  esac
  if [ -n "${MKE_CA:-}" ] && [ ! -r "$MKE_CA" ]; then fail "MKE_CA: $MKE_CA can not be read"; fi
  if [ -z "$token" ]; then
    if [ -z "$user" ]; then
      printf 'User: ' >&2
      IFS= read -r user || fail 'nobody to ask for the user: set MKE_USER'
    fi
    if [ -z "$password" ]; then
      printf 'Password of %s: ' "$user" >&2
      if [ -t 0 ] && stty -echo; then unseen=yes; fi
      IFS= read -r password || fail 'nobody to ask for the password: set MKE_PASSWORD'
      show
    fi
    log_in || fail "$why"
  fi
  toml
  accounts
  swarm
  settings
fi
kubernetes
if [ "$what" = all ]; then meta >"$work/access/meta.json"; fi
install_parts
if [ -n "$missing" ]; then
  say ''
  say 'Not everything could be had. What was written is whole in its parts; run this again when it can be:'
  printf '%s' "$missing" | sed 's/^/  /' >&2
  exit 1
fi
say 'Everything was there. If this is not the site directory, copy mke3.toml, nodes.json, access/ and collected.sha256 to it;'
say 'there, "sha256sum -c collected.sha256" tells whether they arrived whole.'
