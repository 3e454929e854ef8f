# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# The chain that quickstart and soak start: hl7note send, hl7noted, hl7note sink, on
# free ports of this machine, with all their files in one temporary folder.  Sourced
# behind lib.sh; ends by process ID what it began, whatever happens.
#
#	HL7_BUILD	the build folder (build)
#	HL7_UNDER	words in front of hl7noted, such as those of valgrind

build=${HL7_BUILD:-build}
mapping=mappings/b2m.xml
chain=$(mktemp -d)

# The number of a process that has ended is not kept: it may be that of somebody else's by now.
chain_end()
{
	command jobs >/dev/null # told of, those that have ended are forgotten
	command jobs -p >"$chain/jobs"
	while read -r pid; do
		kill "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done <"$chain/jobs"
	rm -rf "$chain"
}
trap chain_end EXIT
trap 'exit 130' INT
trap 'exit 143' HUP TERM

# chain_await PID COMMAND...: until it succeeds, while the process lives, for 60 s at least
chain_await()
{
	alive=$1
	shift
	tries=600
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] && kill -0 "$alive" 2>/dev/null || return 1
		sleep 0.1
	done
}

# chain_stop PID: its exit status
chain_stop()
{
	kill "$1" && wait "$1"
}

# chain_sink NAME [PORT]: a receiver that keeps what comes in NAME.mllp; sets sink and port
chain_sink()
{
	chain_listen "$@" || die "no sink: $(cat "$chain/$1.err")"
}

# chain_listen NAME [PORT]: the same, but for one who knows what to do when it fails
chain_listen()
{
	"$build/hl7note" sink --quiet --port-file "$chain/$1.port" --append "$chain/$1.mllp" "${2-0}" \
		2>"$chain/$1.err" &
	sink=$!
	chain_await "$sink" test -s "$chain/$1.port" && port=$(cat "$chain/$1.port")
}

# A port that was free a moment ago, and that the system gives to nobody who asks for any, as it
# does with higher ones; sets port
chain_next=$((10000 + $$ * 7 % 3900))
chain_port()
{
	for chain_next in $(seq $((chain_next + 1)) $((chain_next + 100))); do
		if chain_listen free "$chain_next"; then
			chain_stop "$sink"
			rm -f "$chain"/free.*
			return 0
		fi
	done
	die "no free port: $(cat "$chain/free.err")"
}

# chain_record NAME OPTION...: NAME.mllp is what `hl7note send` sends of the samples
chain_record()
{
	name=$1
	shift
	chain_sink "$name"
	"$build/hl7note" send --quiet "$@" "127.0.0.1:$port" samples/*.hl7 >/dev/null ||
		die "the samples could not be sent"
	chain_stop "$sink"
}

# chain_launch NAME WORD...: hl7noted as these words have it, with NAME.control for its socket;
# sets daemon; fails when it does not come up
chain_launch()
{
	who=$1
	shift
	"$@" 2>"$chain/$who.err" &
	daemon=$!
	chain_await "$daemon" "$build/hl7note" status --control "$chain/$who.control"
}

# chain_configured NAME CONFIGURATION WORD...: the same with NAME.xml, which the function
# CONFIGURATION writes for the ports one and two.  Another may take a port before hl7noted
# does, so it begins again.
chain_configured()
{
	file=$chain/$1.xml
	configuration=$2
	name=$1
	shift 2
	for attempt in 1 2 3 4 5; do
		chain_port
		one=$port
		chain_port
		two=$port
		"$configuration" >"$file"
		chain_launch "$name" "$@" --config "$file" && return 0
		say "attempt $attempt to start hl7noted: $(cat "$chain/$name.err")"
	done
	die "hl7noted does not start"
}

chain_relaying()
{
	cat <<-END
		<?xml version="1.0" encoding="UTF-8"?>
		<hl7noted xmlns="urn:hl7note:config:1">
		  <log format="json" file="$chain/hop.log"/>
		  <metrics listen="127.0.0.1:$two"/>
		  <control socket="$chain/hop.control"/>
		  <feed name="samples">
		    <listen address="127.0.0.1" port="$one"/>
		    <forward host="127.0.0.1" port="$receiver"/>
		    <mapping file="$PWD/$mapping"/>
		  </feed>
		</hl7noted>
	END
}

# chain_start: hl7noted in front of a sink that keeps got.mllp; sets listen, metrics, hop
chain_start()
{
	chain_sink got
	receiver=$port
	# valgrind makes calls of its own, and only root may count a guarded daemon's descriptors
	open=${HL7_UNDER:+--debuggable}
	[ "$(id -u)" -eq 0 ] || open=--debuggable
	# shellcheck disable=SC2086 # words
	chain_configured hop chain_relaying ${HL7_UNDER-} "$build/hl7noted" $open
	# shellcheck disable=SC2034 # for the script that sources this
	hop=$daemon listen=$one metrics=$two
}

chain_keeping()
{
	cat <<-END
		<?xml version="1.0" encoding="UTF-8"?>
		<hl7noted xmlns="urn:hl7note:config:1">
		  <log format="json" file="$chain/keep.log"/>
		  <control socket="$chain/keep.control"/>
		  <store directory="$chain/queue" free-space="1MiB" ballast="0"/>
		  <feed name="kept" mode="store">
		    <listen address="127.0.0.1" port="$one"/>
		    <forward host="127.0.0.1" port="$two" backoff-max="1s"/>
		    <mapping file="$PWD/$mapping"/>
		  </feed>
		</hl7noted>
	END
}

# chain_keep: hl7noted with a queue, in front of nobody; sets keeps, away, keeper
chain_keep()
{
	chain_configured keep chain_keeping "$build/hl7noted"
	# shellcheck disable=SC2034 # the same
	keeper=$daemon keeps=$one away=$two
}

# chain_drain: the daemon ends as it is asked to, and says nothing but its log
chain_drain()
{
	chain_stop "$hop" || die "hl7noted ended with status $?: $(cat "$chain/hop.err")"
	[ ! -s "$chain/hop.err" ] || die "hl7noted said: $(cat "$chain/hop.err")"
}

# One line for each frame of the standard input, in an order of its own
chain_lines()
{
	LC_ALL=C tr '\n\r\034' '\001\002\n' | LC_ALL=C sed -e "s/^$(printf '\002')//" -e '/^$/d' |
		LC_ALL=C sort
}

# chain_compare: sent.mllp, annotated offline, is what the sink got, frame by frame: none
# lost, none doubled, none different
chain_compare()
{
	"$build/hl7note" annotate --quiet -m "$mapping" "$chain/sent.mllp" >"$chain/want.mllp" ||
		die "annotating offline failed"
	chain_lines <"$chain/want.mllp" >"$chain/want.lines"
	chain_lines <"$chain/got.mllp" >"$chain/got.lines"
	if ! cmp -s "$chain/want.lines" "$chain/got.lines"; then
		diff "$chain/want.lines" "$chain/got.lines" | tr '\001' '\n' | head -n 40
		die "the sink did not get what hl7note annotate makes of what was sent"
	fi
	say "all $(wc -l <"$chain/got.lines") messages arrived, each once and as hl7note annotate makes it"
}
