#!/bin/sh
# Runs the suites against real servers that can run on this machine. With CI or SETUP=1 it installs what they need
# first. What was skipped is said in the last lines, with the command that installs it; in CI that is a failure.
set -u
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.." || exit 1
tools=${XDG_CACHE_HOME:-$HOME/.cache}/authctl-tools
provider=$(sed -n 's/.*"oidc-provider": "\(.*\)".*/\1/p' "$here/kit/package.json")
ISSUER_MODULES=$tools/oidc-provider-$provider
HTTPBIN_DIR=$tools/go-httpbin-2.26.0
HTTPBIN=$HTTPBIN_DIR/go-httpbin
ZITADEL_DIR=$tools/zitadel-op-$(sed -n 's/^require .*oidc.v3 v//p' "$here/kit/zitadel/go.mod")
ZITADEL_OP=$ZITADEL_DIR/zitadel-op
ZITADEL_KEY=$ZITADEL_DIR/service-key1.json
GLEWLWYD=$tools/glewlwyd-2.7.5
set -- "$ISSUER_MODULES" "$HTTPBIN_DIR" "$ZITADEL_DIR" "$GLEWLWYD"
export ISSUER_MODULES HTTPBIN ZITADEL_OP ZITADEL_KEY GLEWLWYD
# The page of what ran, for docs/idp-matrix.md: IDP_MATRIX=docs/idp-matrix.md make test-idp
IDP_MATRIX=${IDP_MATRIX:+$(realpath "$IDP_MATRIX")}
export IDP_MATRIX

ci=
case ${CI:-} in '' | 0 | false) ;; *) ci=1 ;; esac
if [ -n "$ci${SETUP:-}" ]; then
	sh "$here/setup.sh" "$@" || echo "integration: the set-up did not succeed; what is there will run"
fi

passed='' failed='' skipped=''
suite() { # name, then the go test arguments
	name=$1
	shift
	echo "=== $name"
	if "$@"; then passed="$passed $name"; else failed="$failed $name"; fi
}
lacks() { # the commands that are not there
	for each in "$@"; do command -v "$each" >/dev/null || printf '%s ' "$each"; done
}
skip() { # name, what is missing, what installs it
	skipped="$skipped
*   $1: no $2
*     $3"
}
integration() { go test -tags integration -count=1 -timeout 4m "$@"; }
apt='apt-get install -y --no-install-recommends'

AUTHCTL_BIN=$(mktemp -d)/authctl
trap 'rm -rf "$(dirname "$AUTHCTL_BIN")"' EXIT
export AUTHCTL_BIN
CGO_ENABLED=0 go build -trimpath -buildvcs=false -o "$AUTHCTL_BIN" ./cmd/authctl || exit 1

missing=$(lacks node npm curl)
if [ -n "$missing" ]; then
	skip issuer "$missing" "$apt nodejs npm curl"
elif [ ! -d "$ISSUER_MODULES/node_modules/oidc-provider" ]; then
	skip issuer "oidc-provider" "sh internal/integration/setup.sh $*"
else
	suite issuer integration -run '^TestIssuer' ./internal/integration
fi

# One run of the matrix, of the servers that are there.
matrix=
there() { # suite, a file of its server, its test
	if [ -e "$2" ]; then matrix="$matrix${matrix:+|}$3"; else skip "$1" "$2" "SETUP=1 make test-idp"; fi
}
there matrix-of-oidc-provider "$ISSUER_MODULES/node_modules/oidc-provider" OIDCProvider
there matrix-of-zitadel "$ZITADEL_OP" Zitadel
there matrix-of-glewlwyd "$GLEWLWYD/usr/bin/glewlwyd" Glewlwyd
[ -z "$matrix" ] || suite matrix integration -run "^TestMatrixOf($matrix)" ./internal/integration
if [ -n "$(lacks chromium)" ]; then
	skip browser chromium "$apt chromium"
elif [ -d "$ISSUER_MODULES/node_modules/oidc-provider" ]; then
	suite browser integration -run '^TestBrowser' ./internal/integration
fi

missing=$(lacks curl)
if [ -n "$missing" ]; then
	skip curl "$missing" "$apt curl"
else
	suite curl integration -run '^TestCurl' ./internal/integration
fi

noted=
if [ -n "$(lacks kubectl)" ]; then # no Debian package brings one that is new enough, so that it is not asked for
	noted="integration: not tried: kubectl as a reader of exec credentials; https://kubernetes.io/docs/tasks/tools/"
else
	suite kubectl integration -run '^TestKubectl' ./internal/integration
fi

if "$here/kit/var-opt.sh" "$here" true 2>/dev/null; then
	suite arc integration -run '^TestArc' ./internal/integration
else
	noted="${noted:+$noted
}integration: not tried: Azure Arc's agent, which needs a mount namespace with a /var/opt of its own"
fi
suite killed integration -run '^TestKilled' ./internal/integration
suite refresh integration -run '^TestRefresh' ./internal/integration

party() { # suite, its command, its Debian package, its tests
	missing=$(lacks "$2")
	if [ -n "$missing" ]; then
		skip "$1" "$missing" "$apt $3"
	else
		suite "$1" integration -run "$4" ./internal/integration
	fi
}
PATH=$PATH:/usr/sbin
party nginx nginx nginx-light '^TestNginx'
party nghttpx nghttpx nghttp2-proxy '^TestNghttpx'
party tinyproxy tinyproxy tinyproxy '^TestTinyproxy'
party httpbin "$HTTPBIN" "golang && SETUP=1 make test" '^TestHttpbin'

missing=$(lacks gnome-keyring-daemon dbus-daemon dbus-run-session)
if [ -n "$missing" ]; then
	skip keyring "$missing" "$apt gnome-keyring dbus libsecret-tools"
else
	suite keyring integration -run '^TestKeyring' ./internal/integration
	suite keyring-store "$here/kit/keyring-session.sh" go test -tags integration -count=1 -timeout 2m ./internal/tokenstore/keyring
fi

echo
echo "integration: passed:${passed:- none}"
[ -z "$failed" ] || echo "integration: FAILED:$failed"
[ -z "$noted" ] || echo "$noted"
if [ -n "$skipped" ]; then
	echo "********************************************************************"
	echo "* NOT RUN on this machine:$skipped"
	echo "* or all at once: SETUP=1 make test"
	echo "********************************************************************"
fi
[ -z "$failed" ] && { [ -z "$skipped" ] || [ -z "$ci" ]; }
