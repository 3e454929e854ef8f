#!/bin/sh
# SPDX-License-Identifier: MIT
#
# hl7note send: what goes out byte for byte, which answers count as what, and when it
# stops.

# shellcheck source-path=SCRIPTDIR source=lib.sh disable=SC1091,SC2119
. "${HL7_TOP:?}/tests/system/lib.sh"
# shellcheck source=wire.sh
. "$HL7_TOP/tests/system/wire.sh"

message S1 25 > one.hl7
message S2 15 > two.hl7
cat one.hl7 two.hl7 > both.hl7

# what is in the files goes out as it stands, from standard input, too, framed or not
for input in 'one.hl7 two.hl7' both.hl7 both.mllp -; do
	{
		framed < one.hl7
		framed < two.hl7
	} > both.mllp
	sink --append "got.$input"
	# shellcheck disable=SC2086 # words
	timeout 300 "$HL7NOTE" send "127.0.0.1:$port" $input < both.hl7 > out 2> err ||
		fail "from $input"
	stop
	same "got.$input" both.mllp
	has out 'sent 2 messages'
	has out 'answered AA 2'
	has out 'latency p50'
done

# as many as there are in a file
i=0
while [ "$i" -lt 300 ]; do
	cat both.hl7
	i=$((i + 1))
done > rows.hl7
sink --append got.rows
send 0 rows.hl7
stop
sink --append got.repeat
send 0 --repeat 300 both.hl7
stop
same got.rows got.repeat
[ "$(wc -c < got.rows)" -eq $((300 * $(wc -c < both.mllp))) ] || fail 'some of 600 are missing'

# what is between messages stays behind, line feeds do not unless they are told to
{
	printf '\357\273\277'
	tr '\r' '\n' < one.hl7
	printf '\n\n'
	tr '\r' '\n' < two.hl7
	printf '\n'
} > lf.hl7
sink --append got.lf
send 0 lf.hl7
stop
tr '\r' '\n' < one.hl7 | framed > want
tr '\r' '\n' < two.hl7 | framed >> want
same got.lf want
sink --append got.cr
send 0 --cr lf.hl7
stop
same got.cr both.mllp

# in pieces
for split in 1 7 random; do
	sink --append "got.split.$split"
	send 0 --mllp-split "$split" both.hl7
	stop
	same "got.split.$split" both.mllp
done

# fresh control IDs: each its own, nothing else touched
sink --append got.fresh
send 0 --fresh-ids --count 100 --in-flight 4 --json both.hl7
stop
count sent 100
count AA 100
tr '\r' '\n' < got.fresh | sed -n 's/^[^|]*MSH|\([^|]*|\)\{8\}\([^|]*\)|.*/\2/p' > ids
lines ids 100
[ "$(sort -u ids | wc -l)" -eq 100 ] || fail 'a control ID came twice'
grep -qvE '^[0-9A-Z]{20}$' ids && fail 'a control ID of another form'
"$HL7NOTE" show --get MSH-7 got.fresh | sort -u > stamps
lines stamps 1
# wherever that stands; what has none stays as it is
{
	printf '\013\r'
	cat one.hl7
	printf '\034\r'
} > blank.mllp
printf 'MSH|^~\\&|LAB\rPID|1\r' > short.hl7
sink --append got.blank
send 0 --fresh-ids blank.mllp
send 0 --fresh-ids short.hl7
has err '1 message has no MSH-10 to replace'
stop
{
	sed "s/|S1|/|$(sed -n 's/.*|\([0-9A-Z]\{20\}\)|.*/\1/p' got.blank)|/" blank.mllp
	framed < short.hl7
} > want
same got.blank want

# ten thousand, over many connections, each once
sink --json --append got.many
send 0 --json --fresh-ids --connections 50 --in-flight 8 --count 10000 both.hl7
stop
count sent 10000
count AA 10000
count connections 50
count received 10000 sink.out
tr '\r' '\n' < got.many | sed -n 's/^[^|]*MSH|\([^|]*|\)\{8\}\([^|]*\)|.*/\2/p' | sort -u > ids
lines ids 10000

# repeat and count, a rate, a connection for each
sink
send 0 --json --repeat 5 both.hl7
count sent 10
[ "$(member p99)$(member p99_9)" = "$(member max)$(member max)" ] || fail 'of ten, 99 % are all'
send 0 --json --repeat 5 --count 7 both.hl7
count sent 7
send 0 --json --repeat 2 --count 7 both.hl7
count sent 4
send 0 --json --rate 100 --connections 3 --count 51 both.hl7
count sent 51
sed -n 's/.*"seconds":\([0-9.]*\).*/\1/p' out | awk '{ exit $1 < 0.5 }' || fail 'faster than its rate'
has out '"since_due_us":{"p50":'
send 0 --json --one-shot --connections 3 --count 20 both.hl7
has out '"since_due_us":null'
count connections 20
count AA 20
send 0 --json --one-shot --connections 2 --rate 20 --count 9 both.hl7
count connections 9
count AA 9
status 0 timeout 300 "$HL7NOTE" send --progress --rate 10 --count 12 "127.0.0.1:$port" one.hl7
has err ' of 12 done'
if script -qec true /dev/null > /dev/null 2>&1; then
	command="'$HL7NOTE' send --rate 10 --count 12 127.0.0.1:$port one.hl7"
	script -qec "$command" /dev/null > out 2>&1 < /dev/null
	has out ' of 12 done'
fi
if [ -w /dev/full ]; then
	got=0
	timeout 300 "$HL7NOTE" send "127.0.0.1:$port" one.hl7 > /dev/full 2> err || got=$?
	[ $got -eq 74 ] || fail "a summary that cannot be written: status $got"
fi
stop

# a message that had to wait for the one before it was late: the twentieth by 3.6 s at least
sink --delay 200ms
send 0 --json --rate 50 --count 20 both.hl7
since=$(sed -n 's/.*"since_due_us":{.*"max":\([0-9]*\).*/\1/p' out)
[ "${since:-0}" -ge 3620000 ] || fail "the last was answered $since us after it was due"
sed 's/"since_due_us".*//' out > latency
[ "$(member max latency)" -lt "$since" ] || fail 'each answer took as long as all of them'
send 0 --rate 50 --count 2 both.hl7
has out 'since due p50 '
stop

# the first failure stops it, unless it is told to go on
i=0
while [ "$i" -lt 10 ]; do
	bare "K$i"
	i=$((i + 1))
done > ten.hl7
sink --refuse AE:100
send 1 ten.hl7
has out 'sent 1 message, '
has out ' on 1 connection in '
send 1 --json ten.hl7
count sent 1
count AE 1
send 1 --json --keep-going ten.hl7
count sent 10
count AE 10
count failed 10
# a file that cannot be read came first; but nothing comes before a summary that cannot be written
send 66 missing one.hl7
has out 'answered AE 1'
if [ -w /dev/full ]; then
	got=0
	timeout 300 "$HL7NOTE" send "127.0.0.1:$port" missing one.hl7 > /dev/full 2> err || got=$?
	[ $got -eq 74 ] || fail "a summary that cannot be written: status $got"
fi
stop

# lost, silent: sent again, each until it is answered
sink --seed 9 --close-before-ack 20 --silent 4 --json -o again
send 0 --json --keep-going --resend 50 --timeout 3s --count 60 ten.hl7
count AA 60
count sent 60
[ "$(member resent)" -gt 0 ] || fail 'no fault, nothing shown'
stop
# several at once, in their order
sink --seed 3 --close-before-ack 30 --append again.mllp
send 0 --json --keep-going --resend 50 --in-flight 4 ten.hl7
[ "$(member resent)" -gt 4 ] || fail 'no fault, nothing shown'
stop
ids()
{
	tr '\013\r' '\n' < "$1" | sed -n 's/^MSH|\([^|]*|\)\{8\}\([^|]*\).*/\2/p'
}
ids again.mllp | awk '!seen[$0]++' > got
ids ten.hl7 > want
same got want
# and a hundred at once, each of them answered
sink --seed 3 --close-before-ack 2
send 0 --json --keep-going --resend 50 --in-flight 100 --count 300 ten.hl7
count AA 300
[ "$(member resent)" -gt 64 ] || fail 'few were sent again'
stop
sink --silent 100
send 1 --json --keep-going --resend 1 --timeout 3s one.hl7
count timed_out 1
count resent 1
stop
# one that closes at once is left alone for longer each time
sink --close-before-ack 100
send 1 --json --keep-going --resend 6 one.hl7
count resent 6
[ "$(member seconds)" -ge 1 ] || fail 'no pause between connections that came to nothing'
stop

# what is to be sent again is not done yet; and nothing is said of what went well, if that is asked
sink --seed 2 --silent 20
timeout 300 "$HL7NOTE" send -q --progress --keep-going --resend 50 --timeout 3s \
	"127.0.0.1:$port" ten.hl7 > out 2> err || fail 'not all were answered'
[ ! -s out ] || fail "-q, and yet: $(cat out)"
awk '$1 < most || $1 > 10 || (sum += $5) > 10 { exit 1 } { most = $1 }' err || fail "$(cat err)"
[ -s err ] || fail 'no progress was told'
stop
sink --code AE
send 1 -q one.hl7
has out 'answered AE 1'
stop

# messages that ask for no answer are not waited for; a refusal counts all the same
{
	bare N1 NE NE
	bare N2 NE
	bare N3 '' NE
} > none.hl7
sink --silent 100 --count 3 --json
send 0 --json --timeout 10s none.hl7
count not_awaited 3
count sent 3
ended
count received 3 sink.out
sink --silent 100 --json
send 0 --json --one-shot --timeout 10s none.hl7
count not_awaited 3
count connections 3
send 0 --json --one-shot --count 400 none.hl7 # each of them was of use
count connections 400
stop
count received 403 sink.out
sink --code CE
bare E1 ER NE > error.hl7
send 1 --json error.hl7
count unasked 1
bare E2 ER NE >> error.hl7
send 1 --json --one-shot --keep-going error.hl7
count unasked 2
stop
# a thousand of them arrive whole though nobody waits
sink --silent 100 --json
send 0 --json --count 1000 none.hl7
stop
count received 1000 sink.out

# one that answers another is none; AL asks in any case
{
	printf 'MSH|^~\\&|LAB|HOSP|EHR|HOSP|20260102||ACK|R1|P|2.5.1\rMSA|AA|1\r'
	bare R2 al
} > reply.hl7
sink
send 0 --json reply.hl7
count CA 1
count not_awaited 1
count unasked 1
# a summary for machines is no note
send 0 -q --json reply.hl7
count sent 2
stop

# nobody there, no such name, not yet there
alone
send 69 one.hl7
has err 'Connection refused'
send 69 --json --keep-going --timeout 3s one.hl7
[ "$(member connect_errors)" -gt 1 ] || fail 'did not try again'
[ "$(member connect_errors)" -lt 20 ] || fail 'no longer pause between attempts to connect'
status 69 timeout 300 "$HL7NOTE" send 127.0.0.1:no-such-service one.hl7
has err 'no service is called no-such-service here'
(
	sleep 0.3
	exec timeout 300 "$HL7NOTE" sink -q --count 1 --listen "$host" "$port"
) &
late=$!
send 0 --keep-going --timeout 60s one.hl7
wait "$late" || fail 'the late sink'
host=127.0.0.1

# no messages, missing files, bytes that cannot be framed
sink
: > nothing
send 65 nothing
send 66 missing
send 66 missing one.hl7
has out 'answered AA 1'
{
	bare F1
	printf 'NTE|1||a\034\rOBX|1\r'
} > mark.hl7
send 65 mark.hl7
has err 'holds the bytes that end a frame'
cat one.hl7 >> mark.hl7
send 65 --json mark.hl7
count AA 1
count bytes "$(framed < one.hl7 | wc -c)"
stop
for wrong in '' host host: :0 :99999 127.0.0.1:65536 :99999x '[::1:1' '--in-flight 0 :1' '--one-shot --in-flight 2 :1' \
	'--timeout 0 :1' '--timeout 1x :1' '--mllp-split 0 :1' '--connections 10001 :1'; do
	# shellcheck disable=SC2086 # words
	timeout 300 "$HL7NOTE" send $wrong < one.hl7 > out 2> err
	got=$?
	[ "$got" -eq 64 ] || [ "$wrong" = :99999x ] || fail "status $got: send $wrong"
done

finish
