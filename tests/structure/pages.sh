#!/bin/sh
# pages.sh: that a page can be read at sight (CONTRIBUTING.md). One TAP line a rule; what breaks it follows as a comment.
cd "${TOP:-.}" || exit 99
found=$(find src grammar runtime abi tests bench -name '*.[chly]' ! -name lower_reference.h | sort |
    LC_ALL=C.UTF-8 xargs "${AWK:-awk}" -f tests/structure/pages.awk)
n=0

rule() # WORD TITLE
{
    n=$((n + 1))
    bad=$(printf '%s\n' "$found" | sed -n "s/^$1 //p")
    if [ -z "$bad" ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; printf '%s\n' "$bad" | sed 's/^/# /' | head -"${PAGES_SHOWN:-20}"; fi
}

rule columns "no line passes 100 columns"
rule ternaries "no ternary stands within another"
rule paragraphs "a function of more than 25 lines has paragraphs"
rule functions "no function is longer than 100 lines"
echo "1..$n"
