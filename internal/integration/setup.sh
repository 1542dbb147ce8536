#!/bin/sh
# Installs what the suites against real servers need and what is not there yet: Debian packages (as root, or by sudo
# without a password) and oidc-provider from npm, into the folder given as $1.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
modules=$1

packages=
want() { command -v "$1" >/dev/null || packages="$packages $2"; }
want curl curl
want dbus-run-session dbus
want gnome-keyring-daemon gnome-keyring
want secret-tool libsecret-tools
want node nodejs
want npm npm
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
