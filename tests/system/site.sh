#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What a site may switch in the shipped mapping: each switch leaves a file that is
# accepted, examples and all, and does what hl7note-mapping(5) says of it.

# shellcheck source-path=SCRIPTDIR source=lib.sh disable=SC1091
. "${HL7_TOP:?}/tests/system/lib.sh"

B2M=$HL7_TOP/mappings/b2m.xml
[ -f "$B2M" ] || exit 77

# switched NAME SED-ARGUMENT...: a copy of the mapping that is not the same
switched()
{
	site=$1
	shift
	sed "$@" "$B2M" > "$site" || fail "sed $*"
	if cmp -s "$site" "$B2M"; then
		fail "$site: nothing was switched"
	fi
}

accepted()
{
	switched "$@"
	status 0 "$HL7NOTE" check "$site"
	has out ', all hold'
}

# report VALUE RANGE STATUS OBX-15 OBX-23 FACILITY: into the file in
report()
{
	{
		printf 'MSH|^~\\&|LAB|%s|EHR|HOSP|20260102030405||ORU^R01|1|P|2.5.1\r' "${6:-NORTH}"
		printf 'PID|1||4711||DOE^JANE||19700101|F\r'
		printf 'OBR|1|||1952-1^B2M^LN|||20260101\r'
		printf 'OBX|1|NM|1952-1^B2M^LN||%s|mg/L|%s||||%s|||20260101|%s||||||||%s\r' \
			"$1" "$2" "${3:-F}" "${4-}" "${5-}"
	} > in
}

annotate()
{
	status 0 "$HL7NOTE" annotate -q -m "$1" in
}

# fires MAPPING RULES: the trailer of the result in the file in ends like this
fires()
{
	annotate "$1"
	has out "|Auto-comment b2m 1.0.0: $2$CR"
}

# leaves MAPPING REASON: not a byte is added, and explain knows why
leaves()
{
	annotate "$1"
	same in out
	status 0 "$HL7NOTE" explain --json -q -m "$1" in
	has out "\"$2\""
}

# ---- default intervals

accepted off.xml 's/ default-intervals="on"/ default-intervals="off"/'
report 2.5 ''
fires "$B2M" 'S03 S22 S30; flag H'
leaves off.xml no_rule
report 2.5 0.7-1.8
fires off.xml 'S03 S22 S30; flag H'

# ---- an interval of the site's own stands before the default one, or is refused

OURS='    <interval low="0.8" high="2.9" from-age="18" source="our validation"/>'
FIRST=$(grep -n 'from="message" unreadable="next"' "$B2M" | head -n 1 | cut -d : -f 1)
{
	head -n "$FIRST" "$B2M"
	echo "$OURS"
	tail -n +$((FIRST + 1)) "$B2M" | sed '/<example /,/<.example>/d' # they are of the default one
} > ours.xml
status 0 "$HL7NOTE" check ours.xml
report 2.5 ''
fires ours.xml 'S01; flag N'
report 2.5 0.7-1.8
fires ours.xml 'S03 S22 S30; flag H'
{
	head -n $((FIRST + 1)) "$B2M"
	echo "$OURS"
	tail -n +$((FIRST + 2)) "$B2M"
} > below.xml
status 78 "$HL7NOTE" check below.xml
has err "below.xml:$((FIRST + 2)):5: this <interval> is never used: the default one of line $((FIRST + 1))"
lines err 1

# ---- laboratories

accepted labs.xml \
	's|^  <laboratories/>|<laboratories><performing name="NORTH LABORATORY" id="00D0000000"/></laboratories>|'
report 2.5 '' F '00D0000000^Whatever^CLIA'
fires labs.xml 'S03 S22 S30; flag H'
report 2.5 '' F 'X^north laboratory^L'
fires labs.xml 'S03 S22 S30; flag H'
report 2.5 '' F '' 'NORTH LABORATORY^D^^^^CLIA'
fires labs.xml 'S03 S22 S30; flag H'
report 2.5 '' F '' 'Other name^D^^^^CLIA^XX^^^00D0000000'
fires labs.xml 'S03 S22 S30; flag H'
report 2.5 '' F '00D0000000' 'NORTH LABORATORY'
fires labs.xml 'S03 S22 S30; flag H'
report 2.5 '' F '11D1111111^South^CLIA'
leaves labs.xml laboratory_unlisted
fires "$B2M" 'S03 S22 S30; flag H'
report 2.5 '' F '' 'SOUTH LABORATORY'
leaves labs.xml laboratory_unlisted
# one of the two is ours, the other is not: not ours to judge
report 2.5 '' F '00D0000000' 'SOUTH LABORATORY'
leaves labs.xml laboratory_unlisted
report 2.5 '' F '11D1111111' 'NORTH LABORATORY'
leaves labs.xml laboratory_unlisted
report 2.5 ''
leaves labs.xml laboratory_unlisted

# ---- senders

accepted only.xml \
	's|^  <senders only="no"/>|<senders only="yes"><sender application="LAB" facility="NORTH"/></senders>|'
report 2.5 ''
fires only.xml 'S03 S22 S30; flag H'
report 2.5 '' F '' '' SOUTH
leaves only.xml sender_unlisted
fires "$B2M" 'S03 S22 S30; flag H'

accepted comma.xml \
	's|^  <senders only="no"/>|<senders><sender application="LAB" facility="NORTH" decimal="comma"/></senders>|'
report 2,5 ''
fires comma.xml 'S03 S22 S30; flag H'
has out '||2,5|mg/L|'
leaves "$B2M" value_not_numeric
report 2,5 2,0-3,0
fires comma.xml 'S01; flag N'
report 2,5 '' F '' '' SOUTH
leaves comma.xml value_not_numeric
report 2.5 '' F '' '' SOUTH
fires comma.xml 'S03 S22 S30; flag H'

# ---- what changes a verdict changes the examples that show it; check names them, and no others

switched stop.xml 's/from="message" unreadable="next"/from="message" unreadable="stop"/'
status 78 "$HL7NOTE" check stop.xml
has err 'example "serum, interval of the laboratory is unreadable, so the default counts"'
lines err 2
accepted stop.xml \
	-e 's/from="message" unreadable="next"/from="message" unreadable="stop"/' \
	-e '/<example name="serum, interval of the laboratory is unreadable/,/<.example>/d'
report 2.5 'see report'
fires "$B2M" 'S03 S22 S30; flag H'
leaves stop.xml no_rule
report 2.5 '0.7 to what'
leaves "$B2M" no_rule
report 2.5 ''
fires stop.xml 'S03 S22 S30; flag H'

switched early.xml 's/interpret-preliminary="no"/interpret-preliminary="yes"/'
status 78 "$HL7NOTE" check early.xml
grep -v -e 'example "preliminary result"' -e 'example "partial result"' \
	-e 'example "preliminary presence in urine"' err && fail 'another example fails'
accepted early.xml \
	-e 's/interpret-preliminary="no"/interpret-preliminary="yes"/' \
	-e '/<example name="preliminary result">/,/<.example>/d' \
	-e '/<example name="partial result">/,/<.example>/d' \
	-e '/<example name="preliminary presence in urine">/,/<.example>/d'
report 2.5 '' P
fires "$B2M" G02
fires early.xml 'G02 S03 S22 S30; flag H'
report 2.5 '' X
leaves early.xml status

# in a language with more letters than ASCII has; 344 and 374 are a and u with two dots in 8859/1
printf '%s\n' '<mapping xmlns="urn:hl7note:mapping:1" id="haem" version="1" status="draft"' \
	'charset="8859/1"><about><title>German</title></about>' \
	'<laboratories><performing name="Labor K&#xf6;ln"/></laboratories><system id="LN"/>' \
	'<specimen id="s" label="Serum"><code>S&#xe9;rum</code></specimen>' \
	'<specimen id="v" label="Vollblut"><code>Bl&#xfc;te</code></specimen>' \
	'<observation id="o" label="Probe" specimen="s"><codes system="LN"><code>1952-1</code></codes>' \
	'</observation><rules for="o"><group id="g" pick="all"><rule id="H1">' \
	'<when><text any-of="h&#xe4;molytisch|tr&#xfc;b"/></when><flag>A</flag>' \
	'<note>Probe h&#xe4;molytisch.</note></rule></group></rules>' \
	'<example name="one"><obx code="1952-1" value="H&#xe4;molytisch" specimen="s&#xe9;rum"/>' \
	'<expect flag="A" rules="H1"/></example></mapping>' > haem.xml
status 0 "$HL7NOTE" check haem.xml
# german CHARSET A O E U: letters with dots, as bytes
german()
{
	printf 'MSH|^~\\&|L|H|||20260102||ORU^R01|1|P|2.3||||||%s\rPID|1\rOBR|1||||||||||||||%s\r' \
		"$1" "${5:-S${4}rum}" > in
	printf 'OBX|1|ST|1952-1^x^LN||H%smolytisch||||||F||||^LABOR K%sLN\r' "$2" "$3" >> in
}
latin=$(printf '\344 \366 \351')
# shellcheck disable=SC2086 # words
german 8859/1 $latin
annotate haem.xml
printf '||A|||F||||^LABOR K\366LN\rNTE|1|O|Probe h\344molytisch.\rNTE|2|O|Auto-comment haem 1: H1; flag A\r' > wanted
tail -c "$(wc -c < wanted)" out > end
same wanted end
german 'UNICODE UTF-8' 'ä' 'ö' 'é'
annotate haem.xml
has out "|Probe hämolytisch.$CR"
# shellcheck disable=SC2086 # words
german 8859/1 $latin "$(printf 'Bl\374te')"
leaves haem.xml specimen_conflict

finish
