# rule.sh: TAP for the scripts of this folder, which read it with `.`: a line for each rule; what
# breaks it follows as a comment. They end with `echo "1..$n"`.
n=0

rule() # TITLE VIOLATIONS
{
    n=$((n + 1))
    if [ -z "$2" ]; then
        echo "ok $n - $1"
        return
    fi
    echo "not ok $n - $1"
    printf '%s\n' "$2" | sed 's/^/# /' | head -n "${PAGES_SHOWN:-40}"
}
