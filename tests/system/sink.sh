#!/bin/sh
# SPDX-License-Identifier: MIT
#
# hl7note sink: what it answers, what it keeps, how it ends, and its faults.

# shellcheck source-path=SCRIPTDIR source=lib.sh disable=SC1091,SC2119
. "${HL7_TOP:?}/tests/system/lib.sh"
# shellcheck source=wire.sh
. "$HL7_TOP/tests/system/wire.sh"

i=0
: > many.hl7
while [ "$i" -lt 40 ]; do
	message "M$i" 25 >> many.hl7
	i=$((i + 1))
done
message A1 25 > one.hl7
message A2 15 > two.hl7

# kept as it came: one file for each, numbered, and all in one file of frames
sink --count 2 -o kept --append kept.mllp
send 0 one.hl7 two.hl7
ended
same kept/0000000001.hl7 one.hl7
same kept/0000000002.hl7 two.hl7
{
	framed < one.hl7
	framed < two.hl7
} > want
same kept.mllp want
has sink.out 'received 2 messages'
has sink.out 'answered AA 2'
has sink.err 'listening on 127.0.0.1 port'

# again into the same directory: nothing is overwritten, and what has other names has no number;
# nothing is said when quiet
touch kept/-1.hl7 kept/9.txt kept/99999999999999999999.hl7
sink -q -o kept --append kept.mllp
send 0 two.hl7
stop
same kept/0000000003.hl7 two.hl7
framed < two.hl7 >> want
same kept.mllp want
[ ! -s sink.out ] || fail 'a quiet sink summed up'
[ ! -s sink.err ] || fail 'a quiet sink said something'

# but the summary that machines ask for
sink -q --json
send 0 two.hl7
stop
count received 1 sink.out
[ ! -s sink.err ] || fail 'a quiet sink said something'

# any free port of all addresses is one port
sink --listen '*'
send 0 one.hl7
if grep -qs '^0\{31\}1 ' /proc/net/if_inet6; then
	host='[::1]'
	send 0 one.hl7
	host=127.0.0.1
fi
stop

# nor is what another one has put there meanwhile
sink -q -o kept
cp one.hl7 kept/0000000004.hl7
cp one.hl7 kept/0000000005.hl7
send 0 two.hl7
stop
same kept/0000000004.hl7 one.hl7
same kept/0000000006.hl7 two.hl7
[ "$(find kept -type f | wc -l)" -eq 9 ] || fail 'other files in -o'

# the codes, as asked by the message and as told
bare C1 AL NE > commit.hl7
sink --count 1 --json
send 0 commit.hl7
ended
count CA 1 sink.out
for code in AA AE AR CA CE CR; do
	wanted=1
	case $code in ?A) wanted=0 ;; esac
	sink --count 1 --code "$code" --json
	send "$wanted" --json one.hl7
	ended
	count "$code" 1
	count "$code" 1 sink.out
done

# each fault, always
sink --close-before-ack 100 --json
send 1 --json one.hl7
count lost 1
stop
count closed_before_ack 1 sink.out
sink --close-after-ack 100
send 0 --json --one-shot many.hl7
count AA 40
count connections 40
stop
has sink.out 'closed_after_ack 40'
sink --split-ack 100
send 0 --json many.hl7
count AA 40
stop
sink --wrong-id 100
send 1 --json --keep-going many.hl7
count wrong_id 40
count AA 0
stop
# each for the message it came to, and for no neighbour of that one
sink --wrong-id 50
send 1 --json --keep-going --fresh-ids --count 200 --in-flight 8 --timeout 3s one.hl7
count unasked 0
count timed_out 0
stop
sink --wrong-id 100 --json
# where there is none to be wrong, the answer is what it would be
message '' 25 > anonymous.hl7
send 0 --json anonymous.hl7
count AA 1
stop
count AA 1 sink.out
count wrong_id 0 sink.out
sink --garbage 100
send 0 --json many.hl7
count AA 40
stop
sink --silent 100
send 1 --json --timeout 3s one.hl7
count timed_out 1
stop
sink --refuse AE:30 --refuse CR:70 --json
send 1 --json --keep-going many.hl7
count AA 0
[ $(($(member AE) + $(member CR))) -eq 40 ] || fail 'refusals'
[ "$(member AE)" -gt 0 ] || fail 'no AE'
[ "$(member CR)" -gt 0 ] || fail 'no CR'
stop
sink --delay 100ms --json
send 0 --count 12 many.hl7
stop
[ "$(member seconds sink.out)" -ge 1 ] || fail 'twelve tenths of a second in no time'
[ "$(member per_second sink.out)" -le 12 ] || fail 'more a second than came'
sink --delay 50ms
send 0 --json one.hl7
[ "$(member p50)" -ge 50000 ] || fail 'answered before the delay was over'
stop

# some faults: the same with the same seed, others with another
for seed in 1 1 2; do
	sink -o "seed" --seed "$seed" --refuse AE:20 --wrong-id 10 --split-ack 10 --garbage 10
	send 1 --keep-going --timeout 3s many.hl7
	grep -v -e '^sent' -e '^latency' out > "seed.$seed.$peer"
	stop
done
set -- seed.1.*
same "$1" "$2"
cmp -s "$1" seed.2.* && fail 'another seed, the same faults'

# and the same whatever other faults there are
for other in '' '--delay 1ms-9ms' '--delay 2ms' '--split-ack 50'; do
	# shellcheck disable=SC2086 # words
	sink --seed 4 --refuse AE:20 --wrong-id 10 --close-before-ack 10 $other
	send 1 --keep-going many.hl7
	grep -v -e '^sent' -e '^latency' out > "faults.$peer"
	[ "$other" ] || cp "faults.$peer" want
	same "faults.$peer" want
	stop
done

# what could not be kept is not answered, and not counted either; the sink ends
for fault in '' '--split-ack 100'; do
	# shellcheck disable=SC2086 # words
	sink --append /dev/full --json $fault
	send 1 --json one.hl7
	ended 74
	count lost 1
	count received 0 sink.out
	count AA 0 sink.out
done

# a pipe that is to hear the port stays one
mkfifo pipe
timeout 300 "$HL7NOTE" sink -q --count 1 --port-file pipe 0 &
peer=$!
port=$(timeout 60 cat pipe)
send 0 one.hl7
wait "$peer"
[ -p pipe ] || fail 'a file has taken the place of the pipe'

# the same goes for a summary that cannot be written
if [ -w /dev/full ]; then
	rm -f port
	timeout 300 "$HL7NOTE" sink --count 1 --port-file port 0 > /dev/full 2> sink.err &
	peer=$!
	await port
	port=$(cat port)
	send 0 one.hl7
	ended 74
fi

# a signal ends it cleanly, answers under way are given first
for signal in INT TERM; do
	sink --delay 300ms --append "got.$signal"
	"$HL7NOTE" send "127.0.0.1:$port" one.hl7 > out 2> err &
	sender=$!
	await "got.$signal" -s
	kill -s "$signal" "$(cat sink.pid)"
	ended
	wait "$sender" || fail "no answer at the end by $signal"
	has sink.out 'received 1 message, '
done

# at a second signal no answer is waited for, nor counted
sink --delay 1h --append got.twice --json
"$HL7NOTE" send "127.0.0.1:$port" one.hl7 > out 2> err &
sender=$!
await got.twice -s
# nor is anybody let in behind the first
kill -s TERM "$(cat sink.pid)"
tries=0
until [ "$tries" -eq 100 ] || grep -qsF 'Connection refused' refused; do
	timeout 300 "$HL7NOTE" send "127.0.0.1:$port" two.hl7 > /dev/null 2> refused
	tries=$((tries + 1))
	sleep 0.05
done
has refused 'Connection refused'
insist TERM "$(cat sink.pid)"
ended
wait "$sender" && fail 'an answer came'
count received 1 sink.out
count AA 0 sink.out

# no message, a frame cut off, bytes between frames: told apart
command -v python3 > /dev/null || finish
sink --json
python3 - "$port" << 'END' > reply
import socket, sys, threading, time
def talk(data):
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 60)
    s.sendall(data)
    s.shutdown(socket.SHUT_WR)
    got = b""
    while True:
        more = s.recv(4096)
        if not more: break
        got += more
    s.close()
    return got
m = b"MSH|^~\\&|A|B|C|D|2026||ORU^R01|X1|P|2.3\rPID|1\r"
assert b"\rMSA|AR||" in talk(b"\x0bhello\x1c\r"), "no message"
assert talk(b"\x0b" + m) == b"", "cut off"
assert talk(b"\x0b" + m + b"\x0b" + m + b"\x1c\r") == b"", "a frame in a frame"
assert b"MSA|AA|X1\r" in talk(b"junk!\x0b" + m + b"\x1c\r"), "junk"
assert talk((b"\x0b" + m + b"\x1c\r") * 500).count(b"MSA|AA|X1\r") == 500, "many in one write"
assert b"MSA|AA|X1\r" in talk(b"\x0bBHS|^~\\&\r" + m + b"BTS|1\r\x1c\r"), "a batch"
assert talk(b"") == b"", "nothing"
# all answers, also to one that reads late
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 60)
frames = (b"\x0b" + m + b"\x1c\r") * 100000
threading.Thread(target=s.sendall, args=(frames,), daemon=True).start()
time.sleep(1)
answers, rest = 0, b""
while answers < 100000:
    more = s.recv(1 << 20)
    assert more, "no answer"
    rest += more
    answers += rest.count(b"\x1c\r")
    rest = rest[rest.rfind(b"\x1c\r") + 2:] if b"\x1c\r" in rest else rest
assert not rest, "more than answers"
s.close()
print("ok")
END
has reply ok
stop
count foreign 1 sink.out
count broken 2 sink.out
count junk_bytes 5 sink.out

# one that is no message is counted so, whatever comes of it, and refused for itself alone
printf 'hello' | framed > hello
for fault in '--silent 100' '--refuse AE:100 --delay 1ms'; do
	# shellcheck disable=SC2086 # words
	sink --json --count 1 $fault
	python3 - "$port" << 'END'
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 60)
s.sendall(open("hello", "rb").read())
while s.recv(4096): pass
END
	ended
	count received 1 sink.out
	count foreign 1 sink.out
	count refused 0 sink.out
	count AE 0 sink.out
done
count AR 1 sink.out
# for people, too
{
	printf 'ab'
	cat hello
} > junk
sink --count 1
timeout 300 python3 - "$port" << 'END'
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 60)
s.sendall(open("junk", "rb").read())
while s.recv(4096): pass
END
ended
has sink.out '1 frame held no message'
has sink.out '2 bytes between frames'
hasnt sink.out 'cut off'

# no more than was asked for, however many come at once
sink --count 3 --json
send 1 --json --in-flight 8 many.hl7
ended
count received 3 sink.out
count broken 0 sink.out # of what it did not wait for

# the parts of an answer, and bytes in front of it that begin no frame; a sender that stays does not
# keep the sink
cat > stays.py << 'END'
import socket, struct, sys, time
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 60)
s.sendall(open("one.mllp", "rb").read())
got = b""
while not got.endswith(b"\x1c\r"): got += s.recv(4096)
# tcpi_data_segs_in: the kernel counts them, however late they are read
parts, = struct.unpack_from("I", s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 160), 152)
begin = got.index(b"\x0bMSH|")
with open("ids", "a") as f: print(got[begin:].split(b"|")[9].decode(), file=f)
print(parts, begin, flush=True)
time.sleep(300)
END
framed < one.hl7 > one.mllp
while read -r fault parts; do
	# shellcheck disable=SC2086 # words
	sink --count 1 $fault
	timeout 300 python3 stays.py "$port" > stays &
	ended
	grep -qx "$parts" stays || fail "$fault: $(cat stays)"
done << 'END'
--seed=1 1 0
--split-ack=100 2 0
--garbage=100 1 [1-9][0-9]*
END
# from the first to the last it was more than a second
[ "$(head -n 1 ids)" != "$(tail -n 1 ids)" ] || fail 'answers of two runs look the same'

# what is closed behind the answer is not closed in the middle of it
sink --close-after-ack 100
timeout 300 python3 - "$port" << 'END' > reply
import socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
s.settimeout(60)
s.connect(("127.0.0.1", int(sys.argv[1])))
id = b"X" * 12000000
s.sendall(b"\x0bMSH|^~\\&|A|B|C|D|2026||ORU^R01|" + id + b"|P|2.3\r\x1c\r")
got = b"".join(iter(lambda: s.recv(1 << 20), b""))
print(got.endswith(b"|" + id + b"\r\x1c\r"))
END
has reply True
stop

# who reads no answers is not read for ever
sink
timeout 300 python3 - "$port" << 'END' > reply
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.settimeout(1)
left = memoryview(open("one.mllp", "rb").read() * 400000)
try:
    while left: left = left[s.send(left[:65536]):]
except socket.timeout: print("stalled")
END
has reply stalled
stop

# more than it takes
sink --max-message 1K --json
head -c 2000 /dev/zero | tr '\0' x > long.txt
{
	bare L1
	printf 'NTE|1||'
	cat long.txt
} > long.hl7
send 1 --json long.hl7
count lost 1
stop
count broken 1 sink.out

# half a message is neither answered nor left in the directory
rm -f port
(
	trap '' XFSZ
	ulimit -f 1
	exec timeout 300 "$HL7NOTE" sink -o half --port-file port 0 > sink.out 2> sink.err
) &
peer=$!
await port
port=$(cat port)
send 1 --json long.hl7
count lost 1
ended 74
has sink.err 'cannot write into half: File too large'
[ -z "$(find half -type f)" ] || fail 'half a message was left'

# mllp_send of python3-hl7
if command -v mllp_send > /dev/null; then
	sink --count 2 -o foreign
	framed < two.hl7 > two.mllp
	status 0 timeout 300 mllp_send --port "$port" --file two.mllp 127.0.0.1
	has out 'MSA|AA|A2'
	framed < one.hl7 > one.mllp
	status 0 timeout 300 mllp_send --port "$port" --file one.mllp 127.0.0.1
	ended
	# it takes the last line end away
	unended one.hl7 > want
	same foreign/0000000002.hl7 want
fi

# called in a wrong way
for wrong in '--code AX 0' '--refuse AE 0' '--refuse AE:101 0' '--delay 5-1 0' '--silent x 0' \
	'--count 0 0' '70000' 'port' '1 2' ''; do
	# shellcheck disable=SC2086 # words
	status 64 "$HL7NOTE" sink $wrong
done
sink
status 69 "$HL7NOTE" sink "$port"
has err 'Address already in use'
stop
status 73 "$HL7NOTE" sink --append no/such/dir 0
status 73 timeout 60 "$HL7NOTE" sink -o no/such/dir --append any 0
for file in no/such/port /dev/full; do
	status 73 timeout 60 "$HL7NOTE" sink --port-file "$file" 0
	has err "cannot write $file: "
done

finish
