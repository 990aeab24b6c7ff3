/* later.c: expressions over results, evaluated when their action's turn comes (program.h, LATER).
 */
#include "model/later.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Texts and trees are borrowed from the program and the results. */
typedef struct value {
    enum { NOTHING, TRUTH, NUMBER, TEXT, TREE } kind;

    double number;
    bool truth;
    const char *text;
    const json_t *tree;
    nnrt_result *result; /* the tree is a whole result: its history can be asked for */
} value;

static const char *const kind_names[] = { "nothing", "a truth value", "a number", "a text",
                                          "a record" };

static bool evaluate(const nnrt_results *results, const json_t *later, value *out, nnrt_error *e);

static value number(double n)
{
    return (value){ .kind = NUMBER, .number = n };
}

static value truth(bool t)
{
    return (value){ .kind = TRUTH, .truth = t };
}

static value from_json(const json_t *tree)
{
    if (json_is_number(tree))
        return number(json_number_value(tree));
    if (json_is_boolean(tree))
        return truth(json_is_true(tree));
    if (json_object_get(tree, NNRT_INFINITE))
        return number(json_is_true(json_object_get(tree, NNRT_INFINITE)) ? INFINITY : -INFINITY);
    if (json_is_string(tree))
        return (value){ .kind = TEXT, .text = json_string_value(tree) };
    if (json_is_object(tree) || json_is_array(tree))
        return (value){ .kind = TREE, .tree = tree };
    return (value){ .kind = NOTHING };
}

/* ---- functions and operators of numbers: a row each ---- */
static double add(double a, double b)
{
    return a + b;
}

static double subtract(double a, double b)
{
    return a - b;
}

static double multiply(double a, double b)
{
    return a * b;
}

static double divide(double a, double b)
{
    return a / b;
}

static double negate(double a, double b)
{
    (void)b;
    return -a;
}

static double sign(double a, double b)
{
    (void)b;
    return (a > 0) - (a < 0);
}

static double of_floor(double a, double b)
{
    (void)b;
    return floor(a);
}

static double of_abs(double a, double b)
{
    (void)b;
    return fabs(a);
}

static double of_sqrt(double a, double b)
{
    (void)b;
    return sqrt(a);
}

static double of_exp(double a, double b)
{
    (void)b;
    return exp(a);
}

static double of_ln(double a, double b)
{
    (void)b;
    return log(a);
}

static double of_log10(double a, double b)
{
    (void)b;
    return log10(a);
}

static double of_sin(double a, double b)
{
    (void)b;
    return sin(a);
}

static double of_cos(double a, double b)
{
    (void)b;
    return cos(a);
}

static double of_tanh(double a, double b)
{
    (void)b;
    return tanh(a);
}

static double of_erf(double a, double b)
{
    (void)b;
    return erf(a);
}

static double of_sigmoid(double a, double b)
{
    (void)b;
    return 1 / (1 + exp(-a));
}

static double less(double a, double b)
{
    return a < b;
}

static double less_equal(double a, double b)
{
    return a <= b;
}

static double greater(double a, double b)
{
    return a > b;
}

static double greater_equal(double a, double b)
{
    return a >= b;
}

static const struct {
    const char *name;
    int arity;
    bool compares;
    double (*apply)(double, double);
} operators[] = {
    { "+", 2, false, add },           { "-", 2, false, subtract },
    { "*", 2, false, multiply },      { "/", 2, false, divide },
    { "^", 2, false, pow },           { "<", 2, true, less },
    { "<=", 2, true, less_equal },    { ">", 2, true, greater },
    { ">=", 2, true, greater_equal }, { "neg", 1, false, negate },
    { "floor", 1, false, of_floor },  { "abs", 1, false, of_abs },
    { "sqrt", 1, false, of_sqrt },    { "exp", 1, false, of_exp },
    { "ln", 1, false, of_ln },        { "log10", 1, false, of_log10 },
    { "min", 2, false, fmin },        { "max", 2, false, fmax },
    { "sin", 1, false, of_sin },      { "cos", 1, false, of_cos },
    { "tanh", 1, false, of_tanh },    { "sign", 1, false, sign },
    { "erf", 1, false, of_erf },      { "sigmoid", 1, false, of_sigmoid },
};

/* A result that is not known counts as NaN. */
static bool as_number(const char *op, value v, double *out, nnrt_error *e)
{
    switch (v.kind) {
    case NOTHING: *out = NAN; return true;
    case TRUTH: *out = v.truth; return true;
    case NUMBER: *out = v.number; return true;
    case TEXT:
    case TREE: break;
    }
    *out = 0;
    return nnrt_fail(e, NNRT_SCRIPT, "wrong-type", "'%s' takes numbers, but got %s", op,
                     kind_names[v.kind]);
}

static bool as_truth(const char *what, value v, bool *out, nnrt_error *e)
{
    *out = v.kind == TRUTH ? v.truth : v.number != 0;
    return v.kind == TRUTH || v.kind == NUMBER ||
           nnrt_fail(e, NNRT_SCRIPT, "wrong-type", "%s must be true or false, but is %s", what,
                     kind_names[v.kind]);
}

static bool equal(value a, value b)
{
    if (a.kind != b.kind)
        return false;
    switch (a.kind) {
    case TRUTH: return a.truth == b.truth;
    case NUMBER: return a.number == b.number;
    case TEXT: return !strcmp(a.text, b.text);
    case TREE: return json_equal(a.tree, b.tree);
    case NOTHING: break;
    }
    return true;
}

/* The second operand is evaluated only where the first one does not decide. */
static bool apply_logic(const nnrt_results *results, bool both, value a, const json_t *second,
                        value *out, nnrt_error *e)
{
    static const char what[] = "an operand of 'and' or 'or'";
    value b;
    bool t;
    if (!as_truth(what, a, &t, e))
        return false;
    if (t == both && (!evaluate(results, second, &b, e) || !as_truth(what, b, &t, e)))
        return false;
    *out = truth(t);
    return true;
}

/* One of the rows of `operators`; `second` counts where it takes two numbers. */
static bool apply_operator(const nnrt_results *results, const char *op, value a,
                           const json_t *second, value *out, nnrt_error *e)
{
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        double x, y = 0;
        value b;
        if (strcmp(operators[i].name, op))
            continue;
        if (!as_number(op, a, &x, e))
            return false;
        if (operators[i].arity == 2 &&
            (!evaluate(results, second, &b, e) || !as_number(op, b, &y, e))) {
            return false;
        }
        double r = operators[i].apply(x, y);
        *out = operators[i].compares ? truth(r != 0) : number(r);
        return true;
    }
    return nnrt_fail(e, NNRT_SCRIPT, "internal", "the program has no operator '%s'", op);
}

static bool apply(const nnrt_results *results, const char *op, const json_t *later, value *out,
                  nnrt_error *e)
{
    const json_t *second = json_object_get(later, "b"), *third = json_object_get(later, "c");
    value a, b;
    bool t;
    if (!evaluate(results, json_object_get(later, "a"), &a, e))
        return false;

    if (!strcmp(op, "?:")) {
        return as_truth("the condition before '?'", a, &t, e) &&
               evaluate(results, t ? second : third, out, e);
    }
    if (!strcmp(op, "not")) {
        if (!as_truth("the operand of 'not'", a, &t, e))
            return false;
        *out = truth(!t);
        return true;
    }
    if (!strcmp(op, "and") || !strcmp(op, "or"))
        return apply_logic(results, !strcmp(op, "and"), a, second, out, e);

    bool same = !strcmp(op, "==");
    if (same || !strcmp(op, "!=")) {
        if (!evaluate(results, second, &b, e))
            return false;
        *out = truth(equal(a, b) == same);
        return true;
    }
    return apply_operator(results, op, a, second, out, e);
}

/* The whole result, its history among its fields. */
static bool expand(value *v, nnrt_error *e)
{
    nnrt_result *r = v->result;
    if (!r || !r->history || json_object_get(r->value, r->history_name))
        return true;
    return !json_object_set_new(r->value, r->history_name, nnrt_history_records(r->history)) ||
           nnrt_no_memory(e);
}

static void append_name(char *list, size_t size, const char *name)
{
    size_t length = strlen(list);
    if (length + strlen(name) + 16 < size)
        snprintf(list + length, size - length, "%s%s", length ? ", " : "", name);
}

/* "loss, accuracy, history": empty where it has no fields */
static void list_fields(value of, char *list, size_t size)
{
    const char *name;
    json_t *unused;
    *list = '\0';
    if (of.kind == TREE && json_is_object(of.tree)) {
        json_object_foreach ((json_t *)of.tree, name, unused) {
            append_name(list, size, name);
        }
    }
    if (of.result && of.result->history && !json_object_get(of.tree, of.result->history_name))
        append_name(list, size, of.result->history_name);
}

static bool field(value of, const char *name, value *out, nnrt_error *e)
{
    if (of.result && of.result->history && !strcmp(name, of.result->history_name) &&
        !expand(&of, e)) {
        return false;
    }
    const json_t *found = of.kind == TREE ? json_object_get(of.tree, name) : NULL;
    if (found) {
        *out = from_json(found);
        return true;
    }

    char fields[400];
    list_fields(of, fields, sizeof fields);
    nnrt_fail(e, NNRT_SCRIPT, "unknown-field", "there is no field '%s' in %s%s", name,
              of.result ? "result " : kind_names[of.kind], of.result ? of.result->name : "");
    if (*fields)
        snprintf(e->help, sizeof e->help, "the fields are: %s", fields);
    return false;
}

static bool element(value of, value at, value *out, nnrt_error *e)
{
    double i;
    if (!as_number("[ ]", at, &i, e))
        return false;
    if (of.kind != TREE || !json_is_array(of.tree)) {
        return nnrt_fail(e, NNRT_SCRIPT, "wrong-type", "only lists can be indexed; this is %s",
                         kind_names[of.kind]);
    }
    size_t size = json_array_size(of.tree);
    if (!(i >= 0 && i < (double)size) || i != floor(i)) {
        return nnrt_fail(e, NNRT_SCRIPT, "out-of-range",
                         "the list has %zu elements, counted from 0; there is no element %.6g",
                         size, i);
    }
    *out = from_json(json_array_get(of.tree, (size_t)i));
    return true;
}

static bool evaluate(const nnrt_results *results, const json_t *later, value *out, nnrt_error *e)
{
    if (!json_is_object(later)) {
        *out = from_json(later);
        return true;
    }
    const char *op = json_string_value(json_object_get(later, "op"));
    const char *result = json_string_value(json_object_get(later, "result"));
    const char *name = json_string_value(json_object_get(later, "field"));
    const json_t *index = json_object_get(later, "index"), *of = json_object_get(later, "of");
    value base, at;

    if (op)
        return apply(results, op, later, out, e);
    if (result) {
        nnrt_result *found = nnrt_results_find(results, result);
        if (found) {
            *out = (value){ .kind = TREE, .tree = found->value, .result = found };
            return true;
        }
        return nnrt_fail(e, NNRT_SCRIPT, "unknown-name", "there is no result '%s' yet", result);
    }
    if (name)
        return evaluate(results, of, &base, e) && field(base, name, out, e);
    if (index) {
        return evaluate(results, of, &base, e) && evaluate(results, index, &at, e) &&
               element(base, at, out, e);
    }
    return nnrt_fail(e, NNRT_SCRIPT, "internal",
                     "the program has an expression of an unknown form");
}

static void write_value(FILE *to, value v, bool quoted);

static void write_tree(FILE *to, const json_t *tree)
{
    const char *name;
    size_t i;
    json_t *item;
    bool first = true;
    fputc(json_is_array(tree) ? '[' : '{', to);
    if (json_is_array(tree)) {
        json_array_foreach ((json_t *)tree, i, item) {
            if (i)
                fputs(", ", to);
            write_value(to, from_json(item), true);
        }
    } else {
        json_object_foreach ((json_t *)tree, name, item) {
            fprintf(to, "%s%s: ", first ? "" : ", ", name);
            write_value(to, from_json(item), true);
            first = false;
        }
    }
    fputc(json_is_array(tree) ? ']' : '}', to);
}

static void write_value(FILE *to, value v, bool quoted)
{
    switch (v.kind) {
    case NOTHING: fputs("none", to); break;
    case TRUTH: fputs(v.truth ? "true" : "false", to); break;
    case NUMBER:
        fprintf(to, "%.6g", isnan(v.number) ? NAN : v.number);
        break; /* a NaN has no sign here */
    case TEXT: fprintf(to, quoted ? "\"%s\"" : "%s", v.text); break;
    case TREE: write_tree(to, v.tree); break;
    }
}

char *nnrt_later_text(const nnrt_results *results, const json_t *later, nnrt_error *e)
{
    value v;
    char *text = NULL;
    size_t size;
    if (!evaluate(results, later, &v, e) || !expand(&v, e))
        return NULL;
    FILE *to = open_memstream(&text, &size);
    if (!to) {
        nnrt_no_memory(e);
        return NULL;
    }
    write_value(to, v, false);
    if (fclose(to)) {
        free(text);
        nnrt_no_memory(e);
        return NULL;
    }
    return text;
}

json_t *nnrt_later_json(const nnrt_results *results, const json_t *later, const json_t **notes,
                        nnrt_error *e)
{
    value v;
    *notes = NULL;
    if (!evaluate(results, later, &v, e) || !expand(&v, e))
        return NULL;
    if (v.kind != TREE)
        return v.kind == NUMBER ? json_real(v.number) : json_null();
    if (v.result)
        *notes = v.result->notes;
    return json_incref((json_t *)v.tree);
}

bool nnrt_later_truth(const nnrt_results *results, const json_t *later, bool *out, nnrt_error *e)
{
    value v;
    return evaluate(results, later, &v, e) && as_truth("the condition", v, out, e);
}
