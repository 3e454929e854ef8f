#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Where reads happen to be cut makes no difference: not to what is annotated, not to
# what is told.  Files that were found hard to cut, in pieces of several sizes.

# shellcheck source-path=SCRIPTDIR source=lib.sh disable=SC1091
. "${HL7_TOP:?}/tests/system/lib.sh"

note() { "$HL7NOTE" annotate -q -m "$MAPPING" --max-message "$@"; }

message C1 25 > high.hl7
printf 'no HL7, ' > garbage

# a header that is cut looks like another, and a short one is shorter than the limit
printf '\r MSH|^OBX|1|NM|x\rBTS|3\rline\r' > in1
cat high.hl7 >> in1
printf '\r\n MSH|^PID|1\nFTS|1garbage MSHOBX|1|NM|x\rFTS|1\rFHS|^~\\&\r' >> in1

# lines in front of a message that end both ways, and blanks around everything
printf '\n \t\r\nPID|1\nMSH\rMSHX|\n' > in2
{
	cat high.hl7
	printf '\n\n\r \rBHS|^~\\&|LAB\r\n\n'
	cat high.hl7
	printf 'BTS'
} >> in2

# frames with junk between them, cut off, empty, and with half an end inside
{
	printf '\n'
	framed < high.hl7
	printf 'junk\r\n'
	framed < /dev/null
	printf '\013\034\034'
	cat high.hl7
	printf '\034\n\034\r\013MSH|\013\013'
	cat high.hl7
	printf '\034'
} > in3

# more garbage than the first window holds, with messages in it
{
	i=0
	while [ $i -lt 15 ]; do
		cat garbage garbage > twice
		mv twice garbage
		i=$((i + 1))
	done
	cat garbage
	printf '\n'
	cat high.hl7
	printf 'FTS|1\rOBX|'
	cat garbage
	printf ' MSH|^~\\&|\nMSH|^~\\&|'
	cat garbage
	printf '\r'
	cat high.hl7
} > in4

for limit in 20 300 1000 16M; do
	for file in in1 in2 in3 in4; do
		note $limit < $file > whole 2> whole.err
		got=$?
		for size in 1 3 64 4096 100000; do
			[ $file != in4 ] || [ $size -gt 1000 ] || continue
			dd if=$file bs=$size 2> /dev/null | {
				note $limit > out 2> err
				echo $? > status
			}
			if ! cmp out whole || ! cmp err whole.err || [ "$(cat status)" -ne $got ]; then
				fail "$file, limit $limit, in pieces of $size"
				finish
			fi
		done
	done
done

# what is no message is the same everywhere
for file in in1 in2 in3 in4; do
	note 20 < $file > out 2> /dev/null
	cmp out $file || fail "file $file, copied"
done

finish
