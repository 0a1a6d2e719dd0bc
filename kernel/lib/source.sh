# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # kernel_dir, vm_dir and cache_dir are the caller's
# The source tree of the companion kernel: package, git, series. Sourced by
# build and check, after tests/vm/lib/host.sh and build-kernel.sh.

# source_version: version = the newest version of the package that BASE names.
source_version() {
	local suites package made_for
	. "$kernel_dir/BASE"
	read -r _ version _ < <("$vm_dir/fetch" --version-only "$suites" "$package") ||
		die "no version of $package is known; is the network there?"
	[[ $version = "$made_for" ]] || note "the series was made for $made_for, taking $version"
}

# series_patches: the paths of the patches, in order.
series_patches() {
	local patch
	while read -r patch; do
		[[ $patch && $patch != \#* ]] || continue
		[[ -r $kernel_dir/$patch ]] || die "$kernel_dir/series names $patch, which is not there"
		echo "$kernel_dir/$patch"
	done <"$kernel_dir/series"
}

# git_in TREE ARGUMENT...: git without the settings of the machine.
git_in() {
	local tree=$1
	shift
	GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null git -C "$tree" \
		-c user.name=tiered -c user.email=tiered@localhost -c gc.auto=0 \
		-c advice.detachedHead=false "$@"
}

# source_prepare: source = the folder of this version, with linux/, where kernels
# are built, and am/, where patches are applied: that touches files, also those
# that are the same afterwards, which would be compiled again. deb = the package.
source_prepare() {
	local suites package made_for old got
	. "$kernel_dir/BASE"
	source=$cache_dir/companion/${version//[^0-9A-Za-z.+]/_}
	read -r _ got deb < <("$vm_dir/fetch" "$suites" "$package") ||
		die "cannot get $package $version"
	[[ $got = "$version" ]] ||
		die "the archive has gone on from $package $version to $got; once more, please"
	[[ ! -e $source/complete ]] || return 0
	# Of the package before this one, 5 GB.
	for old in "$cache_dir"/companion/*; do
		[[ ! -d $old ]] || rm -rf "$old"
	done
	mkdir -p "$source"
	unpack_source "$deb" "$source/linux"
	# Debian's own .gitignore leaves everything out, so -f.
	{
		git_in "$source/linux" init -q
		git_in "$source/linux" add -A -f .
		git_in "$source/linux" commit -q -m "$package $version"
		git_in "$source/linux" tag base
		git_in "$source/linux" worktree add -q --detach ../am base
	} || die "cannot make a git tree in $source"
	: >"$source/complete"
}

# apply_patch PATCH: on top of what is in am/.
apply_patch() {
	git_in "$source/am" am -q "$1" || {
		git_in "$source/am" am --abort || true
		return 1
	}
}

# series_states: "TAG PATCH" for each patch: the state after it.
series_states() {
	local state=base patch tag patches
	patches=$(series_patches) || exit 1
	# What one that was killed has left.
	git_in "$source/am" am --abort 2>/dev/null || true
	git_in "$source/am" reset -q --hard || die "cannot reset the tree in $source/am"
	while read -r patch; do
		tag=p-$({ echo "$state" && cat "$patch"; } | sha256sum | cut -c1-16)
		if ! git_in "$source/am" rev-parse -q --verify "refs/tags/$tag" >/dev/null; then
			git_in "$source/am" checkout -q --detach "$state" ||
				die "cannot check out $state in $source/am"
			apply_patch "$patch" >&2 || die "${patch##*/} does not apply to ${state/#p-*/what is before it}, $version"
			git_in "$source/am" tag "$tag"
		fi
		state=$tag
		echo "$tag ${patch##*/}"
	done <<<"$patches"
}

# series_commit [MUTANT]: prints the commit of the whole series, and a mutant on top.
series_commit() {
	local states state
	states=$(series_states) || exit 1
	state=$(tail -1 <<<"$states" | cut -d ' ' -f 1)
	if [[ ${1-} ]]; then
		git_in "$source/am" checkout -q --detach "$state" ||
			die "cannot check out $state in $source/am"
		git_in "$source/am" apply --index "$1" >&2 || die "mutant ${1##*/} does not apply"
		git_in "$source/am" commit -q -m "mutant ${1##*/}" || die "cannot commit in $source/am"
		state=HEAD
	fi
	git_in "$source/am" rev-parse "$state"
}

# source_checkout COMMIT: in linux/, touching only what differs.
source_checkout() {
	git_in "$source/linux" checkout -q --detach -f "$1" || die "cannot check out $1 in $source/linux"
}
