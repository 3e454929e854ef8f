#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The unit is one systemd can read, and leaves at most 1.2 of 10 points of exposure.
# Skipped where there is no systemd-analyze.
set -u

most=12 # tenths
unit=$PWD/systemd/hl7noted.service

if ! command -v systemd-analyze > /dev/null; then
	echo 'skipped: there is no systemd-analyze'
	exit 77
fi
if ! systemd-analyze security --help | grep -q -e --offline; then
	echo 'skipped: this systemd-analyze knows no --offline'
	exit 77
fi
[ -f "$unit" ] || {
	echo "FAILED: no unit $unit"
	exit 1
}
report=$(systemd-analyze security --offline=true --no-pager "$unit") || {
	echo "FAILED: $report"
	exit 1
}
# "→ Overall exposure level for hl7noted.service: 1.1 OK"
tenths=$(printf '%s\n' "$report" |
	sed -n 's/.*[Ee]xposure level for .*: \([0-9]*\)\.\([0-9]\) .*/\1\2/p')
[ -n "$tenths" ] || {
	echo 'FAILED: no exposure level in the report'
	exit 1
}
[ "$tenths" -le "$most" ] || {
	printf '%s\n' "$report" | grep -v '^✓'
	echo "FAILED: exposure of $tenths tenths, at most $most may be"
	exit 1
}
echo "exposure: $tenths tenths"
