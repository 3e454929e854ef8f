# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034
#
# What the system tests of hl7note share: a directory of their own, small messages,
# and checks that say which line failed.  A test goes on after a failed check and
# fails in the end.

: "${HL7NOTE:?names the program to test}" "${HL7_TOP:?names the source tree}"

[ -x "$HL7NOTE" ] || {
	echo "no program $HL7NOTE"
	exit 99
}
TMP=$(mktemp -d) || exit 99
trap 'rm -rf "$TMP"' EXIT
trap 'exit 99' HUP INT TERM
cd "$TMP" || exit 99

unset HL7NOTE_MAPPING NO_COLOR
MAPPING=$HL7_TOP/tests/system/data/glucose.xml
CR=$(printf '\r')
failures=0

fail()
{
	echo "FAILED: $*"
	failures=$((failures + 1))
}

# status WANTED COMMAND...: run it, keep its output in the files out and err
status()
{
	wanted=$1
	shift
	got=0
	"$@" > out 2> err || got=$?
	[ "$got" -eq "$wanted" ] || {
		fail "status $got, not $wanted: $*"
		head -n 20 err | sed 's/^/  err: /'
	}
}

# same FILE FILE
same()
{
	cmp "$1" "$2" || fail "$1 differs from $2"
}

# has FILE TEXT: a line of the file holds the text
has()
{
	grep -qF -e "$2" "$1" || {
		fail "no '$2' in $1"
		head -n 20 "$1" | cut -c 1-200 | sed 's/^/  has: /'
	}
}

hasnt()
{
	if grep -qF -e "$2" "$1"; then
		fail "'$2' in $1"
	fi
}

lines()
{
	n=$(wc -l < "$1")
	[ "$n" -eq "$2" ] || fail "$1 has $n lines, not $2"
}

finish()
{
	[ "$failures" -eq 0 ] || exit 1
	exit 0
}

# message ID VALUE [UNIT [FLAG]]: one report with CR behind each segment
message()
{
	printf 'MSH|^~\\&|LAB|HOSP|EHR|HOSP|20260102030405||ORU^R01|%s|P|2.5.1\r' "$1"
	printf 'PID|1||4711||DOE^JANE||19700101|F\r'
	printf 'OBR|1|||PANEL^Panel^L\r'
	printf 'OBX|1|NM|2222-2^Salt^LN||5|mg/L|1-9||||F\r'
	printf 'OBX|2|NM|1111-1^Sugar^LN||%s|%s|10-20|%s|||F\r' "$2" "${3-mg/L}" "${4-}"
}

# annotated ID VALUE FLAG LINE RULE: what the mapping makes of it
annotated()
{
	message "$1" "$2" mg/L "$3"
	printf 'NTE|1|O|%s\r' "$4"
	printf 'NTE|2|O|Auto-comment test 1.2.3: %s; flag %s\r' "$5" "$3"
}

# unended FILE: without its last byte
unended()
{
	head -c $(($(wc -c < "$1") - 1)) "$1"
}

# framed: standard input as one MLLP frame
framed()
{
	printf '\013'
	cat
	printf '\034\r'
}
