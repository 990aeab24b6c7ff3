/* test_sema.c: scripts in, and what semantic analysis makes of them: values, calls with their
 * defaults, actions, and errors at their place. */
#include "sema/sema.h"
#include "tap.h"
#include <stdlib.h>
#include <string.h>

typedef struct Session {
    Arena *arena;
    Diagnostics *diags;
    Sema *sema;
    CheckedScript *checked;
} Session;

static CheckedScript *feed(Session *s, const char *text)
{
    SourceFile *file = source_from_text(s->arena, "test.nn", text, strlen(text));
    return s->checked =
               sema_check(s->sema, parse_file(s->arena, sema_names(s->sema), s->diags, file));
}

static Session session(const char *text, ParamOverride *overrides, size_t count)
{
    Session s = { .arena = arena_new() };
    s.diags = diagnostics_new(s.arena);
    s.sema = sema_new(s.arena, interner_new(s.arena), s.diags);
    sema_load_prelude(s.sema);
    sema_set_params(s.sema, overrides, count);
    feed(&s, text);
    sema_finish_params(s.sema);
    return s;
}

/* On one line, for a test's name. */
static const char *flat(Session *s, const char *text)
{
    char *line = arena_strndup(s->arena, text, strlen(text));
    for (char *at = line; *at; at++)
        if (*at == '\n')
            *at = ' ';
    return line;
}

static void end(Session *s)
{
    arena_free(s->arena);
}

/* The value of the first thing that a script prints, as text. */
static void prints(const char *text, const char *want)
{
    Session s = session(text, NULL, 0);
    const char *got = "no action";
    if (s.diags->errors)
        got = s.diags->list.data[0]->message;
    else if (s.checked->count)
        got = value_text(s.arena, &s.checked->actions[s.checked->count - 1]->values[0]->constant);
    ok(!strcmp(got, want), "%.60s: %s, expected %s", flat(&s, text), got, want);
    end(&s);
}

/* The first error: its code, and the text that it points at, marked by « » in the script. */
static void wrong(const char *marked, const char *code)
{
    size_t length = strlen(marked), begin = 0, n = 0;
    char *text = malloc(length + 1);
    for (const char *at = marked; *at;) {
        if (!strncmp(at, "«", 2)) {
            begin = n;
            at += 2;
        } else if (!strncmp(at, "»", 2)) {
            at += 2;
        } else {
            text[n++] = *at++;
        }
    }
    text[n] = 0;
    Session s = session(text, NULL, 0);
    const Diagnostic *d = s.diags->list.len ? s.diags->list.data[0] : NULL;
    ok(d && s.diags->errors == 1 && !strcmp(diag_code(d->id), code) && d->span.begin == begin,
       "%s at %zu of '%.60s': %s at %u, %zu errors: %s", code, begin, flat(&s, text),
       d ? diag_code(d->id) : "none", d ? d->span.begin : 0, s.diags->errors, d ? d->message : "");
    end(&s);
    free(text);
}

static void right(const char *text)
{
    Session s = session(text, NULL, 0);
    ok(!s.diags->errors, "no error in '%.60s': %s", flat(&s, text),
       s.diags->list.len ? s.diags->list.data[0]->message : "");
    end(&s);
}

static void test_values(void)
{
    prints("print 1 + 2 * 3 ^ 2 ^ 0\n", "7");
    prints("print -2 ^ 2\n", "-4");
    prints("print 7 / 2\n", "3.5");
    prints("print 10%\n", "0.1");
    prints("print 100000 * 12.34567\n", "1.23457e+06");
    prints("print not (1 > 2) and 3 >= 3\n", "true");
    prints("a = [1, 2, 3]\nprint a[1] + a[2]\n", "5");
    prints("print shape(2, 3, 4)\n", "2x3x4");
    prints("print 2 > 1 ? \"yes\" : \"no\"\n", "yes");
    prints("fn f(x, k = 2) = k * x\nprint f(3, k = 5)\n", "15");
    prints("print max(1, 2) + min(1, 2) + floor(2.9)\n", "5");
    prints("param p = 3 in integer(1, 5)\nprint p * 2\n", "6");
    char sum[] = "print 1 + 1\n";
    size_t terms = 50000, length = strlen(sum);
    char *text = malloc(length + 4 * terms + 1), *at = stpcpy(text, "print 1");
    for (size_t i = 0; i < terms; i++)
        at = stpcpy(at, " + 1");
    strcpy(at, "\n");
    prints(text, "50001");
    free(text);
}

static void test_calls(void)
{
    Session s =
        session("data d { source = moons(40, 0.1), test = 20% }\n"
                "model m { dense(classes) }\n"
                "recipe r { epochs = 3, optimizer = sgd(lr = 0.5), loss = huber(delta = 2) }\n"
                "recipe q from r { steps = 7 }\n"
                "train m on d with r as run { batch = full }\n"
                "train m on d with q\n"
                "evaluate m on d.test as e { metrics = [accuracy, top_k(2)] }\n"
                "fn bowl(x, y) = x^2 + y^2\n"
                "minimize bowl as p { x = -7, y = 2, steps = 30 }\n"
                "print run.history[0].loss, e.top_k, p.x\n",
                NULL, 0);

    ok(!s.diags->errors && s.checked->count == 5, "a script of five actions: %zu errors, %s",
       s.diags->errors, s.diags->list.len ? s.diags->list.data[0]->message : "");
    if (s.diags->errors)
        return end(&s);

    const Checked *r = &s.checked->actions[0]->recipe, *q = &s.checked->actions[1]->recipe;
    const Call *sgd = setting(r, "optimizer")->call, *huber = setting(r, "loss")->call;
    ok(call_number(sgd, "lr") == 0.5 && call_number(sgd, "momentum") == 0 &&
           !call_bool(sgd, "nesterov") && !call_given(sgd, "momentum"),
       "an optimizer's arguments and defaults");
    ok(huber->form->decl && huber->form->leading == 2 && call_number(huber, "delta") == 2,
       "a loss of the prelude with an argument");
    ok(!strcmp(setting(r, "batch")->text, "full") && setting(r, "epochs")->number == 3,
       "an action's key joins the recipe");
    ok(setting(q, "steps")->number == 7 && !setting_given(q, "epochs") &&
           setting(q, "epochs")->kind == VALUE_NONE,
       "steps of a recipe made from another replace its epochs");

    ok(s.checked->actions[2]->part == PART_TEST &&
           setting(&s.checked->actions[2]->settings, "metrics")->count == 2,
       "evaluate has a part and two metrics");
    const CheckedAction *p = s.checked->actions[3];
    ok(p->variable_count == 2 && p->variables[0].value == -7 &&
           setting(&p->recipe, "steps")->number == 30,
       "minimize has variables and steps");

    const Later *loss = s.checked->actions[4]->values[0];
    ok(loss->kind == LATER_FIELD && !strcmp(loss->name, "loss") && loss->a->kind == LATER_INDEX &&
           !strcmp(loss->a->a->result, "run") && !strcmp(loss->a->a->name, "history"),
       "run.history[0].loss as a tree");
    end(&s);
}

static void test_errors(void)
{
    wrong("print «widht»\n", "unknown-name");
    wrong("model m { «dence»(4) }\n", "unknown-layer");
    wrong("model m { dense(4, «bais» = true) }\n", "unknown-argument");
    wrong("model m { dense(4, bias = true, «bias» = true) }\n", "repeated-argument");
    wrong("model m { dense(bias = false, «4») }\n", "argument-order");
    wrong("model m { «dense()» }\n", "missing-argument");
    wrong("model m { dense(«2.5») }\n", "wrong-type");
    wrong("model m { dense(«-4») }\n", "out-of-range");
    wrong("model m { dropout(«1.5») }\n", "out-of-range");
    wrong("model m { dense(4) -> add(«short») }\n", "unknown-name");
    wrong("block b { dense(4) -> «b» }\n", "recursion");
    wrong("model m { conv(4, 3, pad = «smae») }\n", "unknown-word");

    wrong("fn far(y, t) = abs(y - t)\nmodel m { «far» }\n", "wrong-kind");
    wrong("fn f(x) = «f»(x - 1)\n", "recursion");
    wrong("fn f(x) = x\nprint f(1, «2»)\n", "too-many-arguments");
    wrong("a = 1\n«a» = 2\n", "repeated-name");

    wrong("recipe r { «epocks» = 3 }\n", "unknown-key");
    wrong("recipe r { epochs = 3, «steps» = 4 }\n", "repeated-key");
    wrong("recipe r { optimizer = adam(lr = «-1») }\n", "out-of-range");
    wrong("recipe r { optimizer = «rmspop»() }\n", "unknown-optimizer");
    wrong("recipe r { schedule = «cosin»() }\n", "unknown-schedule");
    wrong("recipe r { loss = «relu» }\n", "wrong-kind");
    wrong("recipe r { schedule = one_cycle(anneal = «linar») }\n", "unknown-word");

    wrong("optimizer o(lr = 0.1) {\n    w = w - lr * «gg»\n}\n", "unknown-name");
    wrong("optimizer o(lr = 0.1) {\n    «mm» = g\n    w = w - lr * g\n}\n", "unknown-name");
    wrong("schedule s(over) = lr * «stpe» / over\n", "unknown-name");

    wrong("data d { source = «moon»(40, 0.1) }\n", "unknown-source");
    wrong("data d { source = moons(40, 0.1), test = «150%» }\n", "out-of-range");
    wrong("data «d» { test = 10% }\n", "missing-argument");
    wrong("data d { source = moons(40, 0.1) }\nmodel m { dense(classes) }\ntrain «d» on m\n",
          "wrong-kind");
    wrong(
        "data d { source = moons(40, 0.1) }\nmodel m { dense(classes) }\nevaluate m on d.«test»\n",
        "no-part");
    wrong("data d { source = moons(40, 0.1) }\n"
          "model m { dense(classes) }\n"
          "recipe r { stop = «early»() }\n"
          "train m on d with r\n",
          "no-part");
    wrong("data d { source = moons(40, 0.1) }\n"
          "model m { dense(classes) }\n"
          "train m on d as run\n"
          "print run.«acuracy»\n",
          "unknown-field");
    wrong("data d { source = moons(40, 0.1) }\n"
          "model m { dense(classes) }\n"
          "train m on d as run\n"
          "model n { dense(«floor(run.seconds) + 4») }\n",
          "not-constant");
    wrong("data d { source = moons(40, 0.1), validation = 20% }\n"
          "model m { dense(classes) }\n"
          "«tune» m on d { trials = 2 }\n",
          "no-params");
    wrong("data d { source = moons(40, 0.1), test = 20% }\n"
          "model m { «dence»(4) -> dense(classes) }\n"
          "train m on d as run\n"
          "evaluate m on d.test as e\n"
          "print run.loss, e.accuracy\n"
          "save m to \"m.safetensors\"\n",
          "unknown-layer");

    wrong("a = «nothing»\nb = a + 1\nmodel m { dense(b) }\nprint a, b\n", "unknown-name");
    wrong("«import \"nowhere.nn\"»\n", "import-failed");
    wrong("param p = «9» in choice(4, 8)\n", "out-of-range");
}

static void test_scripts_without_errors(void)
{
    right("block res(n, stride = 1) {\n"
          "    shortcut = in\n"
          "    if in.features != n or stride > 1 { shortcut = in -> dense(n) }\n"
          "    in -> dense(n) -> add(shortcut) -> relu\n"
          "}\n"
          "model m(depth = 2) {\n"
          "    layer enc = dense(8)\n"
          "    weight scale = ones\n"
          "    repeat i in 1..depth { res(8, stride = i == 1 ? 2 : 1) }\n"
          "    h = enc -> tanh\n"
          "    h -> enc -> multiply(scale) -> concat(h, in) -> dense(classes)\n"
          "}\n"
          "model n { m.h -> dense(2) }\n");
    right("recipe r { schedule = warmup(steps = 5, then = cosine()), penalty = [l1(0.1), l2(0.2, "
          "on = all)], clip = norm(1, per = tensor), average = swa(60%), metrics = [accuracy, "
          "top_k(2)] }\n");
    right("fn relu(x) = max(0, x) + 0.1\nmodel m { relu -> sigmoid -> leaky_relu(slope = 0.2) }\n");
}

static void test_params(void)
{
    ParamOverride good[] = { { "a", "2.5e-3", false }, { "b", "true", false } };
    Session s = session("param a = 1.0\nparam b = false\nprint a\n", good, 2);
    ok(!s.diags->errors && s.checked->actions[0]->values[0]->constant.number == 2.5e-3,
       "--set gives a number");
    end(&s);

    static const struct {
        const char *name, *value;
    } bad[] = { { "a", "wide" }, { "a", "9" }, { "b", "1" }, { "widht", "3" } };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ParamOverride one = { bad[i].name, bad[i].value, false };
        s = session("param a = 1 in choice(1, 2)\nparam b = false\nparam width = 4\nprint a\n",
                    &one, 1);
        ok(s.diags->errors == 1 && diagnostics_exit_status(s.diags) == 2,
           "--set %s=%s is wrong usage", bad[i].name, bad[i].value);
        end(&s);
    }
}

static void test_repl(void)
{
    Session s = session("x = 3\nmodel m { dense(4) }\n", NULL, 0);
    sema_set_repl(s.sema, true);
    feed(&s, "x = 4\nmodel m { dense(5) }\n");
    ok(!s.diags->errors, "a REPL's later declaration holds");
    feed(&s, "y = nonsense\n");
    ok(s.diags->errors == 1, "a wrong line is an error");
    diagnostics_clear(s.diags);
    feed(&s, "print y\n");
    ok(s.diags->errors == 1, "and declares nothing");
    diagnostics_clear(s.diags);
    feed(&s, "block a { dense(2) }\n");
    feed(&s, "block b { a }\n");
    feed(&s, "block a { b }\n");
    ok(s.diags->errors == 1 && s.diags->list.data[0]->id == DIAG_RECURSION,
       "a block declared anew cannot use itself by way of another");
    diagnostics_clear(s.diags);
    feed(&s, "print x\n");
    ok(!s.diags->errors && s.checked->actions[0]->values[0]->constant.number == 4,
       "the session goes on");
    end(&s);
}

int main(void)
{
    test_values();
    test_calls();
    test_errors();
    test_scripts_without_errors();
    test_params();
    test_repl();
    done_testing();
}
