#!/bin/sh
# links.sh: nnc is linked to one OpenMP runtime (LLVM's folder on the link path would bring a
# second), and a program that it builds needs neither nnc nor LLVM.
NNC=${NNC:-./nnc}
command -v ldd >/dev/null 2>&1 || { echo "1..0 # SKIP no ldd here"; exit 0; }
found=$(ldd "$NNC" 2>/dev/null) || { echo "1..0 # SKIP ldd can't read $NNC"; exit 0; }
folder=$(mktemp -d) || exit 99
trap 'rm -rf "$folder"' EXIT

echo "1..3"
runtimes=$(echo "$found" | grep -cE 'lib(g|i)?omp5?\.so')
if [ "$runtimes" -le 1 ]; then
    echo "ok 1 - one OpenMP runtime"
else
    echo "not ok 1 - one OpenMP runtime"
    echo "$found" | sed 's/^/# /'
fi
case $found in
*"not found"*)
    echo "not ok 2 - every library is found"
    echo "$found" | grep "not found" | sed 's/^/# /'
    ;;
*) echo "ok 2 - every library is found" ;;
esac
if ! command -v cc >/dev/null 2>&1; then
    echo "ok 3 # SKIP no cc to link a program with"
    exit 0
fi
echo 'print 1 + 1' >"$folder/two.nn"
if "$NNC" build "$folder/two.nn" -o "$folder/two" >"$folder/said" 2>&1 &&
    ! ldd "$folder/two" | grep -qiE 'llvm|nnc|nnrt|not found' &&
    [ "$(env -i "$folder/two")" = 2 ]; then
    echo "ok 3 - a built program needs neither nnc nor LLVM"
else
    echo "not ok 3 - a built program needs neither nnc nor LLVM"
    sed 's/^/# /' "$folder/said"
    ldd "$folder/two" 2>&1 | sed 's/^/# /'
fi
