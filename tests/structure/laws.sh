#!/bin/sh
# laws.sh: that docs/ir.md and docs/plan.md are true: each numbered invariant is cited by a check
# and each check cites one, the reasons that `nnc show --plan` gives are explained, and the worked
# example is what nnc prints. To update it: `NNC=build/nnc sh tests/structure/laws.sh --write`.
cd "${TOP:-.}" || exit 99
. tests/structure/rule.sh
top=$(pwd)
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT

# ---- invariants ----
for law in IR:ir:src/ir/verify.c PLAN:plan:src/passes/plan_verify.c; do
    name=${law%%:*} rest=${law#*:}
    grep -oE "^- \*\*$name-[0-9]+" "docs/${rest%%:*}.md" | grep -oE "$name.*" | sort >"$dir/stated"
    grep -oE "\"$name-[0-9]+" "${rest#*:}" | tr -d '"' | sort -u >"$dir/checked"
    rule "docs/${rest%%:*}.md states each invariant once, and ${rest#*:} checks those" \
        "$(uniq -d "$dir/stated" | sed 's/$/ is stated twice/'
        diff "$dir/stated" "$dir/checked")"
done

# ---- reasons ----
reasons=$(cd src/passes && cat join.c fuse.c updates.c phases.c | tr '\n' ' ' | sed 's/  */ /g' |
    grep -oE '(return|why =|NULL :|why_not =) "[a-z][^"]+"' | sed 's/^[^"]*"//; s/"$//')
rule "docs/plan.md explains each reason for not fusing" "$(
[ -n "$reasons" ] || echo "no reasons found"
printf '%s\n' "$reasons" | while read -r reason; do
    grep -qF "| $reason |" docs/plan.md || echo "$reason"
done)"

# ---- the example ----
awk '/^```nn$/ { inside = 1; next } /^```/ { inside = 0 } inside' docs/plan.md >"$dir/dense.nn"

shown() # graph | PASS graph | PASS plan | PASS changes: of the first unit, the training step
{
    case $1 in
    graph) "$NNC" show --graph "$dir/dense.nn" ;;
    *) "$NNC" show --ir="$1" "$dir/dense.nn" ;;
    esac | awk -v part="${2:-graph}" '
        /^graph/ && units++ { exit }
        /^unit/ { plan = 1 }
        (part == "plan") == (plan + 0)' >"$dir/${1}_now"
    if [ "$2" = changes ]; then
        shown simplify graph >"$dir/before"
        grep -vxFf "$dir/before" "$dir/${1}_now"
    else
        cat "$dir/${1}_now"
    fi
}

renewed() # a document with its examples as nnc prints them now
{
    while IFS= read -r line; do
        if [ -n "$skip" ]; then
            [ "$line" = '```' ] && skip=
            continue
        fi
        printf '%s\n' "$line"
        case $line in '<!-- shown: '*)
            what=${line#<!-- shown: }
            # shellcheck disable=SC2086
            printf '%s\n' '```text' && shown ${what% -->} && printf '%s\n' '```'
            skip=yes ;;
        esac
    done <"$1"
}

NNC=$(cd "$(dirname "${NNC:-./nnc}")" && pwd)/nnc
for doc in docs/ir.md docs/plan.md; do
    skip= && renewed "$doc" >"$dir/renewed"
    [ "$1" = --write ] && cat "$dir/renewed" >"$top/$doc"
    rule "the example of $doc is what nnc prints" "$(diff "$doc" "$dir/renewed")"
done
echo "1..$n"
