# SP_CFLAGS_IF_OK(VARIABLE, FLAGS): append to VARIABLE each of FLAGS that the compiler takes.
AC_DEFUN([SP_CFLAGS_IF_OK], [
	sp_save_cflags=$CFLAGS
	for sp_flag in $2; do
		CFLAGS="$sp_save_cflags -O2 -Werror $$1 $sp_flag"
		AC_COMPILE_IFELSE([AC_LANG_PROGRAM([])], [$1="$$1 $sp_flag"])
	done
	CFLAGS=$sp_save_cflags
])
