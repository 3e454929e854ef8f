#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The manual pages hold nothing that mandoc warns of.

# shellcheck source-path=SCRIPTDIR source=lib.sh disable=SC1091
. "${HL7_TOP:?}/tests/system/lib.sh"

command -v mandoc > /dev/null || exit 77

for page in "$HL7_TOP"/man/*.[1-8]; do
	status 0 mandoc -T lint -W warning "$page"
	[ ! -s out ] || fail "$(cat out)"
done

finish
