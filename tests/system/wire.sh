# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2119,SC2120,SC2154
#
# What the tests of hl7note send and sink share: sinks and other peers on free ports
# of this machine, ended with the test whatever happens.  Every wait has an end.

trap 'leave; rm -rf "$TMP"' EXIT

# leave: end what still runs of this test.  The number of a process that has ended is not kept: it
# may be that of somebody else's by now.
leave()
{
	jobs > /dev/null # told of, those that have ended are forgotten
	jobs -p > "$TMP/left"
	while read -r left; do
		kill "$left"
	done < "$TMP/left"
}

# await FILE [TEST]: until it is there, or has something in it (-s)
await()
{
	tries=0
	until test "${2--e}" "$1"; do
		tries=$((tries + 1))
		[ "$tries" -lt 1200 ] || {
			fail "no $1 after a minute"
			finish
		}
		sleep 0.05
	done
}

# insist SIGNAL PID: without a pause, until it is gone
insist()
{
	while kill -s "$1" "$2" 2> /dev/null; do :; done
}

# sink OPTION...: one is started; its port is in $port, its output in sink.out and sink.err.  Its
# process is told apart from that of timeout, which may not be ready for a signal yet.
sink()
{
	rm -f port
	# shellcheck disable=SC2016 # of the inner one
	timeout --foreground 300 sh -c 'echo $$ > sink.pid && exec "$@"' sh \
		"$HL7NOTE" sink --port-file port "$@" 0 > sink.out 2> sink.err &
	peer=$!
	await port
	port=$(cat port)
}

# alone: nobody listens at $host and $port, an address of this process alone
host=127.0.0.1
alone()
{
	host=127.$((1 + $$ / 65536 % 254)).$(($$ / 256 % 256)).$(($$ % 256))
	port=14000
}

# ended [WANTED]: the sink came to its end by itself
ended()
{
	got=0
	wait "$peer" || got=$?
	[ "$got" -eq "${1-0}" ] || {
		fail "the sink's status is $got, not ${1-0}"
		cat sink.err
	}
}

# stop [WANTED]: end the sink
stop()
{
	kill "$(cat sink.pid)"
	ended "$@"
}

# send STATUS OPTION...: to the sink
send()
{
	wanted=$1
	shift
	status "$wanted" timeout 300 "$HL7NOTE" send "$host:$port" "$@"
}

# bare ID [MSH-15 [MSH-16]]: a short message
bare()
{
	printf 'MSH|^~\\&|LAB|HOSP|EHR|HOSP|20260102||ORU^R01|%s|P|2.5.1|||%s|%s\rPID|1\r' \
		"$1" "${2-}" "${3-}"
}

# member NAME: a number in the JSON in `out`
member()
{
	sed -n "s/.*\"$1\":\\([0-9]*\\).*/\\1/p" "${2-out}"
}

# count NAME WANTED [FILE]
count()
{
	got=$(member "$1" "${3-out}")
	[ "$got" = "$2" ] || fail "$1 is $got, not $2"
}
