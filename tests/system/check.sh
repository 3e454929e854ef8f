#!/bin/sh
# SPDX-License-Identifier: MIT
#
# hl7note check: all faults with their places, examples run, a summary.

# shellcheck source-path=SCRIPTDIR source=lib.sh disable=SC1091
. "${HL7_TOP:?}/tests/system/lib.sh"

# shellcheck disable=SC2317 # called by status
check() { "$HL7NOTE" check "$@"; }

status 0 check "$MAPPING"
has out 'mapping test 1.2.3, draft: 1 observation, 1 code; rules: 2 on, 1 in shadow, 0 off; 1 example, which holds'
lines out 1
[ ! -s err ] || fail 'said something on standard error'
status 0 check -q "$MAPPING"
[ ! -s out ] || fail 'a quiet run said something'

# several faults in one file: all told, with line and column
sed -e 's/factor="1000"/factor="-1"/' -e 's/at-least="100"/at-least="much"/' \
	"$MAPPING" > bad.xml
status 78 check bad.xml
has err 'bad.xml:11:'
has err 'bad.xml:25:51:'
[ ! -s out ] || fail 'summed up a mapping with faults'

# an example that does not hold
sed 's/value="25"/value="15"/' "$MAPPING" > example.xml
status 78 check example.xml
has err 'example.xml:30:5: example "above"'

# the order of an example is one of the code system it names
for system in LN L; do
	sed -e 's|<when><above-interval/></when><flag>H</flag>|<when><above-interval/><order system="LN" code="2222-2"/></when><flag>H</flag>|' \
		-e 's|<system id="LN"/>|<system id="LN"/><system id="L"/>|' \
		-e "s|<obx code=\"1111-1\" value=\"25\"|<order code=\"2222-2\" system=\"$system\"/>&|" \
		"$MAPPING" > order-$system.xml
done
status 0 check order-LN.xml
status 78 check order-L.xml
has err 'example "above"'

# many faults: fifty are told, and how many more; all of them if asked for
{
	sed '/<rules /,$d' "$MAPPING"
	i=0
	while [ $i -lt 60 ]; do
		echo "<condition id='c$i'><is condition='c$i'/></condition>"
		i=$((i + 1))
	done
	echo '</mapping>'
} > many.xml
status 78 check many.xml
lines err 51
has err 'many.xml: and 10 more faults'
status 78 check --all many.xml
lines err 60
hasnt err 'more fault'

# no XML, nothing at all, no file: the others are still checked
printf 'no XML' > letter
: > nothing
status 78 check letter
has err 'letter:1:'
status 78 check nothing
has err 'nothing:'
status 66 check missing "$MAPPING"
has err 'missing'
has out 'mapping test'
status 64 check

# what is shipped
if [ -f "$HL7_TOP/mappings/b2m.xml" ]; then
	status 0 check "$HL7_TOP/mappings/b2m.xml"
	has out 'all hold'
fi

# a configuration: its root decides; its own faults, then its mappings', which stand beside it
cp "$MAPPING" beside.xml
cat > daemon.xml <<-'END'
	<?xml version="1.0"?>
	<!-- <mapping> -->
	<hl7noted xmlns="urn:hl7note:config:1">
	  <feed name="a">
	    <listen port="2575"/>
	    <forward host="engine" port="6661"/>
	    <mapping file="beside.xml"/>
	  </feed>
	  <feed name="b">
	    <listen port="2576"/>
	    <forward host="engine" port="6662"/>
	    <mapping file="beside.xml"/>
	  </feed>
	</hl7noted>
END
status 0 check "$TMP/daemon.xml"
has out 'daemon.xml: configuration: 2 feeds, 2 listeners; before use: hl7noted --check --config '
has out "$TMP/beside.xml: mapping test 1.2.3, draft"
lines out 2
status 0 check -q "$TMP/daemon.xml"
[ ! -s out ] || fail 'a quiet run said something'
sed -e 's/2576/2575/' -e 's/host="engine" port="6661"/port="0"/' daemon.xml > twice.xml
status 78 check twice.xml
has err 'twice.xml:6:5: <forward> lacks the attribute "host"; add it'
has err 'twice.xml:6:14: port: "0" is no port'
has err 'twice.xml:10:5: port 2575 is taken by feed "a", line 5;'
sort -t : -k 2n -k 3n err | cmp -s - err || fail 'faults are not told in the order of the file'
sed '/name="b"/,/<\/feed>/d' daemon.xml > single.xml
status 0 check single.xml
has out 'configuration: 1 feed, 1 listener;'
has out 'beside.xml: mapping test 1.2.3, draft'
sed 's/beside.xml/bad.xml/' daemon.xml > worse.xml
status 78 check worse.xml
has err 'bad.xml:11:'
sed 's/beside.xml/missing.xml/' daemon.xml > lost.xml
status 66 check lost.xml
has err 'lost.xml:7:5: missing.xml: No such file or directory; name a file that can be read'

# a mapping with faults does not come into force
message C1 25 > high.hl7
status 78 "$HL7NOTE" annotate -m bad.xml high.hl7
has err 'bad.xml:11:'
[ ! -s out ] || fail 'annotated by a mapping with faults'
status 78 "$HL7NOTE" annotate -m "$MAPPING" -m "$MAPPING" high.hl7
has err "two mappings, $MAPPING and $MAPPING, have rules for code 1111-1"

# where the mapping comes from
status 66 "$HL7NOTE" annotate -m missing high.hl7
HL7NOTE_MAPPING=$MAPPING
export HL7NOTE_MAPPING
status 0 "$HL7NOTE" annotate high.hl7
has out 'Too much of it.'
HL7NOTE_MAPPING= # as if there were none
"$HL7NOTE" annotate high.hl7 > out 2> err || has err 'no mapping: name one with -m FILE'
HL7NOTE_MAPPING=$TMP/missing
status 66 "$HL7NOTE" annotate high.hl7
has err "$TMP/missing"

finish
