/* test_syntax.c: what scripts become as trees, where their errors are, and that no text is too odd
 * to be read. */
#include "tests/unit/sexpr.h"
#include "support/diag.h"
#include "syntax/parse.h"
#include "tests/unit/tap.h"
#include <stdlib.h>
#include <string.h>

typedef struct Read {
    Arena *arena;
    Script *script;
    Diagnostics *diags;
    char *tree, *errors; /* errors: "line:column code", commas between */
} Read;

static Read read_text(const char *text, size_t length, bool print)
{
    Read r = { .arena = arena_new() };
    size_t size;
    r.diags = diagnostics_new(r.arena);
    SourceFile *file = source_from_text(r.arena, "t.nn", text, length);
    r.script = parse_file(r.arena, interner_new(r.arena), r.diags, file);
    FILE *out = open_memstream(&r.tree, &size);
    if (print)
        sexpr_script(out, r.script);
    fclose(out);
    out = open_memstream(&r.errors, &size);
    for (size_t i = 0; i < r.diags->list.len; i++) {
        const Diagnostic *it = r.diags->list.data[i];
        uint32_t line, column;
        source_position(it->span.file, it->span.begin, &line, &column);
        fprintf(out, "%s%u:%u %s", i ? ", " : "", line, column, diag_code(it->id));
    }
    fclose(out);
    return r;
}

static void done(Read *r)
{
    free(r->tree);
    free(r->errors);
    arena_free(r->arena);
}

static int first_line(const char *text)
{
    return (int)strcspn(text, "\r\n");
}

static void becomes(const char *text, const char *want)
{
    Read r = read_text(text, strlen(text), true);
    if (!ok(!strcmp(r.tree, want) && !r.diags->errors, "reads %.*s", first_line(text), text))
        printf("# %s\n# expected %s\n# errors: %s\n", r.tree, want, r.errors);
    done(&r);
}

/* The errors, in the order in which they are found, and what is read all the same. */
static void fails(const char *name, const char *text, const char *errors, const char *tree)
{
    Read r = read_text(text, strlen(text), true);
    if (!ok(!strcmp(r.errors, errors) && (!tree || !strcmp(r.tree, tree)), "%s", name)) {
        printf("# %s\n# %s\n# expected %s\n# %s\n", r.errors, r.tree, errors,
               tree ? tree : "any tree");
    }
    done(&r);
}

static void expressions(void)
{
    becomes("a = -x^2", "(const a =(neg (^ x 2)))");
    becomes("a = 2^-3^2", "(const a =(^ 2 (neg (^ 3 2))))");
    becomes("a = 1 - 2 - 3 * 4", "(const a =(- (- 1 2) (* 3 4)))");
    becomes("a = not b == c and d or e", "(const a =(or (and (not (== b c)) d) e))");
    becomes("a = p ? q : r ? s : t", "(const a =(? p q (? r s t)))");
    becomes("a = 1..n + 1", "(const a =(.. 1 (+ n 1)))");
    becomes("a = [60_000, .5, 1e-3, 10%, 3x3, 1x28x28, true, none, \"q\\n\\\"\"]",
            "(const a =(list 60000 0.5. 0.001. 0.1% 3x3 1x28x28 true none \"q\n\"\"))");
    becomes("a = f(x, key = 1)[2].train.in", "(const a =(at (f x key=1) 2).train.in)");
    becomes("a = (1 +\n 2) *\n 3\nb = [\n1,\n2,\n]",
            "(const a =(* (+ 1 2) 3)) (const b =(list 1 2))");
    becomes("a = 1..5\nb = 2 ^ -1 * 3", "(const a =(.. 1 5)) (const b =(* (^ 2 (neg 1)) 3))");
    becomes("on = 1\nwith = 2\ntotal = on + with + as",
            "(const on =1) (const with =2) (const total =(+ (+ on with) as))");
}

static void statements(void)
{
    becomes("\xEF\xBB\xBFparam w = 4 in choice(4, 8)   # comment\r\nparam b = true\r\n",
            "(param w =4 in=(choice 4 8)) (param b =true)");
    becomes("fn huber(y, t, delta = 1) = y", "(fn huber y t delta=1 =y)");
    becomes("schedule s(over) = lr\nschedule c { lr = 1\n momentum = 2 }",
            "(schedule s over =lr) (schedule c lr=1 momentum=2)");
    becomes("optimizer o(lr = 1) {\n state m = 0\n\n w = w - m\n}",
            "(optimizer o lr=1 state:m=0 w=(- w m))");
    becomes("data d{ train=csv(\"f\", in=1),test = 20%\n\n seed = 1, }",
            "(data d {train=(csv \"f\" in=1) test=0.2% seed=1})");
    becomes("recipe r { optimizer = adam()\n schedule = constant }\nrecipe q from r { }",
            "(recipe r {optimizer=(adam) schedule=constant}) (recipe q from=r {})");
    becomes("recipe r { distill = from(t, weight = 1), penalty = l2(1, on = all) }",
            "(recipe r {distill=(from t weight=1) penalty=(l2 1 on=all)})");
    becomes("import \"b.nn\"", "(import b.nn)");
    becomes("train m on d.train with r as run { epochs = 1 }",
            "(train m on=d.train with=r as=run {epochs=1})");
    becomes("save m to \"f\"\nload m from \"f\"\nfreeze m",
            "(save m to=\"f\") (load m from=\"f\") (freeze m)");
    becomes("print a, b + 1,\n c\nassert c, \"why\"", "(print a (+ b 1) c) (assert c \"why\")");
    becomes("prune m as p { per = model }\ncompare m on d with [r, s] as c",
            "(prune m as=p {per=model}) (compare m on=d with=(list r s) as=c)");
    becomes("", "");
    becomes("\n  \n# only this", "");
}

static void bodies(void)
{
    becomes("model m { dense(4)\n -> relu   # on\n\n # and on\n -> d.h\n h = in -> a\n in }",
            "(model m {(-> (dense 4) relu d.h) h=(-> in a) (-> in)})");
    becomes("block b(n, s = 1) {\n repeat 3 { relu }\n repeat i in 1..n { f(i) }\n}",
            "(block b n s=1 {(repeat 3 {(-> relu)}) (repeat i (.. 1 n) {(-> (f i))})})");
    becomes("model m { if a != in.channels { b } else if c { d } else { e } }",
            "(model m {(if (!= a in.channels) {(-> b)} {(if c {(-> d)} {(-> e)})})})");
    becomes("model m { layer e = dense(3)\n weight s = ones\n weight t[n, 2] = normal(0.1) }",
            "(model m {(layer e (dense 3)) (weight s ones) (weight t n 2 (normal 0.1.))})");
    becomes("model m {}", "(model m {})");
}

static void errors(void)
{
    fails("value missing", "recipe r {\n epochs =\n batch = 3 }", "2:10 syntax",
          "(recipe r {batch=3})");
    fails("value missing before a comma", "recipe r { epochs = , batch = 3 }", "1:21 syntax",
          "(recipe r {batch=3})");
    fails("two statements on a line", "a = 1 b = 2\nc = 3", "1:7 syntax",
          "(const a =1) (const c =3)");
    fails("a line that starts with an operator", "print 1\n+ 2\nprint 3", "2:1 syntax",
          "(print 1) (print 3)");

    fails("every mistake of a body",
          "model m {\n dense(4 b = 1)\n relu relu\n -> -> x\n tanh\n}\nprint 1",
          "2:10 syntax, 3:7 syntax", NULL);
    fails("unknown words skip their braces",
          "modle n {\n dense(2)\n}\ntrian m on d with r\nprint 1",
          "1:1 unknown-statement, 4:1 unknown-statement", "(print 1)");
    fails("reserved names", "model if { relu }\nfn not(x) = x\ndata = 3\nmodel m { in = relu }",
          "1:7 reserved-word, 2:4 reserved-word, 3:1 reserved-word, 4:11 reserved-word",
          "(model m {})");

    fails("a brace that is never closed", "model m {\n dense(4)\ntrain m on d", "1:9 unclosed",
          "(model m {(-> (dense 4))}) (train m on=d)");
    fails("a brace that is never opened", "model m\n dense(4)\n}\nprint 1", "1:8 unclosed",
          "(model m {(-> (dense 4))}) (print 1)");
    fails("a parenthesis that is never closed", "model m {\n dense(4\n relu\n}", "2:7 unclosed",
          "(model m {(-> (dense 4)) (-> relu)})");
    fails("brackets that cross", "a = f(1, [2)\nb = 3", "1:10 unclosed",
          "(const a =(f 1 (list 2))) (const b =3)");
    fails("brackets that close nothing", "print (1))\n}\nprint 2 ]",
          "1:10 unclosed, 2:1 unclosed, 3:9 unclosed", "");

    fails("an action over two lines", "train m\n on d with r\nprint 1", "2:2 syntax",
          "(train m on=d with=r) (print 1)");
    fails("clauses in another order", "train m with r on d", "1:16 syntax", "");
    fails("else alone", "model m { relu\n else { tanh }\n elu }", "2:2 syntax",
          "(model m {(-> relu) (-> elu)})");

    fails("bad numbers are numbers", "a = [1.2.3, 12px, 1e, 3x, 1__2, 7., 0x10q]",
          "1:6 bad-number, 1:13 bad-number, 1:19 bad-number, 1:23 bad-number, 1:27 bad-number, "
          "1:33 bad-number, 1:37 bad-number",
          NULL);
    fails("bad strings are strings", "print \"a\\qb\"\nprint (\"x, 1)\nprint 2",
          "1:9 bad-string, 2:8 bad-string", "(print \"ab\") (print \"x, 1)\") (print 2)");
    fails("unknown characters",
          "print 1;\nprint 'x'\nprint 1 && 2\nprint \xE2\x80\x9Cq\xE2\x80\x9D",
          "1:8 unexpected-character, 2:7 unexpected-character, 3:9 unexpected-character, 4:7 "
          "unexpected-character",
          "");

    fails("no shape with spaces", "a = 1 x 2", "1:7 syntax", NULL);
    fails("comparisons are not chained", "a = 1 < x < 3", "1:11 syntax", NULL);

    const char *names[] = { "lost", "names" };
    Read r = read_text("lost = * 2\ntrain m with r as names on d", 38, true);
    ok(r.script->lost_count == 2 && !strcmp(r.script->lost[0].text, names[0]),
       "names of broken declarations are known");
    done(&r);
}

static void bytes(void)
{
    static const char nul[] = "print 1\n\0\nprint 2\n";
    Read r = read_text(nul, sizeof nul - 1, true);
    ok(!strcmp(r.errors, "2:1 bad-encoding") && !strcmp(r.tree, "(print 1) (print 2)"),
       "NUL is an error at its place");
    done(&r);
    fails("bytes that are no UTF-8", "print \"caf\xE9\xE9\"  # \xE9\na = \xFF",
          "1:11 bad-encoding, 1:18 bad-encoding, 2:5 bad-encoding", "(print \"caf\xE9\xE9\")");
    fails("columns are characters", "print \"h\xC3\xA4\xC3\x9Flich \xE2\x86\x92\", *",
          "1:20 syntax", NULL);
}

/* head, then `part` many times, then middle, then `close` as many times. */
static char *nested(const char *head, const char *part, size_t times, const char *middle,
                    const char *close)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    fputs(head, out);
    for (size_t i = 0; i < times; i++)
        fputs(part, out);
    fputs(middle, out);
    for (size_t i = 0; i < times; i++)
        fputs(close, out);
    fclose(out);
    return text;
}

static void deep(const char *name, const char *errors, char *text)
{
    Read r = read_text(text, strlen(text), false);
    if (!ok(!strcmp(r.errors, errors) && r.script->len == (*errors ? 0 : 1), "%s", name))
        printf("# %.200s\n", r.errors);
    done(&r);
    free(text);
}

static void sizes(void)
{
    deep("10,000 parentheses", "", nested("print ", "(", 10000, "7", ")"));
    deep("100,000 parentheses", "", nested("print ", "(", 100000, "7", ")"));
    deep("a million parentheses", "1:400004 nesting-too-deep",
         nested("print ", "(", 1000000, "7", ")"));
    deep("10,000 minus signs", "", nested("print ", "- ", 10000, "7", ""));
    deep("20,000 lists", "1:8007 nesting-too-deep", nested("print ", "[", 20000, "7", "]"));
    char *repeats = nested("model m { ", "repeat 1 { ", 10000, "relu", " }");
    deep("10,000 repeats", "", nested(repeats, " }", 1, "", ""));
    free(repeats);
    deep("a sum of 250,000 terms", "", nested("print 1", " + 1", 250000, "", ""));
    deep("powers 10,000 high", "", nested("print 1", " ^ 1", 10000, "", ""));
    char *open = nested("print ", "(", 10000, "", "");
    fails("parentheses never closed are one mistake", open, "1:7 unclosed", NULL);
    free(open);
    deep("a megabyte of text", "", nested("print \"", "x", 1 << 20, "\"", ""));
    deep("a megabyte of comment", "", nested("print 1 #", "x", 1 << 20, "", ""));
    deep("a megabyte of blank lines before an arrow", "",
         nested("model m { relu", "\n", 1 << 20, "-> tanh }", ""));
}

static void unfinished(void)
{
    static const struct {
        const char *text;
        bool more;
    } cases[] = {
        { "print 1 +", true },
        { "print 1, # and", true },
        { "model m {", true },
        { "model m { dense(4", true },
        { "print (1", true },
        { "model m { relu ->", true },
        { "a = [1,\n 2", true },
        { "print 1", false },
        { "", false },
        { "x x x", false },
        { "}", false },
        { "print \"a", false },
        { "model m { relu }", false },
        { "print (\"a)", false },
        { "x =", false },
        { "model m {\nprint 1", false },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ok(parse_is_unfinished(cases[i].text, strlen(cases[i].text)) == cases[i].more,
           "'%.*s' is %s", first_line(cases[i].text), cases[i].text,
           cases[i].more ? "unfinished" : "finished");
    }
}

int main(void)
{
    expressions();
    statements();
    bodies();
    errors();
    bytes();
    sizes();
    unfinished();
    return done_testing();
}
