#!/bin/sh
# SPDX-License-Identifier: MIT
#
# hl7noted(8) names every option, event, field, reason, limit and metric that the sources do.
set -u
: "${HL7_TOP:?names the source tree}"

page=$HL7_TOP/man/hl7noted.8
failures=0
seen=0

# named WHAT WORD...: the page holds each word
named()
{
	what=$1
	shift
	for word in "$@"; do
		seen=$((seen + 1))
		grep -qE -e "(^|[ .])$word( |\$)" "$page" || {
			echo "FAILED: no $what $word in $page"
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
}

[ "$seen" -ge 140 ] || {
	echo "FAILED: only $seen words found in the sources"
	failures=$((failures + 1))
}
[ "$failures" -eq 0 ]
