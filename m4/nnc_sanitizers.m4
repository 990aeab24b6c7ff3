# NNC_SANITIZERS: SAN_CFLAGS from --enable-sanitizers[=address,undefined].
AC_DEFUN([NNC_SANITIZERS], [
AC_ARG_ENABLE([sanitizers],
    [AS_HELP_STRING([--enable-sanitizers@<:@=LIST@:>@],
        [build with these sanitizers (default: address,undefined)])],
    [nnc_sanitizers=$enableval], [nnc_sanitizers=no])
AS_CASE([$nnc_sanitizers],
    [yes], [nnc_sanitizers=address,undefined],
    [no], [nnc_sanitizers=])
SAN_CFLAGS=
AS_IF([test -n "$nnc_sanitizers"],
    [SAN_CFLAGS="-fsanitize=$nnc_sanitizers -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
     AC_MSG_CHECKING([whether $CC takes -fsanitize=$nnc_sanitizers])
     nnc_saved_CFLAGS=$CFLAGS
     CFLAGS="$CFLAGS $SAN_CFLAGS"
     AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
        [AC_MSG_RESULT([yes])],
        [AC_MSG_RESULT([no])
         AC_MSG_ERROR([$CC has no such sanitizers])])
     CFLAGS=$nnc_saved_CFLAGS])
AC_SUBST([SAN_CFLAGS])
AM_CONDITIONAL([SANITIZED], [test -n "$nnc_sanitizers"])
])
