#!/bin/sh
# program.sh: what abi/program.def says of the program is what the compiler writes, what the runtime
# reads, and what docs/program.md says. That a program as a whole fits the table is checked wherever
# one is handed over (program_check). One TAP line a rule; what breaks it follows as a comment.
cd "${TOP:-.}" || exit 99
. tests/structure/rule.sh
AWK=${AWK:-awk}

fields=$(sed -n 's/^FIELD(\([a-z_]*\), \([a-z_]*\),.*/\1_\2/p' abi/program.def)
keys=$(sed -n 's/^FIELD([a-z_]*, \([a-z_]*\),.*/\1/p' abi/program.def | sort -u)

# Where it is not, make it again: awk -f abi/program_doc.awk abi/program.def >docs/program.md
rule "docs/program.md is made from abi/program.def" \
    "$($AWK -f abi/program_doc.awk abi/program.def | diff - docs/program.md)"

rule "each field is written by the compiler" "$(for field in $fields; do
    case $field in
    # by put_arguments, or from one to the other end of a range
    plateau_* | early_stop_* | checkpointing_* | data_*) continue ;;
    esac
    grep -rqw "FIELD_$field" src/driver || echo "$field"
done)"

rule "programs are written by put() alone" "$(
    grep -nE 'json_object_set(_new)?\(' src/driver/program_*.c src/driver/onnx_graph.c |
        grep -vE 'program_fields\.c|\((seen|attributes), ')"

# What reads a program by a key: of the action, of the program's JSON, and of what these hold, as
# far as names tell. A metric's `k` is an argument, and a checkpoint is not a program.
action='nnrt_action_(text|number)\([^,()]*'
holder='([a-z]+(\.|->))*(action|program(\.|->)json|built)|library->json|declared|unit|expected'
holder="$holder|variant|later|declaration|recipe"
rule "each key that the runtime reads of a program is a field" "$(
    grep -rnoE "($action|json_object_get\(($holder)), \"[a-z_]+\"" runtime |
        grep -vE '^runtime/(model/metrics\.c|train/checkpoint)' |
        while IFS= read -r line; do
            key=${line##*, \"}
            printf '%s\n' "$keys" | grep -qx "${key%\"}" || echo "$line"
        done)"
echo "1..$n"
