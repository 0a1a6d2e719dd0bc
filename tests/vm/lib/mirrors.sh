# SPDX-License-Identifier: GPL-2.0-only
# Where Debian packages come from, and whose word is taken for them. Sourced.

# archive_keyring: the path of the keys of the Debian archive.
archive_keyring() {
	local keyring
	for keyring in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
		[[ ! -r $keyring ]] || { echo "$keyring" && return; }
	done
	die "no Debian archive keyring; install the package 'debian-archive-keyring'"
}

# mirrors main|security: the Debian mirrors in the machine's configuration.
# Other repositories cannot slip in by accident: they are not signed with the
# Debian archive key, and their suites have other names.
mirrors() {
	local release=/etc/os-release codename
	codename=$(. "$release" && echo "${VERSION_CODENAME:-stable}")
	apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
		awk -v want="$1" -v code="$codename" '
			$3 != "main" || /^cdrom:/ { next }
			want == "security" && $2 ~ /(-security|\/updates)$/ { print $1 }
			want == "main" && ($2 == code || $2 ~ /^(stable|testing|unstable|sid)$/) { print $1 }
		' | sort -u
}
