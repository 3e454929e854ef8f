#!/bin/sh
# SPDX-License-Identifier: MIT
#
# hl7note verify: declared edits pass, any other byte is found and named.

# shellcheck source-path=SCRIPTDIR source=lib.sh disable=SC1091
. "${HL7_TOP:?}/tests/system/lib.sh"

# shellcheck disable=SC2317 # called by status
verify() { "$HL7NOTE" verify "$@"; }
# shellcheck disable=SC2317 # called by status
note() { "$HL7NOTE" annotate -q -m "$MAPPING" "$@"; }

message V1 25 > one.hl7
message V2 15 > two.hl7
message V3 5 > three.hl7
cat one.hl7 two.hl7 three.hl7 > all.hl7
note all.hl7 > all.out

status 0 verify all.hl7 all.out
has out '3 messages, 2 changed by declared edits alone: 4 note segments, 2 flags'
status 0 verify -q all.hl7 all.out
[ ! -s out ] || fail 'a quiet run said something'
status 0 verify all.hl7 all.hl7
has out '3 messages, 0 changed'
status 0 verify - all.out < all.hl7
status 0 verify all.hl7 - < all.out

# frames, batches, and what is no HL7
for f in one two three; do framed < "$f.hl7"; done > all.mllp
note all.mllp > mllp.out
status 0 verify all.mllp mllp.out
has out '3 messages, 2 changed'
{
	printf 'some letter\n'
	cat all.hl7
} > mixed
status 65 note mixed
mv out mixed.out
status 0 verify mixed mixed.out
sed 's/some/same/' mixed.out > bad
status 1 verify mixed bad
has out 'bad: byte 1: '
lines out 1
# behind a message, too, and where one goes on a little longer
{
	cat all.mllp
	printf 'ab\n'
} > junk
{
	cat all.mllp
	printf 'abc\n'
} > bad
status 1 verify junk bad
has out "bad: message 3, byte $(($(wc -c < all.mllp) + 2)): differs from the original"

# one byte, somewhere
sed 's/DOE/ROE/' all.out > bad
status 1 verify all.hl7 bad
has out 'bad: message 1, '
sed 's/|V2|/|V9|/' all.out > bad
status 1 verify all.hl7 bad
has out 'bad: message 2, MSH'

# a note without our trailer, a flag without one, a segment gone
sed "s/NTE|2|O|Auto[^$CR]*$CR//" all.out > bad
status 1 verify all.hl7 bad
sed "s/PID[^$CR]*$CR//" all.out > bad
status 1 verify all.hl7 bad

# what notes say is the mapping's, and compared with it alone
status 0 verify -m "$MAPPING" all.hl7 all.out
has out '3 messages, 2 changed'
has err 'is a draft'
status 0 verify -q -m "$MAPPING" all.mllp mllp.out
[ ! -s err ] || fail 'a quiet run said something'
sed 's/Too much of it/Not much of it/' all.out > bad
status 0 verify all.hl7 bad
status 1 verify -q -m "$MAPPING" all.hl7 bad
has out 'bad: message 1, NTE[1], byte '
has out ': is not what the mapping makes of the original'
status 1 verify -q -m "$MAPPING" all.hl7 all.hl7
status 66 verify -m missing.xml all.hl7 all.out

# messages too few, too many, in another order
note one.hl7 > one.out
status 1 verify all.hl7 one.out
has out 'ends before the original does'
status 1 verify one.hl7 all.out
has out 'goes on where the original ends'
cat two.hl7 one.hl7 > swapped
cat one.hl7 two.hl7 > straight
status 1 verify straight swapped

# the original and the annotated are not the same thing
status 1 verify all.out all.hl7

: > nothing
status 0 verify nothing nothing
status 1 verify nothing one.hl7

status 64 verify all.hl7
status 64 verify - -
status 66 verify all.hl7 missing
status 66 verify missing all.hl7

finish
