#!/bin/sh
# SPDX-License-Identifier: MIT
#
# hl7note send against receivers that are not ours: one of bare sockets, whose answers
# come late, split, out of order, or wrong, and the server of python3-hl7.

# shellcheck source-path=SCRIPTDIR source=lib.sh disable=SC1091,SC2119
. "${HL7_TOP:?}/tests/system/lib.sh"
# shellcheck source=wire.sh
. "$HL7_TOP/tests/system/wire.sh"

command -v python3 > /dev/null || exit 77

cat > peer.py << 'END'
import os, socket, ssl, sys, threading, time

def answer(id, code="AA"):
    return b"\x0bMSH|^~\\&|A|B|C|D|2026||ACK|1|P|2.3\rMSA|" + code.encode() + b"|" + id + b"\r\x1c\r"

def frames(s):
    held = b""
    while True:
        more = s.recv(65536)
        if not more: return
        held += more
        while b"\x1c\r" in held:
            frame, held = held.split(b"\x1c\r", 1)
            assert frame.startswith(b"\x0bMSH|"), frame
            yield frame.split(b"|")[9]

how = sys.argv[1]
listener = socket.create_server(("127.0.0.1", 0))
with open("port.new", "w") as f: f.write(str(listener.getsockname()[1]))
os.rename("port.new", "port")
if how in ("slow", "slowly", "quits"): listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
if how == "mute": time.sleep(300)
if how == "spread":
    counts = []
    def serve(s):
        counts.append(0)
        mine = len(counts) - 1
        for id in frames(s):
            s.sendall(answer(id))
            counts[mine] += 1
    threads = [threading.Thread(target=serve, args=listener.accept()[:1]) for _ in range(3)]
    for t in threads: t.start()
    for t in threads: t.join()
    print(min(counts))
    sys.exit()
if how == "strict":
    wants = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    wants.load_cert_chain("ca/server.pem", "ca/server.key")
    wants.load_verify_locations("ca/ca.pem")
    wants.verify_mode = ssl.CERT_REQUIRED
    while True:
        try: wants.wrap_socket(listener.accept()[0], server_side=True)
        except OSError: pass
s, _ = listener.accept()
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
if how == "slow":
    while s.recv(512 << 10, socket.MSG_WAITALL): time.sleep(0.5)
if how == "slowly":
    read, more, step = 0, b"", int(sys.argv[2])
    while not more.endswith(b"\x1c\r"):
        more = s.recv(65536)
        if read // step < (read + len(more)) // step: time.sleep(0.25)
        read += len(more)
    s.sendall(answer(b"L3"))
if how == "late":
    time.sleep(1)
    while s.recv(1 << 20): pass
if how == "quits":
    while b"1 of 1 done" not in open("err", "rb").read(): time.sleep(0.05)
    listener.close()
    s.close()
    sys.exit()
if how == "leaves":
    s.recv(100)
    s.close()
    time.sleep(300)
ids = []
for id in frames(s):
    ids.append(id)
    if how == "bytes":
        for b in answer(id): s.send(bytes([b]))
    elif how == "reversed" and len(ids) % 4 == 0:
        for i in reversed(ids[-4:]): s.sendall(answer(i))
    elif how == "shuffled":
        if len(ids) % 4 == 0:
            a, b, c, d = map(answer, ids[-4:])
            s.sendall(b + b + a + d + c)
    elif how == "gap":
        if len(ids) == 4:
            for i in ids[1:]: s.sendall(answer(i))
            break
    elif how == "twice": s.sendall(answer(id) * 2)
    elif how == "thanks": s.sendall(answer(id) + b"\x0bthank you\x1c\r")
    elif how == "stray": s.sendall(answer(b"other") * (id == b"E2") + answer(id))
    elif how == "blanks": s.sendall(b"\r\n" + answer(id).replace(b"|AA|" + id, b"| AA | " + id + b" "))
    elif how == "lf": s.sendall(answer(id).replace(b"\rMSA", b"\r\nMSA"))
    elif how == "other": s.sendall(answer(b"other"))
    elif how == "code": s.sendall(answer(id, "XX"))
    elif how == "words": s.sendall(b"\x0bthank you\x1c\r")
    elif how == "broken": s.sendall(answer(id) + b"\x0bMSH|\x0b")
    elif how == "gone":
        listener.close()
        s.close()
        break
    elif how == "silent": open("heard", "w").close()
    elif how == "asked":
        if len(ids) == 4:
            open("heard", "w").close()
            while not os.path.exists("go"): time.sleep(0.05)
            for id in ids: s.sendall(answer(id))
            open("given", "w").close()
        elif len(ids) > 4: s.sendall(answer(id))
    elif how == "open": s.sendall(answer(id)[:-2] + answer(id))
    elif how in ("later", "backwards", "refused", "first"): s.sendall(answer(id, "CA"))
    elif how == "renewed": s.sendall(answer(id, "CA") * 2 + answer(id))
    elif how == "turned": s.sendall(answer(id, "CE") + answer(id))
    elif how == "both": s.sendall(answer(id, "CA") + answer(id))
    elif how == "thrice": s.sendall(answer(id, "CA") + answer(id) * 2)
    elif how == "astray": s.sendall(answer(id, "CA") + answer(b"other"))
    elif how == "half":
        s.sendall(answer(id)[:20])
        break
for id in ids if how != "backwards" else ids[::-1]:
    if how in ("later", "backwards"): s.sendall(answer(id))
    elif how == "first": s.sendall(answer(ids[0]))
    elif how == "refused": s.sendall(answer(id, "AR"))
END

# peer HOW: one connection that answers in this way
peer()
{
	rm -f port
	timeout 300 python3 peer.py "$@" > peer.out 2> peer.err &
	await port
	port=$(cat port)
}

i=0
while [ "$i" -lt 8 ]; do
	bare "P$i"
	i=$((i + 1))
done > eight.hl7

# HOW STATUS MEMBER COUNT: eight messages, four in flight
while read -r how wanted member number; do
	peer "$how"
	send "$wanted" --json --in-flight 4 --timeout 20s eight.hl7
	count "$member" "$number"
	count sent "$((wanted ? $(member sent) : 8))"
done << 'END'
bytes 0 AA 8
reversed 0 AA 8
blanks 0 AA 8
lf 0 AA 8
words 1 unreadable 4
other 1 wrong_id 4
code 1 other 4
open 1 unreadable 1
half 1 lost 4
gap 1 lost 1
shuffled 0 AA 8
END
count unasked 2 # each time the second answer to one that is done

# an answer to nothing in flight is told, and is no failure when it is positive; nor is it the
# wrong answer to the next message, which may be on its way already
for more in '--rate 100' '--in-flight 1' '--in-flight 4'; do
	peer twice
	# shellcheck disable=SC2086
	send 0 --json --timeout 20s $more eight.hl7
	count AA 8
	count wrong_id 0
	[ "$(member unasked)" -gt 0 ] || fail 'answers twice, counted once'
done
peer thanks
send 1 --json --keep-going --timeout 20s eight.hl7
count AA 8
count unasked 8
count failed 8

# the application answers what was accepted, perhaps when all is sent; HOW STATUS AA AR UNASKED
sed 's/P|2.5.1|||/&AL|AL/g' eight.hl7 > enhanced.hl7
while read -r how wanted aa ar unasked; do
	for flight in 1 4; do
		peer "$how"
		send "$wanted" --json --keep-going --in-flight $flight --timeout 20s enhanced.hl7
		count CA 8
		count AA "$aa"
		count AR "$ar"
		count unasked "$unasked"
		count failed "$ar"
	done
done << 'END'
both 0 8 0 0
later 0 8 0 0
backwards 0 8 0 0
refused 1 0 8 0
first 0 1 0 7
thrice 0 8 0 8
astray 0 0 0 8
renewed 0 8 0 8
END
peer turned
send 1 --json --keep-going --timeout 20s enhanced.hl7
count CE 8
count AA 0
count unasked 8
count failed 8
# also one whose acceptance nobody asked for
sed 's/P|2.5.1|||/&NE|AL/g' eight.hl7 > later.hl7
peer bytes
send 0 --json --timeout 20s later.hl7
count AA 8
count not_awaited 8
count unasked 0
# where only the accept was asked for, it is an answer to nothing
for asks in AL 'AL|NE'; do
	sed "s/P|2.5.1|||/&$asks/g" eight.hl7 > accept.hl7
	peer both
	send 0 --json --timeout 20s accept.hl7
	count CA 8
	count AA 0
	count unasked 8
done
# what answers nothing is no wrong answer on a connection where others may come
{
	bare E1 AL AL
	bare E2
} > both.hl7
peer stray
send 0 --json --timeout 20s both.hl7
count AA 2
count unasked 1
count wrong_id 0

# what comes behind an answer and breaks off is no answer that anybody asked for
peer broken
send 1 --json --timeout 20s eight.hl7
count AA 1
count unasked 1
count failed 1

# what was to be sent again, and was not because nobody is there any more, has failed, too
peer gone
send 69 --json --resend 3 --in-flight 4 --timeout 20s eight.hl7
count resent 0
count lost "$(member sent)"
count failed "$(member sent)"

# begin_sending ARGUMENT...: four messages at a time, with its process in send.pid
begin_sending()
{
	timeout --foreground 300 sh -c 'echo $$ > send.pid && exec "$@"' sh \
		"$HL7NOTE" send --json --in-flight 4 "$@" "127.0.0.1:$port" eight.hl7 > out 2> err &
	sender=$!
}

# a second signal waits for no answer, but each message sent has come to something
peer silent
rm -f heard
begin_sending
await heard
insist INT "$(cat send.pid)"
got=0
wait "$sender" || got=$?
[ "$got" -eq 1 ] || fail "status $got after two signals"
count lost "$(member sent)"
count failed "$(member sent)"

# the first signal waits for answers; a run that was cut short is no success
peer asked
rm -f heard go given
begin_sending --timeout 60s
await heard
kill -s INT "$(cat send.pid)"
sleep 0.5
: > go
got=0
wait "$sender" || got=$?
[ "$got" -eq 1 ] || fail "status $got after a signal"
count AA 4
count sent 4
count failed 0

# answers that came while it stood still are not late
peer asked
rm -f heard go given
begin_sending --timeout 6s
await heard
kill -s STOP "$(cat send.pid)"
: > go
await given
sleep 7
kill -s CONT "$(cat send.pid)"
wait "$sender" || fail "status $? after it stood still"
count AA 8
count timed_out 0

# of messages that ask for no answer, one that could not be written whole is lost
{
	bare L1 NE
	printf 'NTE|1||'
	head -c 12000000 /dev/zero | tr '\0' x
	printf '\r'
} > large.hl7
for shot in '' --one-shot; do
	peer leaves
	# shellcheck disable=SC2086
	send 1 --json $shot --timeout 20s large.hl7
	count lost 1
	count failed 1
	count not_awaited 0
done

# nor was one that is never read; of several the oldest is the one that took too long
peer mute
send 69 --json --timeout 2s large.hl7
has err 'the peer does not read what is sent'
count timed_out 1
count failed 1
count not_awaited 0
{
	bare M1
	cat large.hl7
} > mixed.hl7
peer mute
send 1 --json --in-flight 2 --timeout 2s mixed.hl7
count timed_out 1
count lost 1
count not_awaited 0

# messages at a rate are spread over all connections; again where many came late and at once, since
# one of the two stood still
for attempt in 1 2 3 4 5 6 7 8 9 10; do
	peer spread
	send 0 --json --rate 100 --connections 3 --count 60 eight.hl7
	await peer.out -s
	late=$(sed -n 's/.*"since_due_us":{.*"max":\([0-9]*\).*/\1/p' out)
	if [ "$(cat peer.out)" -gt 5 ] || [ "${late:-0}" -lt 100000 ]; then
		break
	fi
done
[ "$(cat peer.out)" -gt 5 ] ||
	fail "attempt $attempt: one connection had $(cat peer.out) of 60 messages, $late us late"

# a peer that reads slowly reads
peer slow
send 0 --json --timeout 3s large.hl7
count not_awaited 1

# and does not answer late what it has not read
sed 's/|L1|P|2.5.1|||NE|/|L3|P|2.5.1||||/' large.hl7 > asks.hl7
peer slowly 500000
send 0 --json --timeout 3s asks.hl7
count AA 1
# nor where it all fitted into the kernel
head -c 1000000 asks.hl7 > fits.hl7
peer slowly 40000
send 0 --json --timeout 4s fits.hl7
count AA 1

# so does one that begins late, and what was written in pieces goes on then
peer late
send 0 --json --mllp-split 100000 --timeout 5s large.hl7
count not_awaited 1

# what was given, lost, and is to be sent again is not done any more
peer quits
send 69 --json --progress --keep-going --resend 1 --timeout 5s large.hl7
awk '$5 + 0 > 1 { exit 1 }' err || fail "$(cat err)"
has err '1 of 1 done, 1/s'
has err '0 of 1 done, 0/s'

# with a connection for each, one that neither answers nor closes is left after a moment
{
	bare N1 NE
	bare N2 NE
} > none.hl7
peer mute
send 0 --json --one-shot --mllp-split 7 --timeout 60s none.hl7
count not_awaited 2
count connections 2

# a peer that speaks no TLS and waits: it is told what there was to wait for, and waited for as long
# as was said
command -v openssl > /dev/null && sh "$HL7_TOP/scripts/testca" "$TMP/ca" > /dev/null
if [ -f ca/ca.pem ]; then
	peer mute
	began=$(date +%s)
	send 69 --json --tls-ca ca/ca.pem --timeout 12s eight.hl7
	has err 'TLS: the handshake took too long'
	[ $(($(date +%s) - began)) -ge 11 ] || fail 'waited less than --timeout'
	send 69 --json --tls-ca ca/ca.pem --timeout 100ms eight.hl7
	has err 'TLS: the handshake took too long'

	# with TLS 1.3 one that wants a certificate says so when messages are on their way: it has none
	for more in '' '--resend 1' --one-shot; do
		peer strict
		# shellcheck disable=SC2086
		send 1 --json --keep-going --tls-ca ca/ca.pem --timeout 20s $more none.hl7
		has err 'TLS: peer_alert'
		count sent 2
		count lost 2
		count failed 2
		count not_awaited 0
	done
fi

# python3-hl7's own server
python3 -c 'import hl7.mllp' 2> /dev/null || finish
cat > server.py << 'END'
import asyncio, os, hl7.mllp

async def serve(reader, writer):
    try:
        while not writer.is_closing():
            message = await reader.readmessage()
            writer.writemessage(message.create_ack())
            await writer.drain()
    except asyncio.IncompleteReadError:
        writer.close()

async def main():
    server = await hl7.mllp.start_hl7_server(serve, host="127.0.0.1", port=0)
    with open("port.new", "w") as f: f.write(str(server.sockets[0].getsockname()[1]))
    os.rename("port.new", "port")
    async with server: await server.serve_forever()

asyncio.run(main())
END
rm -f port
timeout 300 python3 server.py > peer.out 2> peer.err &
await port
port=$(cat port)
send 0 --json --connections 4 --in-flight 4 --count 200 --fresh-ids eight.hl7
count AA 200
send 0 --json --mllp-split 3 eight.hl7
count AA 8

finish
