#!/bin/sh
# keyring-session.sh CMD... runs CMD with a session bus, a home and an unlocked gnome-keyring of its own, and tells it
# so with AUTHCTL_TEST_KEYRING=1. No display, no prompt; the user's own keyring is out of reach.
# Needs gnome-keyring and dbus (dbus-run-session); not dbus-x11, which starts stray daemons.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# The go command keeps its cache where the folders below would hide it.
if command -v go >/dev/null; then
	GOCACHE=$(go env GOCACHE) GOMODCACHE=$(go env GOMODCACHE) GOENV=$(go env GOENV)
	export GOCACHE GOMODCACHE GOENV
fi
unset DISPLAY WAYLAND_DISPLAY DBUS_SESSION_BUS_ADDRESS
export HOME="$dir" XDG_RUNTIME_DIR="$dir/run" XDG_DATA_HOME="$dir/data" XDG_CONFIG_HOME="$dir/config" \
	XDG_CACHE_HOME="$dir/cache" AUTHCTL_TEST_KEYRING=1
mkdir -m 700 "$XDG_RUNTIME_DIR"
dbus-run-session -- sh -eu -c '
	printf test | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		dbus-send --session --print-reply --dest=org.freedesktop.secrets /org/freedesktop/secrets \
			org.freedesktop.DBus.Peer.Ping >/dev/null 2>&1 && break
		sleep 0.1
	done
	"$@"' keyring-session "$@"
