# program_doc.awk: docs/program.md from the rows of program.def:
#   awk -f abi/program_doc.awk abi/program.def >docs/program.md
# Escaped quotes of a C string become plain ones.
function text(line) {
    sub(/^[^"]*"/, "", line)
    sub(/"\)[^"]*$/, "", line)
    gsub(/\\"/, "\"", line)
    return line
}
function presence(word) {
    if (word == "REQUIRED") return "always"
    return word == "NULLABLE" ? "always, or null" : "may be absent"
}
function kind(count, type,   shown) {
    shown = type
    gsub(/_or_/, " or ", shown)
    if (is_object[type]) shown = "[" type "](#" type ")"
    else if (type == "later") shown = "[value](#expression)"
    else if (shown ~ / form$/) sub(/form$/, "[form](#form)", shown)
    if (count == "LIST") return "list of " shown
    return count == "MAP" ? "map of " shown : shown
}

# Objects are referred to before they are described.
{ line[NR] = $0 }
/^OBJECT\(/ { split($0, part, /[(,] */); is_object[part[2]] = 1 }

END {
    print "# The program"
    print ""
    print "What the compiler hands to the runtime: a compiled script as JSON, and the units'"
    print "machine code by name. `nnc run` passes it in memory and compiles a unit when it is first"
    print "asked for; `nnc build` embeds the same text beside the units' code. Both run one"
    print "executor, so they do the same. A REPL hands over one program after another to one"
    print "session."
    print ""
    print "This page is made from [`abi/program.def`](../abi/program.def) by `abi/program_doc.awk`;"
    print "change that table, not this page. The compiler writes no other keys"
    print "(`src/driver/program_fields.h`), and a program is checked against the table before it is"
    print "handed over (`program_check`)."
    for (i = 1; i <= NR; i++) {
        split(line[i], part, /[(,] */)
        if (line[i] ~ /^OBJECT\(/) {
            print ""
            print "## " part[2]
            print ""
            print text(line[i])
            if (part[3] != "none")
                print "It also has the fields of [" part[3] "](#" part[3] ")."
            if (part[4] == "OPEN") print "It may have other keys."
            first = 1
        }
        if (line[i] ~ /^FIELD\(/) {
            if (first) {
                print ""
                print "| key | type | there | |"
                print "| --- | --- | --- | --- |"
            }
            first = 0
            shown = text(line[i])
            gsub(/\|/, "\\|", shown)
            row = "| `" part[3] "` | " kind(part[5], part[6])
            print row " | " presence(part[4]) " | " shown " |"
        }
    }
}
