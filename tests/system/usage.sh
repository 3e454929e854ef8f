#!/bin/sh
# SPDX-License-Identifier: MIT
#
# How hl7note answers people: help, versions, misspelt words, missing files.

# shellcheck source-path=SCRIPTDIR source=lib.sh disable=SC1091
. "${HL7_TOP:?}/tests/system/lib.sh"

status 0 "$HL7NOTE" --help
[ ! -s err ] || fail 'help on standard error'
for command in annotate explain verify check show send sink status queue; do
	has out "  $command"
	status 0 "$HL7NOTE" "$command" --help
	has out "usage: hl7note $command "
	has out '--version'
	status 0 "$HL7NOTE" help "$command"
	has out "usage: hl7note $command "
	status 0 "$HL7NOTE" "$command" --version
	grep -q '^hl7note [0-9]' out || fail "version of $command"
	status 64 "$HL7NOTE" "$command" --nonsense-option
	has err 'unknown option --nonsense-option'
	status 64 "$HL7NOTE" "$command" -Z
	has err 'unknown option -Z'
	status 0 "$HL7NOTE" --help
done
status 0 "$HL7NOTE" --version
grep -q '^hl7note [0-9]' out || fail 'version'
status 0 "$HL7NOTE" help
status 0 "$HL7NOTE" -h

# every option of --help is in the manual
if [ -f "$HL7_TOP/man/hl7note.1" ]; then
	for command in annotate explain verify check show send sink status queue; do
		"$HL7NOTE" "$command" --help | sed -n 's/^  .*--\([a-z-]*\).*/\1/p' > flags
		while read -r flag; do
			has "$HL7_TOP/man/hl7note.1" "Fl -$flag"
		done < flags
	done
fi

# misspelt
status 64 "$HL7NOTE" annotat
has err 'unknown command annotat; did you mean annotate?'
status 64 "$HL7NOTE" explain --jsonn
has err 'unknown option --jsonn; did you mean --json?'
status 64 "$HL7NOTE" annotate --mappings=x
has err 'did you mean --mapping?'
status 64 "$HL7NOTE" annotate --diff=yes
has err 'option --diff takes no argument'
status 64 "$HL7NOTE" annotate -m
has err 'needs an argument'
status 64 "$HL7NOTE" annotate --max-message
has err 'needs an argument'
for size in 0 -1 2G 16X 16MB '' 99999999999999999999 ' 5'; do
	status 64 "$HL7NOTE" annotate --max-message "$size"
done
status 64 "$HL7NOTE"
has err 'which command?'
status 64 "$HL7NOTE" help nonsense

# nobody to ask
status 69 "$HL7NOTE" status --control no/such/socket
has err 'cannot ask no/such/socket: '
status 69 "$HL7NOTE" status -c "$(printf '%0200d' 0)"
status 64 "$HL7NOTE" status now

status 69 "$HL7NOTE" queue list --control no/such/socket
has err 'cannot ask no/such/socket: '
status 64 "$HL7NOTE" queue
has err 'which verb?'
status 64 "$HL7NOTE" queue lst
has err 'did you mean list?'
status 64 "$HL7NOTE" queue drop
has err 'which messages is missing'
status 64 "$HL7NOTE" queue show 5 --limit 4
has err 'queue show: limit: a word that does not go with this request'
for age in 0 5w -1h 1.5h 99999999999d; do
	status 64 "$HL7NOTE" queue list --older-than "$age"
done

# files that are not there: said, the others are done, 66
message U1 25 > high.hl7
for command in annotate explain; do
	status 66 "$HL7NOTE" "$command" -q -m "$MAPPING" missing high.hl7
	has err "hl7note $command: cannot read missing: No such file"
	has out U1
done
status 66 "$HL7NOTE" annotate -q -m "$MAPPING" .

finish
