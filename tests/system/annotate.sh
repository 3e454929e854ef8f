#!/bin/sh
# SPDX-License-Identifier: MIT
#
# hl7note annotate: what comes out, byte for byte, for every way input can look.

# shellcheck source-path=SCRIPTDIR source=lib.sh disable=SC1091
. "${HL7_TOP:?}/tests/system/lib.sh"

note() { "$HL7NOTE" annotate -q -m "$MAPPING" "$@"; }

message A1 25 > high.hl7
message A2 15 > normal.hl7
message A3 5 > low.hl7
annotated A1 25 H 'Too much of it.' T1 > high.want
annotated A3 5 L 'Too little of it.' T2 > low.want

# one message, from a file, from standard input, from -
status 0 note high.hl7
same out high.want
[ ! -s err ] || fail 'a quiet run said something'
note < high.hl7 > out || fail 'standard input'
same out high.want
note - < high.hl7 > out || fail '-'
same out high.want

# nothing to say about it; annotating twice changes nothing
status 0 note normal.hl7
same out normal.hl7
status 0 note high.want
same out high.want

# several messages in one file, several files
cat high.hl7 normal.hl7 low.hl7 > all.hl7
cat high.want normal.hl7 low.want > all.want
status 0 note all.hl7
same out all.want
status 0 note high.hl7 normal.hl7 low.hl7
same out all.want

# a batch keeps its envelope
{
	printf 'FHS|^~\\&|LAB\rBHS|^~\\&|LAB\r'
	cat all.hl7
	printf 'BTS|3\rFTS|1\r'
} > batch.hl7
{
	printf 'FHS|^~\\&|LAB\rBHS|^~\\&|LAB\r'
	cat all.want
	printf 'BTS|3\rFTS|1\r'
} > batch.want
status 0 note batch.hl7
same out batch.want

# an envelope alone is HL7
printf 'FHS|^~\\&|LAB\rFTS|0\r' > empty-batch.hl7
status 0 note empty-batch.hl7
same out empty-batch.hl7

# line feeds, CR LF, blank lines, a byte order mark, no terminator at the end
tr '\r' '\n' < all.hl7 > lf.hl7
tr '\r' '\n' < all.want > lf.want
status 0 note lf.hl7
same out lf.want
sed 's/$/\r/' lf.hl7 > crlf.hl7
sed 's/$/\r/' lf.want > crlf.want
status 0 note crlf.hl7
same out crlf.want
{
	printf '\357\273\277'
	cat high.hl7
	printf '\r\r\n'
	cat low.hl7
} > odd.hl7
{
	printf '\357\273\277'
	cat high.want
	printf '\r\r\n'
	cat low.want
} > odd.want
status 0 note odd.hl7
same out odd.want
unended high.hl7 > open.hl7
unended high.want > open.want
status 0 note open.hl7
same out open.want

# MLLP frames, what is between them, and a batch in a frame
{
	framed < high.hl7
	printf '\n'
	framed < normal.hl7
	framed < batch.hl7
} > frames.mllp
{
	framed < high.want
	printf '\n'
	framed < normal.hl7
	framed < batch.want
} > frames.want
status 0 note frames.mllp
same out frames.want

# a frame cut off by the next one, and by the end: as they came, and told
{
	printf '\013'
	cat high.hl7
	framed < low.hl7
	printf '\013'
	cat high.hl7
} > cut.mllp
{
	printf '\013'
	cat high.hl7
	framed < low.want
	printf '\013'
	cat high.hl7
} > cut.want
status 65 note cut.mllp
same out cut.want
has err '2 MLLP frames have no end, the first at byte 0'
lines err 1

# nor is it another fault that there is no message besides
{
	printf '\013'
	cat high.hl7
} > half.mllp
status 65 note half.mllp
has err '1 MLLP frame has no end, the first at byte 0'
lines err 1

# no HL7 at all, nothing at all, and a mixture
printf 'Dear all,\nplease find attached\n' > letter
status 65 note letter
same out letter
lines err 1
: > nothing
status 65 note nothing
same out nothing
lines err 1
has err 'holds no HL7 message'
cat letter high.hl7 > mixed
cat letter high.want > mixed.want
status 65 note mixed
same out mixed.want
has err '31 bytes are no HL7, the first at byte 0'
lines err 1
{
	framed < high.hl7
	cat letter
	framed < low.hl7
} > mixed.mllp
{
	framed < high.want
	cat letter
	framed < low.want
} > mixed.mllp.want
status 65 note mixed.mllp
same out mixed.mllp.want
has err " bytes are no HL7, the first at byte $(framed < high.hl7 | wc -c), "
framed < letter > letter.mllp
status 65 note letter.mllp
same out letter.mllp

# bytes of every value, in a note and outside of messages
i=0
while [ "$i" -lt 256 ]; do
	# shellcheck disable=SC2059
	printf "\\$(printf %03o "$i")"
	i=$((i + 1))
done > bytes
status 65 note bytes
same out bytes
{
	message A4 15
	printf 'NTE|1|O|'
	tr -d '\r\n\013' < bytes
	printf '\r'
	cat high.hl7
} > binary.hl7
{
	message A4 15
	printf 'NTE|1|O|'
	tr -d '\r\n\013' < bytes
	printf '\r'
	cat high.want
} > binary.want
status 0 note binary.hl7
same out binary.want

# -o: one file for each input
mkdir dir
status 0 note -o out.d high.hl7 normal.hl7
same out.d/high.hl7 high.want
same out.d/normal.hl7 normal.hl7
[ "$(find out.d -type f | wc -l)" -eq 2 ] || fail 'left other files in -o'
[ ! -s out ] || fail '-o wrote to standard output'
[ "$(stat -c %a out.d/high.hl7)" = "$(stat -c %a high.hl7)" ] || fail 'a file for few in -o'
note -o out.d < low.hl7 || fail '-o with standard input'
same out.d/stdin low.want
cp high.hl7 dir/high.hl7
status 64 note -o out.d high.hl7 dir/high.hl7
has err 'written to one file'
cp high.hl7 stdin
status 64 note -o out.d - stdin < low.hl7
has err '- and stdin would be written to one file'
status 64 note -o dir dir/high.hl7
same dir/high.hl7 high.hl7
status 73 note -o letter/out high.hl7
mkdir -p out.d/taken
cp high.hl7 taken
status 73 note -o out.d taken
[ -z "$(find out.d -name '.taken*')" ] || fail 'a file that has no name was left behind'

# ended in the middle, it leaves nothing behind
mkfifo slow
"$HL7NOTE" annotate -q -m "$MAPPING" -o part slow &
writing=$!
{
	cat high.hl7
	tries=0
	until [ -n "$(find part -type f)" ] || [ "$tries" -ge 600 ]; do
		tries=$((tries + 1))
		sleep 0.1
	done 2> /dev/null
	find part -type f > begun
	kill "$writing"
	wait "$writing" 2> /dev/null && fail 'a signal was taken for the end of the input'
} > slow
lines begun 1
has begun '/.slow.'
[ -z "$(find part -type f)" ] || fail 'an unfinished file was left behind'

# drafts are told, unless asked not to
status 0 "$HL7NOTE" annotate -m "$MAPPING" high.hl7
has err 'mapping test 1.2.3 is a draft'
lines err 1

finish
