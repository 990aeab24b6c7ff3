#!/bin/sh
# pages.sh: that a page can be read at sight (CONTRIBUTING.md). One TAP line a rule; what breaks it
# follows as a comment.
cd "${TOP:-.}" || exit 99
. tests/structure/rule.sh
here=tests/structure

check() # FILE...
{
    LC_ALL=C "${AWK:-awk}" -f $here/pages.awk "$@"
}

found() # WORD: what pages.awk found under it
{
    printf '%s\n' "$found" | sed -n "s/^$1 //p"
}

# The rules themselves, held against C that is easy to misread.
folder=$(mktemp -d) || exit 99
trap 'rm -rf "$folder"' EXIT
awk '/^@[0-9]+@$/ { gsub(/@/, ""); for (i = 0; i < $1; i++) print "    step();"; next } { print }' \
    $here/pages.sample >"$folder/pages.sample"
sed -n '=; s/.*breaks: \([a-z]*\).*/\1/p' "$folder/pages.sample" |
    awk '/^[0-9]+$/ { line = $1; next } { print $1, line }' >"$folder/expected"
check "$folder/pages.sample" | sed 's/ .*sample:\([0-9]*\):.*/ \1/' | sort -u -k2n >"$folder/seen"
rule "the rules see what they should in pages.sample" "$(diff "$folder/expected" "$folder/seen")"

sources=$(find src grammar runtime abi tests bench -name '*.[chly]' ! -name lower_reference.h)
scripts=$(find Makefile.am configure.ac m4 quickstart .ci/run completions -type f
    find src grammar prelude runtime abi tests docs -name '*.mk' -o -name '*.sh' -o -name '*.awk'
    find tests/golden/run-case bench/local.mk bench/run.py)
found=$(printf '%s\n' $sources $scripts | sort | xargs -n 500 echo | while read -r files; do
    check $files
done)
rule "no line passes 100 columns" "$(found columns)"
rule "no ternary is within another" "$(found ternaries)"
rule "a function of more than 25 lines has paragraphs" "$(found paragraphs)"
rule "no function is longer than 100 lines" "$(found functions)"

long=$(wc -l $sources | awk '$2 != "total" && $1 > 800 { print $2 ": " $1 " lines" }')
rule "no file is longer than 800 lines" "$long"
echo "1..$n"
