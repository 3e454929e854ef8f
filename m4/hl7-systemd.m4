dnl SPDX-License-Identifier: MIT
dnl
dnl HL7_ARG_SYSTEMD: where units go.  Below the prefix unless told, so that a package
dnl made and installed by a user writes nowhere else.
AC_DEFUN([HL7_ARG_SYSTEMD], [
	AC_ARG_WITH([systemdsystemunitdir],
		[AS_HELP_STRING([--with-systemdsystemunitdir=DIR],
			[units of systemd @<:@PREFIX/lib/systemd/system@:>@; no: none])],
		[], [with_systemdsystemunitdir=yes])
	AS_CASE([$with_systemdsystemunitdir],
		[yes], [systemdsystemunitdir='${prefix}/lib/systemd/system'],
		[no], [systemdsystemunitdir=],
		[systemdsystemunitdir=$with_systemdsystemunitdir])
	AC_SUBST([systemdsystemunitdir])
	AM_CONDITIONAL([SYSTEMD_UNITS], [test -n "$systemdsystemunitdir"])
])
