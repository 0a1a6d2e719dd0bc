# SPDX-License-Identifier: GPL-2.0-only
# Shared by the host-side scripts of tests/vm: messages, the cache folder,
# locks. Sourced by bash, never run.

vm_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
repo_dir=$(cd "$vm_dir/../.." && pwd)
# Everything fetched or built lives outside of the tree, so that a clean
# checkout does not have to build a kernel again.
cache_dir=${TIERED_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tiered}
me=${0##*/}

note() { printf '%s: %s\n' "$me" "$*" >&2; }
die() { printf '%s: error: %s\n' "$me" "$*" >&2; exit 1; }

# need_program PROGRAM PACKAGE: one clear line instead of "not found" later.
need_program() {
	command -v "$1" >/dev/null ||
		die "'$1' is missing; install the Debian package '$2' ('make deps' installs all)"
}

# lock NAME: one process at a time does the work named NAME; held until exit.
lock() {
	mkdir -p "$cache_dir/locks" 2>/dev/null || die "cannot create $cache_dir/locks; set TIERED_CACHE to a writable folder"
	exec {lock_fd}>"$cache_dir/locks/$1"
	flock -n "$lock_fd" && return
	note "waiting for another process that works on '$1'"
	flock "$lock_fd"
}

# sum FILE...: one short hash over names and contents, for cache keys.
sum() { sha256sum -- "$@" | sha256sum | cut -c1-16; }
