# SP_SYSTEMD_DIR(VARIABLE, BELOW-PREFIX, WHAT): where systemd looks for WHAT. With the prefix /usr that is what
# systemd.pc says; another prefix keeps its own, of which systemd looks into that of /usr/local.
AC_DEFUN([SP_SYSTEMD_DIR], [
	AC_ARG_WITH([$1], [AS_HELP_STRING([--with-$1=DIR], [$3])], [$1=$withval], [
		$1='${prefix}/$2'
		AS_IF([test "$prefix" = /usr], [PKG_CHECK_VAR([sp_$1], [systemd], [$1], [$1=$sp_$1])])
	])
	AC_SUBST([$1])
])
