# pages.awk: what makes a page of C hard to read at sight, a line each: "rule file:line: what".
# Reads sources formatted as .clang-format says, where a function's braces stand in the first column.

function flush_function(    body) {
    body = FNR - began - 1
    if (body > 25 && !blank)
        printf "paragraphs %s:%d: a function of %d lines without a blank one\n", FILENAME, began, body
    if (body > 100)
        printf "functions %s:%d: a function of %d lines\n", FILENAME, began, body
}

# The line without comments, texts and character constants.
function bare(line,    out, c, i, n, quote) {
    out = ""
    n = length(line)
    for (i = 1; i <= n; i++) {
        c = substr(line, i, 1)
        if (in_comment) {
            if (c == "*" && substr(line, i + 1, 1) == "/") { in_comment = 0; i++ }
        } else if (quote != "") {
            if (c == "\\") i++
            else if (c == quote) quote = ""
        } else if (c == "\"" || c == "'") quote = c
        else if (c == "/" && substr(line, i + 1, 1) == "*") { in_comment = 1; i++ }
        else if (c == "/" && substr(line, i + 1, 1) == "/") break
        else out = out c
    }
    return out
}

# Ternaries that are open, innermost last: the depth of brackets at which each began.
function scan(line,    i, c, n) {
    n = length(line)
    for (i = 1; i <= n; i++) {
        c = substr(line, i, 1)
        if (index("([{", c)) depth++
        else if (index(")]}", c)) {
            while (open_count && open[open_count] >= depth) open_count--
            depth--
        } else if (c == "," || c == ";") {
            while (open_count && open[open_count] >= depth) open_count--
        } else if (c == "?") {
            if (open_count) printf "ternaries %s:%d: a ternary within a ternary\n", FILENAME, FNR
            open[++open_count] = depth
        }
    }
}

FNR == 1 { in_comment = depth = open_count = inside = 0 }
{
    if (length($0) > 100) printf "columns %s:%d: %d columns\n", FILENAME, FNR, length($0)
    if ($0 == "{") { inside = 1; began = FNR; blank = 0 }
    else if (/^}/ && inside) { flush_function(); inside = 0 }
    else if ($0 == "") blank = 1
    if (/^#/) next
    scan(bare($0))
}
