#!/bin/sh
# demo.sh AUTHCTL starts the sandbox and shows, for each provider, what authctl is for: a token from the network, the
# same token from the cache, and a call that carries it. Nothing of the user's is read or written.
set -eu
if [ $# -gt 0 ]; then
	bin=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
	home=$(mktemp -d)
	trap 'rm -rf "$home"' EXIT
	mkdir -m 700 "$home/run"
	for name in $(env | sed -n 's/^\(AUTHCTL_[A-Z_]*\)=.*/\1/p'); do unset "$name"; done
	export AUTHCTL="$bin" HOME="$home" XDG_CONFIG_HOME="$home/config" XDG_CACHE_HOME="$home/cache" \
		XDG_RUNTIME_DIR="$home/run"
	"$bin" sandbox -- sh "$0"
	exit
fi

fail() {
	echo "demo: $*" >&2
	exit 1
}
show() { printf '  %-40s %s\n' "$1" "$2"; }
# field NAME reads one text member of the JSON object on stdin.
field() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p"; }

for profile in tnco apic entra mulesoft; do
	echo "== $profile"
	first=$("$AUTHCTL" token get -p "$profile" --format json) || fail "$profile: no token"
	[ "$(echo "$first" | field source)" = network ] || fail "$profile: the first token did not come from the network"
	again=$("$AUTHCTL" token get -p "$profile" --format json) || fail "$profile: no token the second time"
	[ "$(echo "$again" | field source)" = cache ] || fail "$profile: the second token did not come from the cache"
	[ "$(echo "$first" | field access_token)" = "$(echo "$again" | field access_token)" ] ||
		fail "$profile: the two tokens differ"
	show "authctl token get -p $profile" "a token from the network, until $(echo "$first" | field expires_at)"
	show "authctl token get -p $profile" "the same token from the cache"
	reply=$("$AUTHCTL" call GET /things -p "$profile") || fail "$profile: the call was not answered"
	[ -n "$reply" ] || fail "$profile: the answer is empty"
	show "authctl call GET /things -p $profile" "answered:"
	echo "$reply" | cut -c 1-116 | sed 's/^/    /'
done
echo
echo "Four providers, four tokens, four calls. The same commands work with your own profiles.yaml."
