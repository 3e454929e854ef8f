# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# What the scripts share: the packages each of them needs, in one place, and the
# steps to a build folder.  Sourced from the top of the tree; every step is
# printed before it runs and may be run again without harm.

# Debian's names.
# shellcheck disable=SC2034 # used by the scripts that source this
{
	packages_build='gcc libc6-dev make autoconf automake pkg-config libev-dev libmd-dev libsqlite3-dev
		libssl-dev libxml2-dev openssl'
	packages_test="$packages_build libcriterion-dev e2fsprogs faketime haproxy iproute2 mandoc
		mount python3 python3-hl7 stunnel4"
	packages_ci="$packages_test bash clang-14 libclang-rt-14-dev clang-format-14 shellcheck
		valgrind xz-utils git"
}

say()
{
	printf '== %s\n' "$*"
}

die()
{
	printf 'error: %s\n' "$*" >&2
	exit 1
}

# The script that sources this, from the top of the tree; one that works elsewhere says where it is.
script=scripts/${0##*/}

# usage WORD...: print the head of the script, which says how it is called, and end; for what cannot
# be done with these words, unless the first asks for it
usage()
{
	status=0
	case ${1-} in
	-h | --help) ;;
	*)
		status=2
		exec >&2
		printf 'error: not to be called so: %s\n\n' "$script${1+ $*}"
		;;
	esac
	sed -n '/^#/!q; 4,$s/^# \{0,1\}//p' "$script"
	exit "$status"
}

# numbers_alone MOST WORD...: the words a script was called with are so many numbers, or fewer
numbers_alone()
{
	most=$1
	shift
	[ $# -le "$most" ] || usage "$@"
	for word in "$@"; do
		case $word in
		'' | 0* | *[!0-9]*) usage "$@" ;;
		esac
	done
}

# Print a command, then run it.
run()
{
	printf '+ %s\n' "$*"
	"$@"
}

jobs()
{
	nproc 2>/dev/null || echo 2
}

# Tests wait for time-outs most of their time, so more of them than processors run side by side.
check_jobs()
{
	echo $((4 * $(jobs)))
}

as_root()
{
	if [ "$(id -u)" -eq 0 ]; then
		run "$@"
	else
		run sudo "$@"
	fi
}

# packages_missing NAME...: those that are not installed, on one line.
packages_missing()
{
	for package in "$@"; do
		case $(dpkg-query -W -f='${Status}' "$package" 2>/dev/null) in
		*' ok installed') ;;
		*) printf '%s ' "$package" ;;
		esac
	done
}

# packages_need NAME...: install what is missing; does nothing when all are there.
packages_need()
{
	if ! command -v apt-get >/dev/null 2>&1; then
		say "no apt-get here; these Debian packages, or their like, must be there: $*"
		return 0
	fi
	missing=$(packages_missing "$@")
	if [ -z "$missing" ]; then
		say "all packages are installed"
		return 0
	fi
	if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null 2>&1; then
		die "packages are missing, and this user is not root and has no sudo; let root run:" \
			"apt-get update && apt-get install --no-install-recommends ${missing% }"
	fi
	say "installing: $missing"
	as_root apt-get update -q
	# shellcheck disable=SC2086 # a list of names
	as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -q -y --no-install-recommends $missing
}

# autotools: make ./configure when it is missing or older than what it is made of.
autotools()
{
	if [ ! -e configure ] || [ ! -e Makefile.in ] ||
		[ -n "$(find configure.ac Makefile.am m4 man mappings samples src systemd tests \
			-newer configure \( -name configure.ac -o -name 'Makefile.*' -o -name '*.m4' \))" ]; then
		say "making ./configure"
		run autoreconf -fi
		# autoreconf leaves what would not change; the date must say that it was looked at
		touch configure
	fi
}

# build_configure FOLDER [OPTION...]: configure FOLDER unless it was with these options.
build_configure()
{
	folder=$1
	shift
	autotools
	if [ -e "$folder/Makefile" ] && [ "$(cat "$folder/options" 2>/dev/null)" = "$*" ]; then
		return 0
	fi
	say "configuring $folder $*"
	mkdir -p "$folder"
	(cd "$folder" && run ../configure --quiet "$@") || die "configure failed: $folder/config.log says why"
	printf '%s\n' "$*" >"$folder/options"
}

# build FOLDER
build()
{
	say "building in $1"
	run make --no-print-directory -C "$1" -j"$(jobs)"
}
