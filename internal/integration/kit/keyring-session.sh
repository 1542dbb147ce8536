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
# A bus that starts no services: else it would start a second, locked keyring in place of one that is slow to come.
cat >"$dir/bus.conf" <<'XML'
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
XML
# shellcheck disable=SC2016 # the inner shell expands
dbus-run-session --config-file="$dir/bus.conf" -- sh -eu -c '
	printf test | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
	tries=0
	until dbus-send --session --print-reply --dest=org.freedesktop.secrets /org/freedesktop/secrets \
		org.freedesktop.DBus.Peer.Ping >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || { echo "keyring-session: gnome-keyring-daemon did not come within 10 s" >&2; exit 1; }
		sleep 0.1
	done
	"$@"' keyring-session "$@"
