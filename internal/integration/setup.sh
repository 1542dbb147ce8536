#!/bin/sh
# Installs what the suites against real servers need and what is not there yet: Debian packages (as root, or by sudo
# without a password), oidc-provider from npm into the folder given as $1, go-httpbin into the one given as $2, zitadel's
# example provider into $3, and Debian's Glewlwyd, unpacked and not installed, into $4.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
modules=$1
httpbin=$2
zitadel=$3
glewlwyd=$4

packages=
want() { command -v "$1" >/dev/null || packages="$packages $2"; }
want curl curl
want dbus-run-session dbus
want gnome-keyring-daemon gnome-keyring
want secret-tool libsecret-tools
want node nodejs
want npm npm
want nginx nginx-light
want nghttpx nghttp2-proxy
want tinyproxy tinyproxy
want chromium chromium
want sqlite3 sqlite3
# What Glewlwyd links to. The package itself would set up a service and a database.
if [ ! -x "$glewlwyd/usr/bin/glewlwyd" ] && ! ldconfig -p | grep -q libulfius.so.2.7; then
	packages="$packages libcbor0.8 libconfig9 libhoel1.4 libiddawc1.1 libldap-2.5-0 liboath0 liborcania2.3 librhonabwy1.1"
	packages="$packages libulfius2.7 libyder2.0"
fi
sudo=
[ "$(id -u)" = 0 ] || sudo="sudo -n"
if [ -n "$packages" ]; then
	$sudo apt-get -q update
	# shellcheck disable=SC2086 # a list of words
	DEBIAN_FRONTEND=noninteractive $sudo apt-get -q install -y --no-install-recommends $packages
fi

if [ ! -d "$modules/node_modules/oidc-provider" ]; then
	mkdir -p "$modules"
	cp "$here/kit/package.json" "$here/kit/package-lock.json" "$modules/"
	(cd "$modules" && npm ci --ignore-scripts --no-audit --no-fund)
fi

if [ ! -x "$httpbin/go-httpbin" ]; then
	GOBIN=$httpbin go install "github.com/mccutchen/go-httpbin/v2/cmd/go-httpbin@v${httpbin##*-}"
fi

if [ ! -x "$zitadel/zitadel-op" ]; then
	mkdir -p "$zitadel"
	(cd "$here/kit/zitadel" && CGO_ENABLED=0 GOFLAGS=-buildvcs=false go build -trimpath -o "$zitadel/zitadel-op" .)
	key=$(cd "$here/kit/zitadel" && go list -m -f '{{.Dir}}' github.com/zitadel/oidc/v3)/example/server/service-key1.json
	install -m 600 "$key" "$zitadel/service-key1.json"
fi

if [ ! -x "$glewlwyd/usr/bin/glewlwyd" ]; then
	apt-cache show glewlwyd >/dev/null 2>&1 || $sudo apt-get -q update
	mkdir -p "$glewlwyd"
	(cd "$glewlwyd" && apt-get -q download glewlwyd && dpkg-deb -x glewlwyd_*.deb . && rm -f glewlwyd_*.deb)
fi
