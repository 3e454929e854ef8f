#!/bin/sh
# SPDX-License-Identifier: MIT
#
# How hl7note answers people: help, versions, misspelt words, missing files.

# shellcheck source-path=SCRIPTDIR source=lib.sh disable=SC1091
. "${HL7_TOP:?}/tests/system/lib.sh"

status 0 "$HL7NOTE" --help
[ ! -s err ] || fail 'help on standard error'
for command in annotate explain verify check show send sink status queue; do
	has out "  $command"
	status 0 "$HL7NOTE" "$command" --help
	has out "usage: hl7note $command "
	has out '--version'
	! grep -n '.\{81\}' out || fail "help of $command is wider than a screen"
	# the options are a block of their own, and what they do begins in one column
	awk '/^  .*--/ && !n++ && last { exit 1 } { last = length($0) }' out || fail "help of $command"
	awk '/^  .*--/ { match(substr($0, 7), /  +[^ ]/); print RSTART + RLENGTH }' out > columns
	[ "$(sort -u columns | wc -l)" -eq 1 ] || fail "columns in the help of $command"
	status 0 "$HL7NOTE" help "$command"
	has out "usage: hl7note $command "
	status 0 "$HL7NOTE" "$command" --version
	grep -q '^hl7note [0-9]' out || fail "version of $command"
	status 64 "$HL7NOTE" "$command" --nonsense-option
	has err 'unknown option --nonsense-option'
	status 64 "$HL7NOTE" "$command" -Z
	has err 'unknown option -Z'
	status 0 "$HL7NOTE" --help
done
status 0 "$HL7NOTE" sink --help
has out '  -o, --output DIR  '
has out '      --code CODE  '
status 0 "$HL7NOTE" --version
grep -q '^hl7note [0-9]' out || fail 'version'
status 0 "$HL7NOTE" help
status 0 "$HL7NOTE" -h

# every option of --help is in the manual
if [ -f "$HL7_TOP/man/hl7note.1" ]; then
	for command in annotate explain verify check show send sink status queue; do
		"$HL7NOTE" "$command" --help | sed -n 's/^  .*--\([a-z-]*\).*/\1/p' > flags
		while read -r flag; do
			has "$HL7_TOP/man/hl7note.1" "Fl -$flag"
		done < flags
	done
fi

# misspelt
status 64 "$HL7NOTE" annotat
has err 'unknown command annotat; did you mean annotate?'
status 64 "$HL7NOTE" explain --jsonn
has err 'unknown option --jsonn; did you mean --json?'
status 64 "$HL7NOTE" annotate --mappings=x
has err 'did you mean --mapping?'
status 64 "$HL7NOTE" annotate --diff=yes
has err 'option --diff takes no argument'
for size in 0 -1 2G 16X 16MB '' 99999999999999999999 18014398509481985G ' 5'; do
	status 64 "$HL7NOTE" annotate --max-message "$size"
done
for command in annotate explain verify check show send sink status queue; do
	"$HL7NOTE" "$command" --help | sed -n 's/^  .*--\([a-z-]*\).*/\1/p' > flags
	while read -r flag; do
		status 64 "$HL7NOTE" "$command" "--$flag="
		has err "option --$flag "
	done < flags
done
status 64 "$HL7NOTE" send --tls-name '' :1
has err 'option --tls-name needs an argument: NAME (see hl7note send --help)'
status 64 "$HL7NOTE" annotate -m ''
has err 'option --mapping needs an argument: FILE'
status 64 "$HL7NOTE"
has err 'which command?'
status 64 "$HL7NOTE" help nonsense

# what is wrong, by its name in the manual, and how to mend it
while IFS='|' read -r words sentence; do
	# shellcheck disable=SC2086 # words
	status 64 timeout 300 "$HL7NOTE" $words < /dev/null
	has err "hl7note ${words%% *}: $sentence (see hl7note ${words%% *} --help)"
done << 'END'
annotate --ma x|option --ma may be --mapping, --max-message
queue list --a|option --a may be --after, --all, --again
annotate -m|option --mapping needs an argument: FILE
annotate --max-message|option --max-message needs an argument: SIZE
annotate --max-message 16X|--max-message 16X: not a size from 1 to 1073741824, such as 512K or 16M
annotate --color sometimes|--color sometimes: not auto, always or never
annotate --diff -o there|--diff and -o do not go together
check|which FILE? mappings or configurations
explain --max-message 0|--max-message 0: not a size from 1 to 1073741824, such as 512K or 16M
queue|which verb? list, show, retry, drop, export, import or backup
queue lst|unknown verb lst; did you mean list?
queue list abc|SEQ abc: not a number from 1 on, or too large
queue show abc|SEQ abc: not a number from 1 on, or too large
queue retry 0|SEQ 0: not a number from 1 on, or too large
queue drop 7x|SEQ 7x: not a number from 1 on, or too large
queue list --limit 0|--limit 0: not a number from 1 to 1000000000
queue list --after x|--after x: not a number from 1 on, or too large
queue list --newer-than 5w|--newer-than 5w: not an age such as 90s, 15min, 12h or 7d
queue list --state gone|--state gone: there are waiting, aside, delivered, dropped and any
queue show|show wants SEQ, the number of a message
queue show 5 --limit 4|--limit does not go with show
queue show 5 --older-than 4d|--older-than does not go with show
queue show 5 --older-than 90s|--older-than does not go with show
queue list --payload|--payload does not go with list
queue drop|drop which messages? SEQ, options that say which, or --all for all of them
queue retry|retry which messages? SEQ, options that say which, or --all for all of them
queue drop --again|--again does not go with drop
queue import --feed x --all|--all does not go with import
queue import|import into which feed? --feed NAME
queue backup|backup wants one FILE, the path of a new one
queue backup /a /b|backup wants one FILE, the path of a new one
queue backup a|a: the daemon writes the backup, so its path begins with /
send|where to? HOST:PORT
send host|host: not HOST:PORT, with a port from 1 to 65535 or the name of a service
send :99999|:99999: not HOST:PORT, with a port from 1 to 65535 or the name of a service
send --rate x :1|--rate x: not a number from 1 to 100000000
send --timeout x :1|--timeout x: not a time of a day at most, such as 30, 0.5s, 20ms or 2min
send --timeout 24h host|host: not HOST:PORT, with a port from 1 to 65535 or the name of a service
send --timeout 25h :1|--timeout 25h: not a time of a day at most, such as 30, 0.5s, 20ms or 2min
send :0|:0: not HOST:PORT, with a port from 1 to 65535 or the name of a service
send :65536|:65536: not HOST:PORT, with a port from 1 to 65535 or the name of a service
send :|:: not HOST:PORT, with a port from 1 to 65535 or the name of a service
send ::1:2575|::1:2575: not HOST:PORT, with a port from 1 to 65535 or the name of a service
send --count 18446744073709551617 :1|--count 18446744073709551617: not a number from 1 on, or too large
send --timeout 18446744073709552 :1|--timeout 18446744073709552: not a time of a day at most, such as 30, 0.5s, 20ms or 2min
send --timeout 18446744073709ms :1|--timeout 18446744073709ms: not a time of a day at most, such as 30, 0.5s, 20ms or 2min
send --timeout .5 :1|--timeout .5: not a time of a day at most, such as 30, 0.5s, 20ms or 2min
send --timeout s :1|--timeout s: not a time of a day at most, such as 30, 0.5s, 20ms or 2min
send --timeout 1.2.3 :1|--timeout 1.2.3: not a time of a day at most, such as 30, 0.5s, 20ms or 2min
send --connections 10000 --seed 0 --timeout 86400000000us --timeout 1.23456s --timeout 1440m --timeout 1440min host|host: not HOST:PORT, with a port from 1 to 65535 or the name of a service
send --one-shot --in-flight 2 :1|--in-flight 2: --one-shot has one message on a connection
show --max-message 1G --get OBX- file|--get OBX-: a number must stand here, at character 5
sink|which PORT? such as 2575, or 0 for any that is free
sink 99999|PORT 99999: not a number from 0 to 65535
sink mllp|PORT mllp: not a number from 0 to 65535
sink 1 2|2: one PORT is all it takes
sink --listen= 0|option --listen needs an argument: ADDRESS
sink --code ZZ 0|--code ZZ: not AA, AE, AR, CA, CE or CR
sink --code AAA 0|--code AAA: not AA, AE, AR, CA, CE or CR
sink --seed 0 --delay 5-20ms --delay 5ms-5ms --silent 5% --silent 100 99999|PORT 99999: not a number from 0 to 65535
sink --delay x 0|--delay x: not two times of a day at most, such as 5ms-20ms
sink --silent 101 0|--silent 101: not a percentage such as 5 or 0.25%
sink --silent 100.001 0|--silent 100.001: not a percentage such as 5 or 0.25%
sink --silent 5x 0|--silent 5x: not a percentage such as 5 or 0.25%
sink --refuse AE 0|--refuse AE: not CODE:PERCENT, such as AE:5
sink --refuse AE:x 0|--refuse AE:x: not CODE:PERCENT, such as AE:5
sink --refuse AE:60 --refuse AR:60 0|--refuse AR:60: more than a hundred in all
sink --refuse AE:1 --refuse AR:1 --refuse CE:1 --refuse CR:1 --refuse CA:1 --refuse AA:1 0|--refuse AA:1: given too often, 5 times at most
status now|status takes no operands, so not "now"
verify a|two files, please: ORIGINAL ANNOTATED
verify a b c|c: two files are all it takes, ORIGINAL ANNOTATED
verify - -|only one of the two can be standard input
END

for wrong in "$(printf '%0256d' 0):1" ":$(printf '%032d' 1)"; do
	status 64 "$HL7NOTE" send "$wrong" < /dev/null
done

# nobody to ask
status 69 "$HL7NOTE" status --control no/such/socket
has err 'cannot ask no/such/socket: '
status 69 "$HL7NOTE" status -c "$(printf '%0200d' 0)"

status 69 "$HL7NOTE" queue list --control no/such/socket
has err 'cannot ask no/such/socket: '
for age in 0 5w -1h 1.5h 99999999999d; do
	status 64 "$HL7NOTE" queue list --older-than "$age"
done

# files that are not there: said, the others are done, 66
message U1 25 > high.hl7
for command in annotate explain; do
	status 66 "$HL7NOTE" "$command" -q -m "$MAPPING" missing high.hl7
	has err "hl7note $command: cannot read missing: No such file"
	has out U1
done

# whatever the command, and whatever keeps it from reading: one sentence, 66
mkdir folder
cp "$MAPPING" mapping.xml
for name in missing folder; do
	for command in 'annotate -q -m mapping.xml' 'explain -q -m mapping.xml' 'annotate -q -m' \
		'explain -q -m' show check 'verify high.hl7' 'send 127.0.0.1:1'; do
		# shellcheck disable=SC2086 # words
		status 66 "$HL7NOTE" $command "$name" </dev/null
		has err "cannot read $name: "
		has err '; name a file that can be read'
	done
done

# a script finds its tree, wherever the shell of its user looks for folders first
mkdir -p elsewhere/scripts
(
	CDPATH=$PWD/elsewhere
	export CDPATH
	cd "$HL7_TOP" && sh scripts/quickstart --help
) > out 2>&1
has out 'sh scripts/quickstart [--once]'

# and none begins a long run, or installs packages, for who asks what it is for
for script in "$HL7_TOP"/.ci/run "$HL7_TOP"/scripts/*; do
	case $script in
	*.sh) continue ;;
	esac
	name=${script#"$HL7_TOP/"}
	status 0 timeout 300 "$script" --help
	has out "${name##*/}"
	[ ! -s err ] || fail "$name has help on standard error"
	status 2 timeout 300 "$script" --nonsense
	has err "${name##*/}"
done
for script in format million profiled quickstart soak test; do
	status 2 timeout 300 "$HL7_TOP/scripts/$script" nonsense
	has err "error: not to be called so: scripts/$script nonsense"
done
for seconds in '' 0 60s; do
	status 2 sh "$HL7_TOP/scripts/fuzz" ack "$seconds"
	has err 'sh scripts/fuzz TARGET|all SECONDS'
done

# who may not install packages learns all that root has to do, not its first step alone
mkdir tools
for tool in apt-get dpkg-query; do
	printf '#!/bin/sh\nexit 1\n' > tools/$tool
done
printf '#!/bin/sh\necho 1000\n' > tools/id
chmod +x tools/*
# shellcheck disable=SC2016 # for that shell to expand
status 1 env PATH="$PWD/tools" "$(command -v sh)" -c '. "$1" && packages_need a b' sh \
	"$HL7_TOP/scripts/lib.sh"
has err 'let root run: apt-get update && apt-get install --no-install-recommends a b'

# TLS: nobody is believed unless named, and no setting is taken for nothing
pin=sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
status 64 "$HL7NOTE" send --tls 127.0.0.1:1
has err 'TLS needs --tls-ca FILE here: whom to believe'
status 64 "$HL7NOTE" send --tls-pin "$pin" 127.0.0.1:1
has err 'TLS needs --tls-ca FILE here'
status 64 "$HL7NOTE" send --tls-ca ca --tls-key key 127.0.0.1:1
has err '--tls-key is of no use without --tls-cert'
status 64 "$HL7NOTE" send --tls-ca ca --tls-pin "${pin%=}" 127.0.0.1:1
has err '--tls-pin: not sha256// and the SHA-256'
status 64 "$HL7NOTE" sink --tls-ca ca 0
has err 'TLS needs --tls-cert FILE here'
for option in --tls-crl --tls-name --tls-pin; do
	status 64 "$HL7NOTE" sink --tls-cert cert "$option" "$pin" 0
	has err 'who the sender is cannot be told without --tls-ca FILE'
done

finish
