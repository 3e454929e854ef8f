#!/bin/sh
# SPDX-License-Identifier: MIT
#
# hl7note annotate as a filter: big input in little memory, input that comes in
# bits, output that cannot be written.

# shellcheck source-path=SCRIPTDIR source=lib.sh disable=SC1091
. "${HL7_TOP:?}/tests/system/lib.sh"

note() { "$HL7NOTE" annotate -q -m "$MAPPING" "$@"; }

# Address space for the program: enough for one message of 16 MiB and its copy.
# A sanitizer needs more than any machine has, so then there is no bound, and less will do.
MEMORY=131072 MUCH=200000000
(
	# shellcheck disable=SC3045 # POSIX has no -v, every shell has
	ulimit -v $MEMORY
	exec "$HL7NOTE" --version
) > /dev/null 2>&1 || MEMORY=unlimited MUCH=20000000

bounded()
{
	(
		# shellcheck disable=SC3045
		ulimit -v $MEMORY
		exec "$HL7NOTE" annotate -q -m "$MAPPING" "$@"
	)
}

# endless FILE: that file again and again, a megabyte or so at a time
endless()
{
	cp "$1" block
	while [ "$(wc -c < block)" -lt 1000000 ]; do
		cat block block > twice
		mv twice block
	done
	while cat block 2> /dev/null; do :; done
}

message S1 25 > high.hl7
annotated S1 25 H 'Too much of it.' T1 > high.want
message S2 15 > normal.hl7
cat high.hl7 normal.hl7 > pair.hl7
cat high.want normal.hl7 > pair.want

# much more than that in messages
pairs=$((MUCH / $(wc -c < pair.hl7)))
big=$((pairs * $(wc -c < pair.hl7)))
want=$((pairs * $(wc -c < pair.want)))
endless pair.hl7 2> /dev/null | head -c $big | bounded > big.out || fail 'many messages'
[ "$(wc -c < big.out)" -eq $want ] || fail "$(wc -c < big.out) bytes of $want"
endless pair.want 2> /dev/null | head -c $want | cmp - big.out || fail 'big output differs'
rm -f big.out

# as much that is no HL7: with and without line ends
for garbage in 'no HL7 in this line\n' 'and none in this'; do
	# shellcheck disable=SC2059
	printf "$garbage" > line
	sum=$(endless line 2> /dev/null | head -c "$MUCH" | cksum)
	got=$({
		endless line 2> /dev/null | head -c "$MUCH" | bounded 2> err
		echo $? > got.status
	} | cksum)
	[ "$sum" = "$got" ] || fail 'garbage differs'
	[ "$(cat got.status)" -eq 65 ] || fail "garbage: status $(cat got.status)"
	lines err 1
done

# messages behind a lot of garbage are found, wherever reads are cut
{
	endless line 2> /dev/null | head -c 700001
	printf 'MSH|no message, in the middle of a line\r\n'
	cat high.hl7
	printf 'FTS|1\r'
	printf 'PID|of nothing\r'
	endless line 2> /dev/null | head -c 700003
	printf '\n'
	cat normal.hl7
} > mixed
sum=$(bounded mixed 2> /dev/null | cksum)
status 65 note mixed
has out 'Too much of it.'
[ "$(cksum < out)" = "$sum" ] || fail 'mixed'
for block in 1000 4093 65536; do
	dd if=mixed bs=$block 2> /dev/null | note > cut.out 2> /dev/null
	same cut.out out
done

# byte by byte
dd if=pair.hl7 bs=1 2> /dev/null | note > out || fail 'byte by byte'
same out pair.want
framed < high.hl7 > high.mllp
framed < high.want > high.mllp.want
dd if=high.mllp bs=1 2> /dev/null | note > out || fail 'frames byte by byte'
same out high.mllp.want

# a message longer than the limit passes; those around it are annotated
{
	cat high.hl7
	message S3 25
	printf 'NTE|1|O|'
	endless line 2> /dev/null | head -c 3000000
	printf '\r'
	cat high.hl7
} > long.hl7
{
	cat high.want
	message S3 25
	printf 'NTE|1|O|'
	endless line 2> /dev/null | head -c 3000000
	printf '\r'
	cat high.want
} > long.want
status 65 note --max-message 2M long.hl7
same out long.want
has err "the message at byte $(wc -c < high.hl7) is too long to be held (--max-message 2097152), passed unchanged"
lines err 1
status 0 note long.hl7
cmp -s out long.want && fail 'a message within the limit was not annotated'
{
	framed < high.hl7
	{
		message S3 25
		printf 'NTE|1|O|'
		endless line 2> /dev/null | head -c 3000000
	} | framed
	framed < high.hl7
} > long.mllp
{
	framed < high.want
	{
		message S3 25
		printf 'NTE|1|O|'
		endless line 2> /dev/null | head -c 3000000
	} | framed
	framed < high.want
} > long.mllp.want
status 65 note --max-message 2M long.mllp
same out long.mllp.want
has err 'the frame at byte'
lines err 1

# verify holds all that annotate can be told to hold
{
	message S3 25
	printf 'NTE|1|O|'
	endless line 2> /dev/null | head -c 17000000
	printf '\r'
} > longer.hl7
"$HL7NOTE" annotate -q -m "$MAPPING" --max-message 20M longer.hl7 > longer.out || fail 'much more than usual'
status 0 "$HL7NOTE" verify longer.hl7 longer.out
rm -f longer.hl7 longer.out

# exactly at the limit, and one byte over it, both ways
size=$(wc -c < high.hl7)
status 0 note --max-message "$size" high.hl7
same out high.want
status 65 note --max-message $((size - 1)) high.hl7
same out high.hl7
status 0 note --max-message "$size" high.mllp
same out high.mllp.want
status 65 note --max-message $((size - 1)) high.mllp
same out high.mllp

# blank lines in front are no messages that are too long, whatever ends its lines, and
# behind it the next one is found, with a byte order mark, too
{
	printf '\n\n\n\n\n\n\n\n'
	message S4 25
	printf 'NTE|1|O|\nlonger than the others\r\n\n\n'
	printf '\357\273\277\r\n\r\n'
} > front.hl7
cat front.hl7 high.hl7 > blank.hl7
cat front.hl7 high.want > blank.want
status 65 note --max-message "$size" blank.hl7
same out blank.want
has err 'the message at byte 0 is too long'
lines err 1
dd if=blank.hl7 bs=1 2> /dev/null | note --max-message "$size" > out 2> cut.err
same out blank.want
lines cut.err 1

# what is known goes out before waiting for more: as with tail -f
mkfifo to from
timeout 300 "$HL7NOTE" annotate -q -m "$MAPPING" < to > from &
pid=$!
exec 3> to 4< from
cat high.mllp >&3
dd bs=1 count="$(wc -c < high.mllp.want)" <&4 > out 2> /dev/null
same out high.mllp.want
framed < high.hl7 >&3
dd bs=1 count="$(wc -c < high.mllp.want)" <&4 > out 2> /dev/null
same out high.mllp.want
exec 3>&-
wait $pid || fail "waiting input: status $?"
exec 4<&-

# a reader that went away is no reason to talk
{
	endless pair.hl7 2> /dev/null | head -c 5000000 | note 2> err
	echo $? > got.status
} | head -c 100 > /dev/null
[ "$(cat got.status)" -eq 74 ] || fail "closed pipe: status $(cat got.status)"
[ ! -s err ] || fail 'closed pipe: said something'

# a full disk is
if [ -w /dev/full ]; then
	got=0
	note pair.hl7 > /dev/full 2> err || got=$?
	[ $got -eq 74 ] || fail "full disk: status $got"
	has err 'cannot write standard output: No space left on device'
	for command in show "check $MAPPING" "explain -q -m $MAPPING" 'verify pair.hl7'; do
		got=0
		# shellcheck disable=SC2086 # words
		"$HL7NOTE" $command pair.hl7 > /dev/full 2> err || got=$?
		[ $got -eq 74 ] || fail "full disk for $command: status $got"
	done
	got=0
	"$HL7NOTE" --help > /dev/full 2> err || got=$?
	[ $got -eq 74 ] || fail "full disk for help: status $got"
	has err 'hl7note: cannot write standard output: No space left on device'
	got=0
	"$HL7NOTED" --help > /dev/full 2> err || got=$?
	[ $got -eq 74 ] || fail "full disk for help of the daemon: status $got"
	has err 'hl7noted: cannot write standard output: No space left on device'
fi

# many lines that look like the beginning of a message take no time without bound
printf 'MSH\nFHS\n MSH|\nBTS' > line
endless line 2> /dev/null | head -c 20000000 > looks
timeout 300 "$HL7NOTE" annotate -q -m "$MAPPING" looks 2> err | cmp - looks || fail 'looks like messages'

# a message of very many segments, in as little memory as there is: passed if need be
{
	message S5 25
	printf 'ZZZ\r' > line
	endless line 2> /dev/null | head -c 15000000
	cat high.hl7
} > segments.hl7
bounded segments.hl7 > out 2> err || :
tail -c "$(wc -c < high.want)" out | cmp - high.want || fail 'after a message of many segments'

# standard files that are closed
got=0
note <&- > out 2> err || got=$?
[ $got -eq 74 ] || fail "no standard input: status $got"
has err 'cannot read standard input: '
lines err 1
got=0
note high.hl7 >&- 2> err || got=$?
[ $got -eq 74 ] || fail "no standard output: status $got"
has err 'cannot write standard output'
got=0
note -o dir high.hl7 2>&- || got=$?
[ $got -eq 0 ] || fail "no standard error: status $got"
same dir/high.hl7 high.want

# ended by a signal: no file, not even half of one
mkdir ended
mkfifo hold
timeout -s TERM 1 "$HL7NOTE" annotate -q -m "$MAPPING" -o ended < hold &
pid=$!
exec 3> hold
cat pair.hl7 >&3
wait $pid || :
exec 3>&-
[ "$(find ended -type f | wc -l)" -eq 0 ] || fail 'a signal left files behind'

finish
