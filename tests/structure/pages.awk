# pages.awk: what makes a page hard to read at sight, a line each: "rule file:line: what".
# C, flex and bison sources are read as .clang-format leaves them: a function's braces are in the
# first column. Of other files only the length of the lines counts. Run with LC_ALL=C.

function is_source() {
    return FILENAME ~ /\.([chly]|sample)$/
}

# A line's width: UTF-8 sequences are one column each.
function columns(line) {
    gsub(/[\200-\277]/, "", line)
    return length(line)
}

# The line without comments, strings and character constants.
function bare(line,    out, c, i, n, quote) {
    out = quote = ""
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

# Follows brackets and ternaries. open[] holds the ternaries that have not ended, innermost last,
# each as the depth of brackets where it began.
function scan(line,    i, c, n) {
    n = length(line)
    for (i = 1; i <= n; i++) {
        c = substr(line, i, 1)
        if (index("([{", c)) depth++
        else if (index(")]}", c)) { close_ternaries(); depth-- }
        else if (index(",;", c)) close_ternaries()
        else if (c == "?") {
            if (open_count) printf "ternaries %s:%d: a ternary within a ternary\n", FILENAME, FNR
            open[++open_count] = depth
        }
    }
}

function close_ternaries() {
    while (open_count && open[open_count] >= depth) open_count--
}

function forget() {
    depth = open_count = 0
}

function end_function(    lines) {
    lines = FNR - began - 2
    if (lines > 25 && !blank)
        printf "paragraphs %s:%d: %d lines without a blank one\n", FILENAME, began, lines
    if (lines > 100)
        printf "functions %s:%d: a function of %d lines\n", FILENAME, began, lines
    inside = 0
}

FNR == 1 {
    forget()
    in_comment = inside = in_directive = section = 0
}
columns($0) > 100 {
    printf "columns %s:%d: %d columns\n", FILENAME, FNR, columns($0)
}
!is_source() { next }
/^%%/ { section++ }
# Flex definitions are patterns, not C.
FILENAME ~ /\.l$/ && !section && /^[A-Z]+ +[^ ]/ { next }

# The braces of functions. What preprocessor branches leave unbalanced ends there too.
!in_comment && $0 == "{" { inside = 1; began = FNR - 1; blank = 0; forget() }
!in_comment && /^[}]/ { if (inside) end_function(); forget() }
inside && /^$/ { blank = 1 }

{
    code = bare($0)
    # Flex rules: the pattern is a language of its own, its action follows at the last brace.
    if (FILENAME ~ /\.l$/ && section == 1) { sub(/^[^ \t].*[{] /, "{ ", code); forget() }

    # A directive, with its continuation lines, is apart from the code around it.
    if (!in_directive && code ~ /^[ \t]*#/) {
        in_directive = 1
        kept_depth = depth
        kept_count = open_count
        for (i = 1; i <= open_count; i++) kept[i] = open[i]
        forget()
    }
    scan(code)
    if (in_directive && $0 !~ /\\$/) {
        in_directive = 0
        depth = kept_depth
        open_count = kept_count
        for (i = 1; i <= kept_count; i++) open[i] = kept[i]
    }
}
