# NNC_LLVM(OLDEST, PREFERRED): finds llvm-config and, from it, LLVM_CPPFLAGS, LLVM_LIBS,
# NNC_LLVM_LIBS and LLVM_VERSION.
#
# libLLVM is linked by its full path. LLVM's own library folder must not be on the link path: it
# holds a libgomp.so that is a link to libomp, and two OpenMP runtimes in one process halve its
# speed.
AC_DEFUN([NNC_LLVM], [
AC_ARG_WITH([llvm],
    [AS_HELP_STRING([--with-llvm=CONFIG], [the llvm-config to ask, version $1 or newer])],
    [nnc_candidates=$withval],
    [nnc_candidates="m4_foreach_w([nnc_v], [$2], [llvm-config-nnc_v ])llvm-config"])
AC_MSG_CHECKING([for LLVM $1 or newer])
LLVM_CONFIG= LLVM_VERSION= nnc_seen=
for nnc_candidate in $nnc_candidates; do
    nnc_version=`$nnc_candidate --version 2>/dev/null` || continue
    nnc_seen="$nnc_seen $nnc_version"
    nnc_major=`echo "$nnc_version" | $SED 's/@<:@^0-9@:>@.*//'`
    AS_IF([test "0$nnc_major" -ge $1],
        [LLVM_CONFIG=$nnc_candidate LLVM_VERSION=$nnc_version; break])
done
AS_IF([test -z "$LLVM_CONFIG"],
    [AC_MSG_RESULT([no])
     AC_MSG_ERROR([LLVM $1 or newer is missing, found:${nnc_seen:- none}]dnl
[ (Debian package: llvm-19-dev; or use --with-llvm=/path/to/llvm-config)])])
AC_MSG_RESULT([$LLVM_VERSION ($LLVM_CONFIG)])

nnc_libdir=`$LLVM_CONFIG --libdir`
nnc_libname=`$LLVM_CONFIG --link-shared --libnames 2>/dev/null | $AWK '{print [$]1}'`
LLVM_LIBS=
for nnc_name in $nnc_libname libLLVM-$nnc_major.so libLLVM.so; do
    AS_IF([test -f "$nnc_libdir/$nnc_name"], [LLVM_LIBS=$nnc_libdir/$nnc_name; break])
done
AS_IF([test -z "$LLVM_LIBS"], [AC_MSG_ERROR([no shared libLLVM in $nnc_libdir])])
LLVM_CPPFLAGS="-isystem `$LLVM_CONFIG --includedir`"

nnc_saved_CPPFLAGS=$CPPFLAGS nnc_saved_LIBS=$LIBS
CPPFLAGS="$CPPFLAGS $LLVM_CPPFLAGS" LIBS="$LLVM_LIBS $LIBS"
AC_CHECK_HEADER([llvm-c/LLJIT.h], [],
    [AC_MSG_ERROR([LLVM's C headers are missing (Debian package: llvm-$nnc_major-dev)])])
AC_CACHE_CHECK([whether libLLVM is found at run time], [nnc_cv_llvm_runs],
    [AC_RUN_IFELSE([AC_LANG_PROGRAM([[#include <llvm-c/Core.h>]],
                                    [[LLVMContextDispose(LLVMContextCreate());]])],
        [nnc_cv_llvm_runs=yes], [nnc_cv_llvm_runs="no, with an rpath"], [nnc_cv_llvm_runs=yes])])
CPPFLAGS=$nnc_saved_CPPFLAGS LIBS=$nnc_saved_LIBS
AS_IF([test "$nnc_cv_llvm_runs" != yes], [LLVM_LIBS="$LLVM_LIBS -Wl,-rpath,$nnc_libdir"])
NNC_STATIC_LLVM
AC_SUBST([LLVM_CONFIG])
AC_SUBST([LLVM_VERSION])
AC_SUBST([LLVM_CPPFLAGS])
AC_SUBST([LLVM_LIBS])
])

# NNC_STATIC_LLVM: NNC_LLVM_LIBS, what nnc itself is linked with: LLVM's archives if they are
# installed, otherwise LLVM_LIBS. The shared library costs every start of nnc 350,000 relocations
# (some 10 ms) and 35 MB; the archives, linked to a fixed address, cost none.
AC_DEFUN([NNC_STATIC_LLVM], [
AC_ARG_ENABLE([static-llvm],
    [AS_HELP_STRING([--disable-static-llvm],
        [link nnc with LLVM's shared library even if its archives are installed])])
NNC_LLVM_LIBS=$LLVM_LIBS
AS_IF([test "x$enable_static_llvm" != xno && test "x${enable_sanitizers:-no}" = xno], [
    nnc_parts="core analysis target orcjit native"
    nnc_archives=`$LLVM_CONFIG --link-static --libfiles $nnc_parts 2>/dev/null`
    nnc_saved_CPPFLAGS=$CPPFLAGS nnc_saved_LIBS=$LIBS
    CPPFLAGS="$CPPFLAGS $LLVM_CPPFLAGS"
    AC_MSG_CHECKING([whether LLVM's archives can be linked])
    nnc_static=no
    nnc_system=`$LLVM_CONFIG --link-static --system-libs core orcjit native 2>/dev/null`
    for nnc_more in "-lz -lzstd" "-lz -l:libzstd.so.1" "-lz -lzstd -ltinfo" \
        "-lz -l:libzstd.so.1 -l:libtinfo.so.6" "$nnc_system"; do
        AS_IF([test "x$nnc_archives" = x || test $nnc_static = yes], [break])
        nnc_llvm_static="-no-pie -Wl,--gc-sections -Wl,--as-needed $nnc_archives -lstdc++ $nnc_more"
        LIBS="$nnc_llvm_static $nnc_saved_LIBS"
        AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <llvm-c/Core.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Support.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>]],
            [[LLVMOrcLLJITRef jit;
LLVMInitializeNativeTarget();
LLVMInitializeNativeAsmPrinter();
LLVMParseCommandLineOptions(0, 0, 0);
LLVMGetHostCPUName();
return LLVMOrcCreateLLJIT(&jit, 0) ||
       LLVMTargetMachineEmitToMemoryBuffer(0, 0, LLVMObjectFile, 0, 0);]])],
            [nnc_static=yes NNC_LLVM_LIBS=$nnc_llvm_static])
    done
    AC_MSG_RESULT([$nnc_static])
    CPPFLAGS=$nnc_saved_CPPFLAGS LIBS=$nnc_saved_LIBS])
AC_SUBST([NNC_LLVM_LIBS])
])
