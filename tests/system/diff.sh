#!/bin/sh
# SPDX-License-Identifier: MIT
#
# hl7note annotate --diff: the lines that change, and colour when it is wanted.

# shellcheck source-path=SCRIPTDIR source=lib.sh disable=SC1091
. "${HL7_TOP:?}/tests/system/lib.sh"

# shellcheck disable=SC2317 # called by status
note() { "$HL7NOTE" annotate -q -m "$MAPPING" "$@"; }

message A1 25 > high.hl7
message A2 15 > normal.hl7
message A3 25 mg/L H > flagged.hl7

status 0 note --diff high.hl7
cat > want << 'END'
@@ high.hl7, message 1, control ID A1 @@
- OBX|2|NM|1111-1^Sugar^LN||25|mg/L|10-20||||F
+ OBX|2|NM|1111-1^Sugar^LN||25|mg/L|10-20|H|||F
+ NTE|1|O|Too much of it.
+ NTE|2|O|Auto-comment test 1.2.3: T1; flag H
END
same out want

# a result that only gets notes is shown as it stays
status 0 note --diff flagged.hl7
cat > want << 'END'
@@ flagged.hl7, message 1, control ID A3 @@
  OBX|2|NM|1111-1^Sugar^LN||25|mg/L|10-20|H|||F
+ NTE|1|O|Too much of it.
+ NTE|2|O|Auto-comment test 1.2.3: T1
END
same out want

# nothing changes, nothing is shown
status 0 note --diff normal.hl7
[ ! -s out ] || fail 'a diff without a change'

# no terminator at the end of the message
unended high.hl7 > open.hl7
status 0 note --diff open.hl7
has out '- OBX|2|NM'
has out '+ NTE|1|O|Too much of it.'
lines out 5

# control bytes do not reach the terminal
sed 's/Sugar/Su\x07gar/' high.hl7 > escape.hl7
status 0 note --diff escape.hl7
has out 'Su\x07gar'

# colour: never on a pipe, when asked for, never else
ESC=$(printf '\033')
status 0 note --diff --color=auto high.hl7
hasnt out "$ESC"
status 0 note --diff --color=always high.hl7
has out "${ESC}[32m+ NTE|1"
has out "${ESC}[31m- OBX|2"
NO_COLOR=1
export NO_COLOR
status 0 note --diff --color=always high.hl7
has out "${ESC}[32m"
status 0 note --diff --color=never high.hl7
hasnt out "$ESC"
status 64 note --diff --color=sometimes high.hl7
status 64 note --diff -o dir high.hl7

# on a terminal, where there is a program that makes one
if script -qec true /dev/null > /dev/null 2>&1; then
	unset NO_COLOR
	command="'$HL7NOTE' annotate -q --diff -m '$MAPPING' high.hl7"
	TERM=xterm script -qec "$command" /dev/null > out 2>&1 < /dev/null
	has out "${ESC}[32m"
	NO_COLOR=1 TERM=xterm script -qec "$command" /dev/null > out 2>&1 < /dev/null
	hasnt out "${ESC}[32m"
	TERM=dumb script -qec "$command" /dev/null > out 2>&1 < /dev/null
	hasnt out "${ESC}[32m"
fi

finish
