# SPDX-License-Identifier: GPL-2.0-only
# Takes a stock Debian kernel out of its package. Sourced by kernel.

# debian_kernel_name NAME VERSION: debian-7.2 stays debian-7.2 as long as the
# version is a 7.2, and debian-7.2.6 as long as it is that one; otherwise debian- and the series
# that was found.
debian_kernel_name() {
	local found
	[[ $2 != "${1#debian-}"[.-]* ]] || { echo "$1" && return; }
	found=$(sed -E 's/^([0-9]+\.[0-9]+).*/\1/' <<<"$2")
	note "$1 is no longer in the archive, taking debian-$found"
	echo "debian-$found"
}

# unpack_kernel DEB PACKAGE TARGET: the image is below /boot up to trixie, and
# with the modules in the split packages of later kernels.
unpack_kernel() {
	local deb=$1 package=$2 target=$3 image
	dpkg-deb -x "$deb" "$target/unpacked" || die "cannot unpack $deb"
	image=$(find "$target/unpacked" -type f -name 'vmlinuz*')
	[[ -f $image ]] || die "no kernel image in ${deb##*/}"
	mv "$image" "$target/bzImage"
	sed -E 's/^linux-(image|binary)-//' <<<"$package" >"$target/version"
	find "$target/unpacked" -name 'config-*' -exec mv {} "$target/config" \;
	# Everything a guest needs is built in; modules would only slow it.
	rm -rf "$target/unpacked"
}
