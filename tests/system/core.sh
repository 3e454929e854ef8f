#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What the core may not have, it does not have: no file or socket that it opens, no
# clock, locale, environment or thread, and no variable of its own.

# shellcheck source-path=SCRIPTDIR source=lib.sh disable=SC1091
. "${HL7_TOP:?}/tests/system/lib.sh"

core=$(dirname "$HL7NOTE")/libcore.a
if nm "$core" | grep -qE '__(asan|ubsan|sanitizer)_'; then
	echo 'skipped: a sanitizer brings its own'
	exit 77
fi

nm -u "$core" | sed -n 's/^ *U //p' | sort -u > calls
lines_of_calls=$(wc -l < calls)
[ "$lines_of_calls" -gt 100 ] || fail "only $lines_of_calls names in $core"
if grep -xE \
	-e 'f?open(at|64)?|creat|read|p?readv?|write|p?writev?|close|poll|select|(f|l)?stat|unlink|mmap' \
	-e 'socket|connect|bind|listen|accept4?|recv.*|send.*|getaddrinfo|ev_.*|eventfd' \
	-e 'time|clock.*|gettimeofday|localtime.*|gmtime.*|mktime|nanosleep|u?sleep' \
	-e 'setlocale|newlocale|uselocale|strcoll|strtod|atof|isalpha|toupper|tolower|__ctype_.*' \
	-e '(secure_)?getenv|pthread_.*|s?rand(om)?|getrandom|signal|sigaction|exit|_exit' \
	-e 'puts|printf|__printf_chk|perror|stdout|stderr|syslog' \
	-e 'xmlReadFile|xmlCtxtReadFile|xmlParseFile|xmlNew.*Input.*File.*' calls; then
	fail 'the core names what it may not call'
fi

# .data and .bss of every object are empty; tables are constant
objdump -h "$core" | awk '$2 ~ /^\.(data|bss)(\.|$)/ && $2 !~ /^\.data\.rel\.ro/ && $3 !~ /^0*$/' > variables
[ ! -s variables ] || fail "the core keeps variables: $(cat variables)"

finish
