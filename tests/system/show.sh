#!/bin/sh
# SPDX-License-Identifier: MIT
#
# hl7note show: paths that can be asked for, and values as they were sent.

# shellcheck source-path=SCRIPTDIR source=lib.sh disable=SC1091
. "${HL7_TOP:?}/tests/system/lib.sh"

show() { "$HL7NOTE" show "$@"; }

printf 'MSH|^~\\&|LAB||EHR|||||S1|P|2.5.1\rOBX|1|ST|A^B&C||x~y^z|\rOBX|2|NM|||""|mg\\S\\L\r' > one.hl7

status 0 show one.hl7
cat > want << 'END'
one.hl7, message 1, at byte 0
MSH
  MSH-1            field separator            |
  MSH-2            encoding characters        ^~\&
  MSH-3            sending application        LAB
  MSH-5            receiving application      EHR
  MSH-10           control ID                 S1
  MSH-11           processing ID              P
  MSH-12           version                    2.5.1
OBX
  OBX-1            set ID                     1
  OBX-2            value type                 ST
  OBX-3.1          observation                A
  OBX-3.2.1                                   B
  OBX-3.2.2                                   C
  OBX-5[1]         value                      x
  OBX-5[2].1                                  y
  OBX-5[2].2                                  z
OBX[2]
  OBX[2]-1         set ID                     2
  OBX[2]-2         value type                 NM
  OBX[2]-5         value                      ""
  OBX[2]-6         unit                       mg\S\L
END
same out want
show < one.hl7 > out || fail 'standard input'
has out 'standard input, message 1, at byte 0'

# every path shown can be asked for
show one.hl7 | sed -n 's/^  \([^ ]*\) .*/\1/p' > paths
[ "$(wc -l < paths)" -eq 19 ] || fail "$(wc -l < paths) paths"
while read -r path; do
	status 0 show --get "$path" one.hl7
	value=$(cat out)
	show one.hl7 | grep -F "  $path " > line
	case $(cat line) in
	*"$value") ;;
	*) fail "--get $path is $value" ;;
	esac
done < paths

# one line for each message; absent is a line, and 1
cat one.hl7 one.hl7 > two.hl7
status 0 show --get 'OBX[2]-6' two.hl7
printf 'mg\\S\\L\nmg\\S\\L\n' > want
same out want
status 1 show --get OBX-14 two.hl7
lines out 2
status 1 show --get 'OBX[3]-1' one.hl7
# of several, one that has none is enough; a file that cannot be read is worse
printf 'MSH|^~\\&|LAB\r' > short.hl7
status 1 show --get OBX-2 short.hl7 one.hl7
status 66 show --get OBX-14 missing one.hl7
status 0 show --json --get 'OBX-5[2]' one.hl7
has out '"y^z"'
status 1 show --json --get 'OBX-14' one.hl7
has out null
status 64 show --get 'OBX-' one.hl7
status 64 show --get 'nonsense' one.hl7

# JSON
status 0 show --json one.hl7
cat > want << 'END'
{"message":1,"file":"one.hl7","control_id":"S1","segments":[{"path":"MSH","values":{"MSH-1":"|","MSH-2":"^~\\&","MSH-3":"LAB","MSH-5":"EHR","MSH-10":"S1","MSH-11":"P","MSH-12":"2.5.1"}},{"path":"OBX","values":{"OBX-1":"1","OBX-2":"ST","OBX-3.1":"A","OBX-3.2.1":"B","OBX-3.2.2":"C","OBX-5[1]":"x","OBX-5[2].1":"y","OBX-5[2].2":"z"}},{"path":"OBX[2]","values":{"OBX[2]-1":"2","OBX[2]-2":"NM","OBX[2]-5":"\"\"","OBX[2]-6":"mg\\S\\L"}}]}
END
same out want

# bytes that are no UTF-8: Latin-1 in JSON, hex for people; UTF-8 as it is
printf 'MSH|^~\\&|M\374ller|M\303\274ller|\001\033[31m\r' > odd.hl7
status 0 show --json odd.hl7
has out '"MSH-3":"M\u00fcller","MSH-4":"Müller","MSH-5":"\u0001\u001b[31m"'
cp odd.hl7 "$(printf '\374')"
status 0 show --json "$(printf '\374')"
has out '"file":"\ufffd",'
status 0 show odd.hl7
has out 'M\xfcller'
has out 'Müller'
has out '\x01\x1b[31m'
# U+202E would turn round what follows it, U+2028 may end the line
printf 'MSH|^~\\&|A\342\200\256B|C\342\200\250D\r' > turned.hl7
status 0 show turned.hl7
has out 'A\xe2\x80\xaeB'
has out 'C\xe2\x80\xa8D'
status 0 show --json turned.hl7
has out '"MSH-3":"A\u202eB","MSH-4":"C\u2028D"'
# a terminal may obey U+009B as well
printf 'MSH|^~\\&|\302\23331m\r' > obeyed.hl7
status 0 show --json obeyed.hl7
has out '"MSH-3":"\u009b31m"'
status 0 show obeyed.hl7
has out '\xc2\x9b31m'
status 0 show --get MSH-3 odd.hl7
printf 'M\374ller\n' > want
same out want
if script -qec true /dev/null > /dev/null 2>&1; then
	script -qec "'$HL7NOTE' show --get MSH-5 odd.hl7" /dev/null > out 2>&1 < /dev/null
	has out '\x01\x1b[31m'
fi

# frames and batches
{
	framed < one.hl7
	framed < one.hl7
} > two.mllp
status 0 show two.mllp
has out 'message 2, at byte 81'
status 0 show --get MSH-10 two.mllp
lines out 2
{
	printf 'FHS|^~\\&|LAB\r'
	cat one.hl7
	printf 'FTS|1\r'
} > batch.hl7
status 0 show --get MSH-10 batch.hl7
lines out 1

# other delimiters, and roles that have none
# shellcheck disable=SC2016
printf 'MSH$*!?:$LAB*X\rOBX$1$ST$A*B:C\r' > other.hl7
status 0 show --get OBX-3.2.2 other.hl7
has out C
printf 'MSH|^\rOBX|1|ST|A^B&C~D\r' > bare.hl7
status 0 show --get OBX-3.2 bare.hl7
has out 'B&C~D'

printf 'no HL7\n' > letter
status 65 show letter
[ ! -s out ] || fail 'showed a letter'
status 66 show missing
status 66 show .

finish
