# SPDX-License-Identifier: GPL-2.0-only
# Makes the image of a Debian root file system. Sourced by rootfs.

# Nobody logs in, and what is on a timer would run in the middle of a test.
rootfs_masked=(getty.target serial-getty@.service apt-daily.timer apt-daily-upgrade.timer
	dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer
	systemd-tmpfiles-clean.timer)

# What no test looks at, most of the size.
rootfs_trimmed=(usr/share/{doc,man,info,locale,lintian,zoneinfo,bash-completion,i18n} usr/lib/locale
	var/cache/apt var/cache/debconf var/lib/apt/lists var/log)

# rootfs_packages LIST: the names, separated by commas.
rootfs_packages() {
	local names name found packages=()
	while read -r names _; do
		[[ $names && $names != \#* ]] || continue
		found=''
		for name in ${names//|/ }; do
			[[ $names != *'|'* ]] || apt-cache show --no-all-versions "$name" >/dev/null 2>&1 || continue
			found=$name
			break
		done
		[[ $found ]] || die "apt knows none of '$names'; is 'apt-get update' due?"
		packages+=("$found")
	done <"$1"
	(IFS=,; echo "${packages[*]}")
}

# show_steps: debootstrap's lines from stdin, as a count. One line that is redrawn
# on a terminal, one in ten seconds in a log.
show_steps() {
	local word what count=0 start=$SECONDS shown=-10 end='\n' begin='' every=10
	[[ -t 2 ]] && end='' begin='\r\033[K' every=1
	while read -r _ word what _; do
		case $word in Retrieving | Extracting | Unpacking | Configuring) ;; *) continue ;; esac
		count=$((count + 1))
		if ((SECONDS - shown >= every)); then
			shown=$SECONDS
			printf "$begin%s: %d steps in %d s, now %s %s$end" "$me" "$count" \
				$((SECONDS - start)) "${word,}" "$what" >&2
		fi
	done
	[[ ! -t 2 ]] || printf '\r\033[K' >&2
}

# bootstrap SUITE PACKAGES ROOT LOG: in a mount and a process namespace of its own:
# whatever debootstrap mounts and starts ends with it, and it with this script.
bootstrap() {
	local mirror keyring
	keyring=$(archive_keyring)
	mirror=$(mirrors main | head -n 1)
	[[ $mirror ]] || die "this machine's apt configuration names no Debian mirror"
	setpriv --pdeathsig TERM unshare --mount --pid --fork --kill-child nice \
		debootstrap --variant=minbase --include="$2" --keyring="$keyring" "$1" "$3" "$mirror" \
		</dev/null 2>&1 | tee "$4" | show_steps ||
		die "debootstrap failed, see $4: $(grep -m1 -E '^[EW]:' "$4" || tail -n 1 "$4")"
}

# adapt_rootfs ROOT: to a guest that is booted once.
adapt_rootfs() {
	local root=$1 unit
	(cd "$root" && rm -rf "${rootfs_trimmed[@]}" && mkdir -p var/log var/cache/apt var/lib/apt/lists)
	for unit in "${rootfs_masked[@]}"; do
		ln -sf /dev/null "$root/etc/systemd/system/$unit"
	done
	# With an identity of its own the first boot is like any other.
	echo 7469657265642d746573742d67756573 >"$root/etc/machine-id"
	echo guest >"$root/etc/hostname"
	: >"$root/etc/resolv.conf"
}

# build_rootfs SUITE PACKAGES TARGET: TARGET gets image.ext4 and origin.
build_rootfs() {
	local root=$3/root kilobytes began=$SECONDS
	# shellcheck disable=SC2064 # this very path
	trap "rm -rf --one-file-system '$root'" EXIT
	note "making a Debian $1 root file system, once; later runs take it from the cache"
	bootstrap "$1" "$2" "$root" "$3/log"
	chroot "$root" dpkg-query -W >"$3/origin"
	adapt_rootfs "$root"
	# Room for what a test writes. No journal: nobody boots it twice.
	kilobytes=$(($(du -sk "$root" | cut -f 1) * 5 / 4 + 65536))
	rm -f "$3/image.part" && truncate -s "${kilobytes}K" "$3/image.part"
	mke2fs -q -F -t ext4 -O ^has_journal -m 0 -L guest -d "$root" "$3/image.part" ||
		die "cannot make an image of $root"
	mv "$3/image.part" "$3/image.ext4"
	rm -rf --one-file-system "$root"
	note "made in $((SECONDS - began)) s"
}
