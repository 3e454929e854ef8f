#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The manual pages hold nothing that mandoc finds, of style either.

# shellcheck source-path=SCRIPTDIR source=lib.sh disable=SC1091
. "${HL7_TOP:?}/tests/system/lib.sh"

command -v mandoc > /dev/null || exit 77

# What is referred to need not be installed here.
for page in "$HL7_TOP"/man/*.[1-8]; do
	found=$(mandoc -T lint -W style "$page" 2>&1 |
		grep -Ev 'referenced manual not found|outdated mandoc.db')
	[ -z "$found" ] || fail "$found"
done

finish
