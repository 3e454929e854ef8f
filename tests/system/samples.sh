#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The samples come out of the tool as their expected files say, twice, and verified; what
# each is there for is said in their README.

# shellcheck source-path=SCRIPTDIR source=lib.sh disable=SC1091
. "${HL7_TOP:?}/tests/system/lib.sh"

B2M=$HL7_TOP/mappings/b2m.xml
[ -f "$B2M" ] || exit 77

for want in "$HL7_TOP"/samples/*.expected; do
	name=${want%.expected}
	for in in "$name".hl7 "$name".mllp "$name".txt; do
		[ -f "$in" ] || continue
		grep -qF "\`${in##*/}\`" "$HL7_TOP/samples/README.md" || fail "$in is not in samples/README.md"
		"$HL7NOTE" annotate -q -m "$B2M" "$in" > out 2> err
		cmp out "$want" || fail "$in"
		"$HL7NOTE" annotate -q -m "$B2M" out > twice 2> err
		cmp out twice || fail "$in, annotated twice"
		status 0 "$HL7NOTE" verify "$in" "$want"
	done
done

finish
