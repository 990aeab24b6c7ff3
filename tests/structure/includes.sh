#!/bin/sh
# includes.sh: who may include whom, checked on the sources themselves (the rooms' list at the end of docs/internals.md).
# One TAP line a rule; what breaks it follows as a comment.
cd "${TOP:-.}" || exit 99
n=0

rule() # NAME VIOLATIONS
{
    n=$((n + 1))
    if [ -z "$2" ]; then echo "ok $n - $1"; else echo "not ok $n - $1"; printf '%s\n' "$2" | sed 's/^/# /' | head -20; fi
}

# What a file of the first folder may include, as rooms (with the folder itself). A bare name is a file of the runtime,
# or one beside the including file.
rooms='support:
syntax:grammar support
sema:syntax support
ir:support
lower:sema syntax ir support
passes:ir support
codegen:passes ir support'

sources() { find "$@" -name '*.[chly]' -o -name '*.def' 2>/dev/null | sort; }

for line in $(echo "$rooms" | tr ' ' ','); do
    room=${line%%:*}
    may=$(echo "${line#*:}" | tr ',' '|')
    bad=$(sources "src/$room" | xargs grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]+"[^"]*/' /dev/null |
        grep -vE "include[[:space:]]+\"(abi|$room${may:+|$may})/")
    rule "src/$room includes ${may:-nothing else} only" "$bad"
done
bad=$(sources grammar | xargs grep -nE '#[[:space:]]*include[[:space:]]+"[^"]*/' /dev/null | grep -vE '"(abi|syntax|support|grammar)/')
rule "grammar includes syntax and support only" "$bad"

bad=$(sources runtime | xargs grep -nE '#[[:space:]]*include[[:space:]]+"(src/|\.\./|support/|syntax/|sema/|ir/|lower/|passes/|codegen/|driver/)' /dev/null)
rule "the runtime never includes src" "$bad"

wings=$(sed -n 's|^include runtime/\(.*\)/local\.mk$|\1|p' runtime/local.mk)
headers="($(echo $wings | tr ' ' '|'))/[a-z_]*\\.(h|def)"
for room in support syntax sema ir lower passes; do
    own=$(cd "src/$room" && ls ./*.h ./*.def 2>/dev/null | sed 's|^\./||; s/\./\\./g' | tr '\n' '|' | sed 's/|$//')
    bad=$(sources "src/$room" | xargs grep -nE "#[[:space:]]*include[[:space:]]+\"($headers)\"" /dev/null | grep -vE "\"(${own:-/})\"")
    rule "src/$room knows nothing of the runtime" "$bad"
done
bad=$(sources src/codegen | xargs grep -nE "#[[:space:]]*include[[:space:]]+\"($headers)\"" /dev/null)
rule "of the runtime, src/codegen sees the ABI only" "$bad"

bad=$(sources src grammar runtime abi tests | xargs grep -nE '#[[:space:]]*include[[:space:]]+<llvm-c' /dev/null | grep -vE '^src/codegen/cpu/')
rule "only src/codegen/cpu sees llvm-c" "$bad"
bad=$(sources src grammar runtime abi tests | xargs grep -nE '#[[:space:]]*include[[:space:]]+"codegen/' /dev/null |
    grep -vE '^src/codegen/cpu/|"codegen/backend\.h"')
rule "code generation is entered by backend.h only" "$bad"
bad=$(sources src grammar runtime | xargs grep -nE '^[[:space:]]*#[[:space:]]*pragma[[:space:]]+omp|^[[:space:]]*#[[:space:]]*include[[:space:]]+<omp\.h>' /dev/null | grep -v '^runtime/base/threads\.c:')
rule "only runtime/base/threads.c knows OpenMP" "$bad"

bad=$(sources src grammar runtime | xargs wc -l | awk '$2 != "total" && $1 > 800 { print $2 ": " $1 " lines" }')
rule "no file is longer than 800 lines" "$bad"
bad=$(for f in $(sources src grammar runtime abi); do
    case $f in *.[ly]) grep -q '/\*' "$f" || echo "$f" ;; *) head -c 2 "$f" | grep -q '^/\*' || echo "$f" ;; esac
done)
rule "each file opens with a comment on its purpose" "$bad"
bad=$(sources src grammar runtime abi tests | xargs grep -nE '\b(TO''DO|FIX''ME|XX''X)\b' /dev/null)
rule "nothing is left for later in the code" "$bad"

bad=$(for f in $(sources src grammar runtime abi) prelude/*.nn; do
    cat "$(dirname "$f")"/*.mk Makefile.am | grep -qF "$f" || echo "$f is in no local.mk"
done)
rule "each source is listed in its folder's local.mk" "$bad"
echo "1..$n"
