#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The sample configuration is sound, and says what the units say.
set -u
: "${HL7NOTE:?names the program to test}" "${HL7_TOP:?names the source tree}"

TMP=$(mktemp -d) || exit 99
trap 'rm -rf "$TMP"' EXIT
failures=0

fail()
{
	echo "FAILED: $*"
	failures=$((failures + 1))
}

# has FILE TEXT
has()
{
	grep -qF -e "$2" "$1" || fail "no '$2' in $1"
}

# the mapping it names is not installed yet: here it is that of the tree
sed "s|\"[^\"]*/mappings/|\"$HL7_TOP/mappings/|" systemd/hl7noted.xml > "$TMP/hl7noted.xml"
"$HL7NOTE" check "$TMP/hl7noted.xml" || fail 'the sample has faults'

for file in systemd/hl7noted.service systemd/hl7noted.xml; do
	if grep -n '@[a-z]*@' "$file"; then
		fail "a place was left open in $file"
	fi
done

socket=$HL7_TOP/systemd/hl7noted.socket
name=$(sed -n 's/^FileDescriptorName=//p' "$socket")
has systemd/hl7noted.xml "socket=\"$name\""
has systemd/hl7noted.xml "port=\"$(sed -n 's/^ListenStream=//p' "$socket")\""
has systemd/hl7noted.service '/hl7noted/hl7noted.xml'
user=$(sed -n 's/^User=//p' systemd/hl7noted.service)
has "$HL7_TOP/systemd/hl7noted.sysusers" "u $user "
for word in Type=notify TimeoutStartSec=infinity WatchdogSec=30 "RuntimeDirectory=$user" ExecReload=; do
	has systemd/hl7noted.service "$word"
done
has systemd/hl7noted.xml '/run/hl7noted/control'
# without -m, the tool uses what the daemon does
has "$HL7NOTE" "$(sed -n 's/.*<mapping file="\(.*\)".*/\1/p' systemd/hl7noted.xml)"
# and it is made again with the Makefile, which knows the folders
"${MAKE:-make}" -n -W Makefile hl7note > "$TMP/made"
has "$TMP/made" src/cli/mappings.c

# what the site has changed is its own
hook()
{
	"${MAKE:-make}" -s "$1-hook" DESTDIR="$TMP/root" > "$TMP/made" 2>&1 || fail "$1: $(cat "$TMP/made")"
}

installed()
{
	find "$TMP/root" -type f -name "$1"
}

hook install-data
cmp -s "$(installed b2m.xml)" "$HL7_TOP/mappings/b2m.xml" || fail 'no mapping was installed for the site'
echo '<!-- approved -->' >> "$(installed b2m.xml)"
hook install-data
has "$(installed b2m.xml)" 'approved -->'
hook uninstall
has "$(installed b2m.xml)" 'approved -->'
[ -z "$(installed hl7noted.xml)" ] || fail 'an unchanged configuration was left behind'
cp "$HL7_TOP/mappings/b2m.xml" "$(installed b2m.xml)"
hook uninstall
[ -z "$(installed '*')" ] || fail "left behind: $(installed '*')"

# the service's user can read all of it, whatever the umask of root
(umask 077 && "${MAKE:-make}" -s install-data DESTDIR="$TMP/open" > "$TMP/made" 2>&1) ||
	fail "install-data: $(cat "$TMP/made")"
[ -n "$(find "$TMP/open" -name b2m.xml)" ] || fail 'nothing was installed'
closed=$(find "$TMP/open"/* ! -perm -444 -o -type d ! -perm -111)
[ -z "$closed" ] || fail "not for all to read: $closed"

[ "$failures" -eq 0 ]
