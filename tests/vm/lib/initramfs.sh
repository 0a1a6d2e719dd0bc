# SPDX-License-Identifier: GPL-2.0-only
# Packs what a guest runs: busybox, init, one test, and the programs the test
# names, each with its shared libraries. Sourced by run.
#
# In the guest, files of the repository lie at the same place below /repo,
# which is the folder tests start in; others keep their absolute path.

# library_paths FILE: loader and shared libraries of a dynamic program.
library_paths() {
	local out
	out=$(ldd "$1" 2>/dev/null) || return 0 # static, or not a program
	awk '/=> not found/ { print "missing:" $1; next }
		$2 == "=>" && $3 ~ /^\// { print $3; next }
		$1 ~ /^\// { print $1 }' <<<"$out"
}

# stage_file ROOT HOST GUEST: a copy, links followed.
stage_file() {
	local target=$1$3
	[[ -e $target ]] && return
	mkdir -p "${target%/*}" && cp -rL "$2" "$target"
}

# stage_program ROOT HOST GUEST: a file or folder, with the libraries.
stage_program() {
	local root=$1 host=$2 lib file
	stage_file "$root" "$host" "$3" || return 1
	while IFS= read -r file; do
		for lib in $(library_paths "$file"); do
			[[ $lib != missing:* ]] || {
				echo "$host needs ${lib#missing:}, which is not installed"
				return 1
			}
			stage_file "$root" "$lib" "$lib" || return 1
		done
	done < <(find -L "$host" -type f \( -perm /111 -o -name '*.so*' \))
}

# stage_listed ROOT WORD: a word of a "vm-files:" line: a path, a pattern, or
# HOSTPATH=GUESTPATH. Prints why not and returns 1 if it cannot be had.
stage_listed() {
	local root=$1 word=$2 host guest found=0
	while IFS= read -r host; do
		[[ -e $host ]] || continue
		found=1
		guest=$host
		[[ $host != "$repo_dir"/* ]] || guest=/repo/${host#"$repo_dir"/}
		[[ $word != *=* ]] || guest=${word#*=}
		stage_program "$root" "$host" "$guest" || return 1
	done < <(host=${word%%=*}; [[ $host = /* ]] || host=$repo_dir/$host; compgen -G "$host" || true)
	[[ $found = 1 ]] || { echo "needs '${word%%=*}', which is not there ('make' builds, 'make deps' installs)"; return 1; }
}

# stage_install ROOT PREFIX: what "make install" makes, at /vm/install. Without
# its libraries: those are for the machine to have.
stage_install() {
	local log
	log=$(make -s -C "$repo_dir" install DESTDIR="$1/vm/install" PREFIX="$2" 2>&1) ||
		{ echo "make install failed: $(tail -n 1 <<<"$log")"; return 1; }
}

# initramfs TARGET TEST WORD...: packs, with vm[] of the test; settings come on
# stdin. Prints the reason when it cannot.
initramfs() {
	local target=$1 test=$2 root=$1.root word busybox
	shift 2
	busybox=$(command -v busybox) || { echo "busybox is missing; install 'busybox-static'"; return 1; }
	rm -rf "$root" && mkdir -p "$root"/{bin,vm,etc,repo}
	[[ -z $(library_paths "$busybox") ]] || { echo "busybox is not static; install 'busybox-static'"; return 1; }
	cp "$busybox" "$root/bin/busybox"
	cp "$vm_dir/lib/init${vm[rootfs]:+-rootfs}" "$root/init"
	cp "$vm_dir"/lib/{guest.sh,start,vm-test.service} "$root/vm/"
	cp "$test" "$root/vm/test"
	cat >"$root/vm/settings"
	chmod 755 "$root/init" "$root/vm/test"
	printf 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n' >"$root/etc/passwd"
	printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
	for word; do
		stage_listed "$root" "$word" || return 1
	done
	[[ ! ${vm[install]} ]] || stage_install "$root" "${vm[install]}" || return 1
	(cd "$root" && find . -exec touch -h -d @0 {} + &&
		find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --reproducible --quiet) >"$target" || { echo "cpio failed"; return 1; }
	rm -rf "$root"
}
