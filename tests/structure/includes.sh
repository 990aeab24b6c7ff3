#!/bin/sh
# includes.sh: who may include whom, checked on the sources themselves (docs/internals.md, "Rooms").
# One TAP line a rule; what breaks it follows as a comment. The order of the runtime's wings is
# checked by wings.sh.
cd "${TOP:-.}" || exit 99
. tests/structure/rule.sh

sources() # FOLDER...
{
    find "$@" -name '*.[chly]' -o -name '*.def' | sort
}

# The lines of FOLDERs that match a pattern, as "file:line: text".
lines() # PATTERN FOLDER...
{
    pattern=$1
    shift
    sources "$@" | xargs grep -nE "$pattern" /dev/null
}

includes() # PATTERN OF THE NAME, WITH ITS QUOTES; FOLDER...
{
    name=$1
    shift
    lines "^[[:space:]]*#[[:space:]]*include[[:space:]]+$name" "$@"
}

# ---- rooms of the compiler ----
# What a file of a room may include besides headers of its own room and of abi/. A name without a
# folder is a header beside the file.
rooms='support:
syntax:grammar support
sema:syntax support
ir:support
lower:sema syntax ir support
passes:ir support
codegen:passes ir support'

while IFS=: read -r room may; do
    allowed=abi\|$room$(printf '|%s' $may)
    rule "src/$room includes no other room${may:+ but $may}" \
        "$(includes '"[^"]*/' "src/$room" | grep -vE "include[[:space:]]+\"($allowed)/")"
done <<END
$rooms
END

rule "grammar includes syntax and support only" \
    "$(includes '"[^"]*/' grammar | grep -vE '"(abi|syntax|support|grammar)/')"
rule "the runtime never includes the compiler" \
    "$(includes '"(src/|\.\./|support/|syntax/|sema/|ir/|lower/|passes/|codegen/|driver/)' runtime)"
rule "only src/codegen/cpu sees llvm-c" \
    "$(includes '<llvm-c' src grammar runtime abi tests | grep -v '^src/codegen/cpu/')"
rule "code generation is entered by backend.h only" \
    "$(includes '"codegen/' src grammar runtime abi tests |
        grep -vE '^src/codegen/cpu/|"codegen/backend\.h"')"
rule "only runtime/base/threads.c knows OpenMP" \
    "$(lines '^[[:space:]]*#[[:space:]]*(pragma[[:space:]]+omp|include[[:space:]]+<omp\.h>)' \
        src grammar runtime | grep -v '^runtime/base/threads\.c:')"

# ---- files ----
opens_with_a_comment() # FILE
{
    case $1 in
    *.[ly]) grep -q '/\*' "$1" ;;
    *) head -c 2 "$1" | grep -q '^/\*' ;;
    esac
}

all=$(sources src grammar runtime abi)
rule "each file opens with a comment on its purpose" \
    "$(for file in $all; do opens_with_a_comment "$file" || echo "$file"; done)"
rule "each source is listed in its folder's local.mk" \
    "$(for file in $all prelude/*.nn; do
        cat "${file%/*}"/*.mk Makefile.am | grep -qF "$file" || echo "$file is in no local.mk"
    done)"
rule "no two sources of the compiler, or of the runtime, have one name" \
    "$(for half in src runtime; do
        find $half -name '*.c' | sed 's|.*/||' | sort | uniq -d | while read -r name; do
            find $half -name "$name" | sort | paste -sd ' '
        done
    done)"
rule "nothing is left for later in the code" \
    "$(lines '\b(TO''DO|FIX''ME|XX''X)\b' src grammar runtime abi tests)"
echo "1..$n"
