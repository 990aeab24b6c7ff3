# NNC_WARNINGS: WARN_CFLAGS, and --enable-werror (which .ci/run sets).
AC_DEFUN([NNC_WARNINGS], [
AC_ARG_ENABLE([werror],
    [AS_HELP_STRING([--enable-werror], [treat compiler warnings as errors])],
    [nnc_werror=$enableval], [nnc_werror=no])
WARN_CFLAGS="-Wall -Wextra -Werror=implicit-function-declaration"
AS_IF([test "$nnc_werror" = yes], [WARN_CFLAGS="$WARN_CFLAGS -Werror"])
AC_SUBST([WARN_CFLAGS])
])
