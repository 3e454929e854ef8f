#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Each layer includes what the map in ARCHITECTURE.md lets it include, and a library
# of others is included only where that page says.

# shellcheck source-path=SCRIPTDIR source=lib.sh disable=SC1091
. "${HL7_TOP:?}/tests/system/lib.sh"

src=$HL7_TOP/src
# shellcheck disable=SC2016 # not expanded
sed -n 's/^| `\([a-z0-9]*\)` | .* | \(.*\) |$/\1:\2/p' "$HL7_TOP/ARCHITECTURE.md" > map
cut -d : -f 1 map > layers
find "$src" -mindepth 1 -maxdepth 1 -type d | sed 's|.*/||' | sort > folders
sort layers | cmp -s - folders || fail "the map and src have other folders: $(sort layers | diff - folders)"

# allowed LAYER WORDS: one a line
allowed()
{
	echo "$1"
	case $2 in
	libc) ;;
	'all but '*) grep -vx "${2#all but }" layers ;;
	*' to '*) sed -n "/^${2% to *}\$/,/^${2#* to }\$/p" layers ;;
	*) echo "$2" | tr -s ', ' '\n' ;;
	esac
}

while IFS=: read -r layer may; do
	allowed "$layer" "$may" | sort > permitted
	grep -rhoE --include='*.[ch]' '^#include "[a-z0-9]+/' "$src/$layer" |
		sed 's/.*"//; s|/||' | sort -u > does
	[ -s does ] || fail "src/$layer includes nothing"
	comm -13 permitted does > beyond
	[ ! -s beyond ] || fail "src/$layer may not include $(tr '\n' ' ' < beyond)"
done < map

# only WHERE HEADER: files whose names do not match include it
only()
{
	(cd "$src" && grep -rlE --include='*.[ch]' "^#include <$2" .) | grep -vE "^\./$1" > beyond
	[ ! -s beyond ] || fail "<$2: $(tr '\n' ' ' < beyond)"
}
only 'xml/' libxml/
only 'net/tls_' openssl/
only 'store/' sqlite3
only '(net|daemon|cli)/' 'ev\.h'

# no result passes through floating point
sed -n '/^base$/,/^custody$/p' layers > core
while read -r layer; do
	if grep -rnwE --include='*.[ch]' '^[^*]*(float|double)' "$src/$layer"; then
		fail "floating point in src/$layer"
	fi
done < core

finish
