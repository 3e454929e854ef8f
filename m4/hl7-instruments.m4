dnl SPDX-License-Identifier: MIT
dnl
dnl Sanitizers and the fuzzer: both compile everything differently, so both are
dnl for a build folder of their own.
dnl
dnl   ../configure --with-sanitizer=address,undefined
dnl   ../configure CC=clang --with-fuzzer --with-sanitizer=address,undefined

AC_DEFUN([HL7_ARG_SANITIZER], [
	AC_ARG_WITH([sanitizer],
		[AS_HELP_STRING([--with-sanitizer@<:@=LIST@:>@],
			[build with these sanitizers @<:@address,undefined@:>@])],
		[], [with_sanitizer=no])
	AS_IF([test "$with_sanitizer" = yes], [with_sanitizer=address,undefined])
])

AC_DEFUN([HL7_ARG_FUZZER], [
	AC_ARG_WITH([fuzzer],
		[AS_HELP_STRING([--with-fuzzer], [link tests/fuzz with libFuzzer (needs clang)])],
		[], [with_fuzzer=no])
	AM_CONDITIONAL([FUZZER], [test "$with_fuzzer" != no])
])

AC_DEFUN([HL7_FLAGS_INSTRUMENTS], [
	AS_IF([test "$with_sanitizer" != no], [
		HL7_TRY_CFLAG([INSTRUMENT_CFLAGS], [-fno-omit-frame-pointer])
		hl7_sanitize="-fsanitize=$with_sanitizer -fno-sanitize-recover=all"
		INSTRUMENT_CFLAGS="$INSTRUMENT_CFLAGS $hl7_sanitize"
		INSTRUMENT_LDFLAGS="$hl7_sanitize"
		hl7_saved_CFLAGS=$CFLAGS
		CFLAGS="$CFLAGS $hl7_sanitize"
		AC_MSG_CHECKING([whether $CC links with $hl7_sanitize])
		AC_LINK_IFELSE([AC_LANG_PROGRAM()], [AC_MSG_RESULT([yes])],
			[AC_MSG_RESULT([no])
			AC_MSG_ERROR([--with-sanitizer=$with_sanitizer: this compiler cannot])])
		CFLAGS=$hl7_saved_CFLAGS
	])
	AS_IF([test "$with_fuzzer" != no], [
		INSTRUMENT_CFLAGS="$INSTRUMENT_CFLAGS -fsanitize=fuzzer-no-link"
		HL7_TRY_CFLAG([hl7_fuzzer], [-fsanitize=fuzzer-no-link])
		FUZZ_ENGINE=-fsanitize=fuzzer
		AS_IF([test -z "$hl7_fuzzer"], [AC_MSG_ERROR([--with-fuzzer needs clang: CC=clang])])
	])
	AC_SUBST([INSTRUMENT_CFLAGS])
	AC_SUBST([INSTRUMENT_LDFLAGS])
	AC_SUBST([FUZZ_ENGINE])
])

dnl What tests/worst counts by: both compilers call a function at each basic block.
AC_DEFUN([HL7_FLAGS_COUNTED], [
	AS_IF([test "$with_fuzzer" = no], [
		HL7_TRY_CFLAG([COUNTED_CFLAGS], [-fsanitize-coverage=trace-pc])
	])
	AC_SUBST([COUNTED_CFLAGS])
	AM_CONDITIONAL([COUNTED], [test -n "$COUNTED_CFLAGS"])
])
