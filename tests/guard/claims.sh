#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Each test that SECURITY.md names is there.
set -u
: "${HL7_TOP:?names the source tree}"

names=$(mktemp)
trap 'rm -f "$names"' EXIT
# the last column, one name a line
awk -F '|' '/^\| attack /{ on = 1 } on { print $4 }' "$HL7_TOP/SECURITY.md" | tr -d '\140' |
	tr ';' '\n' | sed -n 's/^ *\([a-z/]*\.[a-z].*[^ ]\) *$/\1/p' >"$names"
failures=0
while IFS= read -r claim; do
	file=$HL7_TOP/tests/${claim%%:*}
	name=${claim#*: }
	[ "$name" != "$claim" ] || name=
	if [ ! -f "$file" ]; then
		echo "FAILED: no file $file"
		failures=$((failures + 1))
	elif [ -n "$name" ] && ! grep -qE "(test_| |, |^)${name}[()]" "$file"; then
		echo "FAILED: no test $name in $file"
		failures=$((failures + 1))
	fi
done <"$names"
[ "$(wc -l <"$names")" -ge 50 ] || {
	echo "FAILED: only $(wc -l <"$names") tests are named"
	failures=$((failures + 1))
}
[ "$failures" -eq 0 ]
