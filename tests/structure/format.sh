#!/bin/sh
# format.sh: all C is as .clang-format says, where clang-format 19 is there (another version would
# break lines elsewhere). The files that are not follow as comments.
cd "${TOP:-.}" || exit 99

format=
for candidate in clang-format-19 clang-format; do
    case $($candidate --version 2>/dev/null) in
    *"version 19."*) format=$candidate && break ;;
    esac
done
[ -n "$format" ] || { echo "1..0 # SKIP no clang-format 19 here"; exit 0; }

echo "1..1"
bad=$(find src grammar runtime abi tests bench -name '*.[ch]' ! -name lower_reference.h | sort |
    xargs "$format" --dry-run -Werror 2>&1 | sed -n 's/:[0-9]*:.*-Wclang-format-violations.*//p' |
    uniq -c | awk '{ print $2 ": " $1 " places" }')
if [ -z "$bad" ]; then
    echo "ok 1 - all C is as .clang-format says"
else
    echo "not ok 1 - all C is as .clang-format says (mend with: $format -i FILE)"
    printf '%s\n' "$bad" | sed 's/^/# /'
fi
