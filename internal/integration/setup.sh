#!/bin/sh
# Installs what the suites against real servers need and what is not there yet: Debian packages (as root, or by sudo
# without a password), oidc-provider from npm into the folder given as $1, and go-httpbin into the one given as $2.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
modules=$1
httpbin=$2

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
if [ -n "$packages" ]; then
	sudo=
	[ "$(id -u)" = 0 ] || sudo="sudo -n"
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
