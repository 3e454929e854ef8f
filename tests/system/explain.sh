#!/bin/sh
# SPDX-License-Identifier: MIT
#
# hl7note explain: reasons in words and as JSON, and no patient in either.

# shellcheck source-path=SCRIPTDIR source=lib.sh disable=SC1091
. "${HL7_TOP:?}/tests/system/lib.sh"

explain() { "$HL7NOTE" explain -q -m "$MAPPING" "$@"; }

message E1 25 > high.hl7
message E2 0.005 g/L > converted.hl7
message E3 25 furlong > unit.hl7
message E4 150 > trial.hl7
message E5 25 mg/L L > own.hl7
message E6 '<10' > below.hl7
sed 's/ORU^R01/ADT^A01/' high.hl7 > adt.hl7

status 0 explain high.hl7
[ ! -s err ] || fail 'a quiet run said something'
cat > want << 'END'
high.hl7: message 1, control ID E1
  OBX[2] code 1111-1, Sugar of the tests: 25 mg/L
    reference interval 10..20 mg/L, from the message (OBX-7)
    rule T1 fired: "Too much of it."
    flag H set in OBX-8, which was empty (rule T1)
END
same out want

status 0 explain converted.hl7
has out ': 0.005 g/L, that is 5 mg/L (times 1000)'
sed 's/|10-20|/|10 or 20|/' high.hl7 > unread.hl7
status 0 explain unread.hl7
has out 'no reference interval; OBX-7 cannot be read, or is of another unit'
status 0 explain --json unread.hl7
has out '"limits":null,"limits_from":null,"range_unread":true'
sed 's/|10-20|/|""|/' high.hl7 > deleted.hl7
status 0 explain --json deleted.hl7
hasnt out '"limits_from":"message"'
has out '"range_unread":false'
status 0 explain unit.hl7
has out 'left alone: the mapping does not know its unit (unit_unknown)'
hasnt out furlong
status 0 explain trial.hl7
has out 'rule T9 would fire; it is in trial and writes nothing: "Far too much."'
status 0 explain own.hl7
has out "flag H not set: OBX-8 holds something else of the laboratory's, which stays (rule T1)"
# which need not be a flag
sed 's/|10-20|[^|]*|/|10-20|~|/' own.hl7 > separator.hl7
status 0 explain separator.hl7
has out "flag H not set: OBX-8 holds something else of the laboratory's, which stays (rule T1)"
# a flag of an earlier run is not the laboratory's
status 0 "$HL7NOTE" annotate -q -m "$MAPPING" high.hl7
sed 's/|25|/|5|/' out > ours.hl7
status 0 explain ours.hl7
has out "flag L not set: OBX-8 holds another flag of an earlier annotation, which stays (rule T2)"
status 0 explain --json ours.hl7
has out '"flag_outcome":"differs","flag_rule":"T2","flag_ours":true'
status 0 explain below.hl7
has out ': <10 mg/L'
# no flag is asked for, and none is spoken of
message E9 15 > within.hl7
status 0 explain within.hl7
hasnt out '    flag '
# 18 digits are a number, one more is too much
message E7 25.0000000000000001 > digits.hl7
status 0 explain digits.hl7
has out ': 25.0000000000000001 mg/L'
message E8 25.00000000000000001 > digits.hl7
status 0 explain digits.hl7
has out 'left alone: its value is no number, or has more than 18 digits (value_not_numeric)'
status 0 explain adt.hl7
has out 'left alone: it is no ORU^R01, the only message that is annotated (not_oru)'

# messages are numbered; what is no message is told
cat high.hl7 unit.hl7 > all.hl7
status 0 explain all.hl7
has out 'all.hl7: message 2, control ID E3'
printf 'no HL7\n' > letter
status 65 explain letter
[ ! -s out ] || fail 'explained a letter'

# JSON: one line a message, the members that the manual promises
status 0 explain --json high.hl7
cat > want << 'END'
{"message":1,"file":"high.hl7","control_id":"E1","skip":null,"findings":[{"obx":2,"path":"OBX[2]","mapping":"test","mapping_version":"1.2.3","observation":"sugar","code":"1111-1","skip":null,"value":"25","unit":"mg/L","factor":"1","canonical_value":"25","canonical_unit":"mg/L","limits":"10..20","limits_from":"message","range_unread":false,"flag":"H","flag_outcome":"set","flag_rule":"T1","flag_ours":false,"rules":[{"id":"T1","version":null,"how":"added","lines":["Too much of it."]}],"notes":2}]}
END
same out want
status 0 explain --json all.hl7
lines out 2
has out '"skip":"unit_unknown"'
status 0 explain --json adt.hl7
has out '"skip":"not_oru","findings":[]'

# a control ID that is no UTF-8, with quotation marks and control bytes
sed 's/|E1|/|E"\\\x01\xe9|/' high.hl7 > odd.hl7
status 0 explain --json odd.hl7
has out '"control_id":"E\"\\\u0001\ufffd"'
status 0 explain odd.hl7
has out 'control ID E"\\x01\xe9'

# no patient, whatever the outcome
for f in high converted unit trial own below adt odd; do
	for how in --json --quiet; do
		status 0 explain "$how" "$f.hl7"
		hasnt out DOE
		hasnt out 4711
		hasnt out 1970
	done
done

# JSON that others can read, where there is a reader
if command -v python3 > /dev/null; then
	for f in high unit adt odd; do
		explain --json "$f.hl7" | python3 -c 'import json, sys
for line in sys.stdin: json.loads(line)' || fail "JSON of $f"
	done
fi

finish
