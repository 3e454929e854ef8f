#!/bin/sh
# SPDX-License-Identifier: MIT
#
# hl7noted(8) names every option, event, field, reason, limit and metric that the sources do, and
# hl7note(1) every member of the status that it does not.
set -u
: "${HL7_TOP:?names the source tree}"

page=$HL7_TOP/man/hl7noted.8
errors=$(mktemp) || exit 99
trap 'rm -f "$errors"' EXIT
sed -n '/^These events are errors/,/^\.Pp/p' "$page" > "$errors"
pages=$page
failures=0
seen=0

# named WHAT WORD...: the pages hold each word
named()
{
	what=$1
	shift
	for word in "$@"; do
		seen=$((seen + 1))
		# shellcheck disable=SC2086 # names of files
		grep -qE -e "(^|[ .])$word( |\$)" $pages || {
			echo "FAILED: no $what $word in $pages"
			failures=$((failures + 1))
		}
	done
}

# shellcheck disable=SC2046 # words
{
	named option $(sed -n '/texts\[\] = {/,/};/p' "$HL7_TOP/src/daemon/options.c" |
		grep -o '"[a-z-]*"' | tr -d '"' | sed 's/^/-/')
	named event $(sed -n 's/.*EVENT([A-Z_]*, *"\([a-z_.]*\)".*/\1/p' "$HL7_TOP/src/log/names.c")
	named field $(sed -n 's/.*\(TEXT\|NUMBER\)([A-Z0-9_]*, *"\([a-z0-9_]*\)".*/\2/p' \
		"$HL7_TOP/src/log/names.c")
	named reason $(sed -n 's/^\t\[RELAY_[A-Z_]*\] *= { "\([a-z_]*\)".*/\1/p' "$HL7_TOP/src/relay/words.c")
	named limit $(sed -n '/^broken_limit(/,/^}/p' "$HL7_TOP/src/daemon/feed_listener.c" |
		grep -o '"[a-z_]*"' | tr -d '"')
	named metric $(grep -ho '"hl7noted_[a-z_]*"' "$HL7_TOP"/src/daemon/*.c | tr -d '"' | sort -u)
	pages=$errors
	named error $(sed -n 's/.*EVENT([A-Z_]*, *"\([a-z_.]*\)", *ERROR,.*/\1/p' "$HL7_TOP/src/log/names.c")
	pages="$page $HL7_TOP/man/hl7note.1"
	named member $(sed -n 's/.*\t[a-z_]*(out, "\([a-z0-9_]*\)".*/\1/p' \
		"$HL7_TOP/src/daemon/status_json.c")
}

[ "$seen" -ge 220 ] || {
	echo "FAILED: only $seen words found in the sources"
	failures=$((failures + 1))
}
[ "$failures" -eq 0 ]
