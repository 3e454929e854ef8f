dnl SPDX-License-Identifier: MIT
dnl
dnl Flags are tried one by one, and the ones the compiler takes are kept: an
dnl older or another compiler loses a protection, not the build.

dnl HL7_TRY_CFLAG(VARIABLE, FLAG): append FLAG when compiling with it says nothing.
AC_DEFUN([HL7_TRY_CFLAG], [
	AS_VAR_PUSHDEF([cache], [hl7_cv_cflag_$2])
	AC_CACHE_CHECK([whether $CC takes $2], [cache], [
		hl7_saved_CFLAGS=$CFLAGS
		CFLAGS="$CFLAGS -Werror $2"
		AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <string.h>]], [[char b[8]; memset(b, 0, sizeof(b)); return b[0];]])],
			[AS_VAR_SET([cache], [yes])], [AS_VAR_SET([cache], [no])])
		CFLAGS=$hl7_saved_CFLAGS
	])
	AS_VAR_IF([cache], [yes], [$1="$$1${$1:+ }$2"])
	AS_VAR_POPDEF([cache])
])

dnl HL7_TRY_LDFLAG(VARIABLE, FLAG): append FLAG when a program links with it.
AC_DEFUN([HL7_TRY_LDFLAG], [
	AS_VAR_PUSHDEF([cache], [hl7_cv_ldflag_$2])
	AC_CACHE_CHECK([whether the linker takes $2], [cache], [
		hl7_saved_CFLAGS=$CFLAGS
		hl7_saved_LDFLAGS=$LDFLAGS
		CFLAGS="$CFLAGS -fPIE"
		LDFLAGS="$LDFLAGS -Werror $2"
		AC_LINK_IFELSE([AC_LANG_PROGRAM()], [AS_VAR_SET([cache], [yes])], [AS_VAR_SET([cache], [no])])
		CFLAGS=$hl7_saved_CFLAGS
		LDFLAGS=$hl7_saved_LDFLAGS
	])
	AS_VAR_IF([cache], [yes], [$1="$$1${$1:+ }$2"])
	AS_VAR_POPDEF([cache])
])

AC_DEFUN([HL7_ARG_WERROR], [
	AC_ARG_ENABLE([werror],
		[AS_HELP_STRING([--enable-werror], [let warnings stop the build (for testing)])],
		[], [enable_werror=no])
])

AC_DEFUN([HL7_FLAGS_LANGUAGE], [
	HL7_TRY_CFLAG([LANGUAGE_CFLAGS], [-std=gnu17])
	AS_IF([test -z "$LANGUAGE_CFLAGS"], [AC_MSG_ERROR([a compiler for C17 is needed])])
	AC_SUBST([LANGUAGE_CFLAGS])
	# libev's macros see one watcher as another type; only what uses them gets this.
	HL7_TRY_CFLAG([EV_CFLAGS], [-fno-strict-aliasing])
	AC_SUBST([EV_CFLAGS])
])

AC_DEFUN([HL7_FLAGS_WARNINGS], [
	for hl7_flag in -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
		-Wpointer-arith -Wvla -Wformat-security -Wwrite-strings
	do
		HL7_TRY_CFLAG([WARNING_CFLAGS], [$hl7_flag])
	done
	AS_IF([test "$enable_werror" = yes], [WARNING_CFLAGS="$WARNING_CFLAGS -Werror"])
	AC_SUBST([WARNING_CFLAGS])
])

dnl Sanitizers watch what fortified calls and zeroed variables would hide, so
dnl with one of them these stay off.
AC_DEFUN([HL7_FLAGS_HARDENING], [
	AS_IF([test "$with_sanitizer" = no && test "$with_fuzzer" = no], [
		for hl7_flag in -D_FORTIFY_SOURCE=3 -fstack-protector-strong \
			-fstack-clash-protection -fcf-protection=full \
			-ftrivial-auto-var-init=zero
		do
			HL7_TRY_CFLAG([HARDENING_CFLAGS], [$hl7_flag])
		done
	])
	# no-plt: with all bound at the start (-z now), calls into libraries need no stub.
	for hl7_flag in -fno-strict-overflow -fno-delete-null-pointer-checks -fPIE -fno-plt; do
		HL7_TRY_CFLAG([HARDENING_CFLAGS], [$hl7_flag])
	done
	# shstk: Debian's start files lack the mark that the linker asks of every object, and
	# do nothing that a shadow stack would forbid.
	for hl7_flag in -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,-z,separate-code \
		-Wl,-z,shstk
	do
		HL7_TRY_LDFLAG([HARDENING_LDFLAGS], [$hl7_flag])
	done
	AC_SUBST([HARDENING_CFLAGS])
	AC_SUBST([HARDENING_LDFLAGS])
])
