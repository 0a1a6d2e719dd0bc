# SPDX-License-Identifier: GPL-2.0-only
# Builds a guest kernel from a Debian source package, a config fragment over
# tinyconfig, and (for later kernels) a series of patches. Sourced by kernel.

# unpack_source DEB TARGET: the source tree of a linux-source package.
unpack_source() {
	local deb=$1 target=$2
	note "unpacking ${deb##*/}"
	mkdir -p "$target"
	dpkg-deb --fsys-tarfile "$deb" |
		tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
		tar -xJ --strip-components=1 -C "$target" || die "cannot unpack $deb"
}

# apply_series TREE SERIES: patches named in the file SERIES, beside it.
apply_series() {
	local tree=$1 series=$2 patch
	while read -r patch; do
		[[ $patch && $patch != \#* ]] || continue
		patch -s -p1 -d "$tree" <"${series%/*}/$patch" ||
			die "$patch does not apply to ${tree##*/}"
	done <"$series"
}

# unmet_options FRAGMENT CONFIG: what the fragment asks for and kconfig dropped.
unmet_options() {
	awk '
		FNR == NR { if (/^CONFIG_/ || /^# CONFIG_.* is not set/) have[$0] = 1
			if (/^CONFIG_/) { split($0, kv, "="); value[kv[1]] = kv[2] }
			next }
		/^CONFIG_/ && !($0 in have) { split($0, kv, "=")
			print "  " $0 " (is " (kv[1] in value ? value[kv[1]] : "off") ")" }
		/^# CONFIG_.* is not set/ && ($2 in value) { print "  " $0 " (is " value[$2] ")" }
	' "$2" "$1"
}

# configure TREE OUT FRAGMENT...
configure() {
	local tree=$1 out=$2 unmet
	shift 2
	make -s -C "$tree" O="$out" tinyconfig >"$out/log" 2>&1 ||
		die "tinyconfig failed: $(tail -1 "$out/log")"
	cat "$@" >"$out/fragment"
	"$tree/scripts/kconfig/merge_config.sh" -m -O "$out" "$out/.config" "$out/fragment" \
		>"$out/log" 2>&1 || die "cannot merge the config fragment: $(tail -1 "$out/log")"
	make -s -C "$tree" O="$out" olddefconfig >"$out/log" 2>&1 ||
		die "olddefconfig failed: $(tail -1 "$out/log")"
	unmet=$(unmet_options "$out/fragment" "$out/.config")
	[[ -z $unmet ]] || die "kconfig did not keep these options:"$'\n'"$unmet"
}

# show_progress OUT PID: a line every ten seconds while make (PID) runs. One
# line that is redrawn on a terminal, separate lines in a log.
show_progress() {
	local out=$1 pid=$2 start=$SECONDS shown=-10 end='\n' begin=''
	[[ -t 2 ]] && end='' begin='\r\033[K'
	while kill -0 "$pid" 2>/dev/null; do
		if ((SECONDS - shown >= 10)); then
			shown=$SECONDS
			printf "$begin%s: building: %d objects in %d s, now %s$end" "$me" \
				"$(grep -c -E '^  (CC|AS|AR|LD) ' "$out/log" || true)" $((SECONDS - start)) \
				"$(awk '/^  [A-Z]/ { last = $NF } END { print last ? last : "starting" }' "$out/log")" >&2
		fi
		sleep 0.5
	done
	[[ ! -t 2 ]] || printf '\r\033[K' >&2
}

# build TREE OUT: bzImage, with progress instead of thousands of lines.
build() {
	local tree=$1 out=$2 pid
	: >"$out/log"
	# Dies with this script, however that ends (setpriv). The time stamp and the names would change the image at every build.
	KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970' KBUILD_BUILD_USER=tiered \
		KBUILD_BUILD_HOST=guest setpriv --pdeathsig TERM nice make -C "$tree" O="$out" -j"$(nproc)" bzImage \
		</dev/null >"$out/log" 2>&1 &
	pid=$!
	show_progress "$out" "$pid"
	wait "$pid" || {
		cp "$out/log" "$cache_dir/kernel-build.log"
		die "the kernel build failed, see $cache_dir/kernel-build.log: $(
			grep -m1 -E 'error|Error|\*\*\*' "$out/log" || tail -1 "$out/log")"
	}
}

# build_kernel SOURCE_DEB TARGET FRAGMENT SERIES: SERIES may be empty. The
# tree is 2 GB with its objects, so it is not kept; the package is.
build_kernel() {
	local deb=$1 target=$2 fragment=$3 series=$4
	local tree=$2.src out=$2.build began=$SECONDS
	# shellcheck disable=SC2064 # these very paths
	trap "rm -rf '$tree' '$out'" EXIT
	rm -rf "$tree" "$out" && mkdir -p "$out"
	unpack_source "$deb" "$tree"
	if [[ $series ]]; then
		note "applying ${series##*/}"
		apply_series "$tree" "$series"
	fi
	configure "$tree" "$out" "$fragment"
	note "building $(make -s -C "$tree" kernelversion), once; later runs take it from the cache"
	build "$tree" "$out"
	cp "$out/arch/x86/boot/bzImage" "$out/System.map" "$target/"
	cp "$out/.config" "$target/config"
	make -s -C "$tree" O="$out" kernelrelease >"$target/version"
	rm -rf "$tree" "$out"
	note "built in $((SECONDS - began)) s"
}
