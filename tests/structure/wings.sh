#!/bin/sh
# wings.sh: the order of the runtime's wings (runtime/local.mk). Of another wing a file includes
# only the door, the header of the wing's own name, and only if that wing comes before its own; what
# it calls is defined in its own wing or in one before. One TAP line for each rule; what breaks it
# follows as a comment, as do the figures.
top=$(cd "${TOP:-.}" && pwd) || exit 99
build=$(pwd)
cd "$top" || exit 99
. tests/structure/rule.sh
AWK=${AWK:-awk}
folder=$(mktemp -d) || exit 99
trap 'rm -rf "$folder"' EXIT

# The wings in their order, from the list that the build reads.
wings=$(sed -n 's|^include runtime/\(.*\)/local\.mk$|\1|p' runtime/local.mk)
rule "runtime/local.mk lists every wing" "$(ls -d runtime/*/ | sed 's|runtime/\(.*\)/|\1|' |
    grep -vxF "$wings")"

# ---- includes: FILE INCLUDED, both as wing/name ----
include='^[[:space:]]*#[[:space:]]*include[[:space:]]+'
find runtime -name '*.[ch]' | sort | xargs grep -HE "$include\"[a-z_]+/" |
    sed -n 's|^runtime/\([^:]*\):.*"\([^"]*\)".*|\1 \2|p' >"$folder/includes"

wing_of='function wing(path) { sub("/.*", "", path); return path }
BEGIN { count = split(order, list, " "); for (i = 1; i <= count; i++) at[list[i]] = i }'
crossing() # PROGRAM: for each include of another wing, w and v being the wings
{
    $AWK -v order="$(echo $wings)" "$wing_of"'
{ w = wing($1); v = wing($2) } !(v in at) || v == w { next } '"$1" "$folder/includes"
}

rule "no wing includes a later one" \
    "$(crossing 'at[v] > at[w] { print "runtime/" $1 " includes " $2 }')"
rule "a wing is entered by its door" \
    "$(crossing '$2 != v "/" v ".h" { print "runtime/" $1 " includes " $2 }')"
doors="($(echo $wings | tr ' ' '|'))"
rule "the compiler enters by the doors" "$(find src -name '*.[ch]' | sort |
    xargs grep -HE "$include\"$doors/" |
    $AWK -F '"' '{ split($2, part, "/"); if ($2 != part[1] "/" part[1] ".h") print }')"

# ---- calls: FILE SYMBOL that each object defines and uses ----
calls=
library=$build/libnnrt.a
if [ -f "$library" ] && command -v nm >/dev/null 2>&1; then
    # The objects are read from the build folder: in the library, files of one name could not be
    # told apart.
    for file in $(find runtime -name '*.c' | sed 's|^runtime/||' | sort); do
        object=$build/runtime/${file%/*}/libnnrt_a-$(basename "${file%.c}").o
        [ -f "$object" ] || continue
        nm "$object" | $AWK -v file="$file" '
            NF == 3 && $2 ~ /^[TDBRC]$/ { print "defines", file, $3 }
            NF == 2 && $1 == "U" { print "uses", file, $2 }'
    done >"$folder/symbols"
    $AWK '$1 == "defines" { home[$3] = $2 } $1 == "uses" { file[++n] = $2; symbol[n] = $3 }
        END {
            for (i = 1; i <= n; i++)
                if (symbol[i] in home) print file[i], home[symbol[i]], symbol[i]
        }' "$folder/symbols" | sort -u >"$folder/calls"
    calls=yes
    rule "no function is called that a later wing defines" \
        "$($AWK -v order="$(echo $wings)" "$wing_of"'
            at[wing($2)] > at[wing($1)] { print "runtime/" $1 " calls " $3 " of " $2 }' \
            "$folder/calls")"
    rule "units are called through nnrt_launch" \
        "$($AWK '$3 == "nnrt_parallel" && $1 != "model/units.c" && $1 != "data/feed.c" {
            print "runtime/" $1 }' "$folder/calls")"
fi

# ---- figures ----
{
    cat "$folder/includes"
    [ -z "$calls" ] || cut -d ' ' -f 1,2 "$folder/calls"
} | sed 's|\.[ch]\( \)|\1|; s|\.[ch]$||' | sort -u |
    $AWK -v order="$(echo $wings)" "$wing_of"'
    { w = wing($1); v = wing($2) }
    (w in at) && (v in at) && w != v { arrows++; if (at[v] > at[w]) back++ }
    END {
        # A cycle among files of different wings would hold an arrow that runs back up.
        print "# arrows between files of different wings: " arrows + 0 \
            ", of which run back up: " back + 0
    }'
files=$(for wing in $wings; do
    echo "$wing $(ls runtime/$wing/*.[ch] | wc -l)"
done | paste -sd , -)
echo "# files in each folder: $files"
[ -n "$calls" ] || echo "# calls were not looked at: no objects here"
echo "1..$n"
