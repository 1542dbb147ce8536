#!/bin/sh
# var-opt.sh DIR CMD... runs CMD with DIR as its /var/opt, in a mount namespace of its own: the machine's /var/opt stays
# as it is, and nobody else sees the other one. As root; else in a user namespace, where users may have one; else by sudo
# without a password, and CMD is the user's again.
# Needs util-linux. sudo takes the environment away: let CMD be env -i NAME=VALUE... CMD.
set -eu
# shellcheck disable=SC2016 # the inner shell expands
inside='mount --bind "$1" /var/opt && shift && exec "$@"'
if [ "$(id -u)" = 0 ]; then
	exec unshare -m sh -c "$inside" sh "$@"
fi
if unshare -rm mount --bind /var/opt /var/opt 2>/dev/null; then
	exec unshare -rm sh -c "$inside" sh "$@"
fi
dir=$1
shift
exec sudo -n unshare -m sh -c "$inside" sh "$dir" \
	setpriv --reuid "$(id -u)" --regid "$(id -g)" --clear-groups "$@"
