/* test_exec.c: the executor without a compiler: programs as JSON text, units written in C (a linear
 * model with momentum). */
#include "app/app.h"
#include "tap.h"
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FEATURES = 3, BATCH = 16 };

/* ---- units: y = w x + b, mean squared error; tensors w, b, momentum of w, momentum of b ---- */
static double predicted(const nnrt_call *call, int64_t sample)
{
    double y = call->tensor[1][0];
    for (int k = 0; k < FEATURES; k++)
        y += (double)call->tensor[0][k * NNRT_LANES] * call->x[sample * FEATURES + k];
    return y;
}

static int64_t stop_at_step = -1;

static void train_unit(nnrt_call *call, int32_t thread)
{
    if (thread)
        return;

    for (int64_t at = call->first, step = call->step; at < call->last; at += BATCH, step++) {
        int64_t n = call->last - at < BATCH ? call->last - at : BATCH;
        double loss = 0, gradient[FEATURES + 1] = { 0 };
        for (int64_t i = at; i < at + n; i++) {
            int64_t s = call->order ? call->order[i] : i;
            double d = predicted(call, s) - call->y[s];
            loss += d * d;
            for (int k = 0; k < FEATURES; k++)
                gradient[k] += 2 * d * call->x[s * FEATURES + k] / (double)n;
            gradient[FEATURES] += 2 * d / (double)n;
        }

        if (!isfinite(loss)) {
            call->halt = 1;
            call->halt_step = step;
            return;
        }

        for (int k = 0; k <= FEATURES; k++) {
            float *w = k < FEATURES ? &call->tensor[0][k * NNRT_LANES] : call->tensor[1];
            float *m = k < FEATURES ? &call->tensor[2][k * NNRT_LANES] : call->tensor[3];
            *m = (float)(0.5 * *m + gradient[k]);
            *w -= (float)(call->scalar[NNRT_HYPER_LR] * *m);
        }

        call->metric[NNRT_METRIC_LOSS] += loss;
        call->metric[NNRT_METRIC_LR] = call->scalar[NNRT_HYPER_LR];
        if (step == stop_at_step)
            raise(SIGINT);
    }
}

static void eval_unit(nnrt_call *call, int32_t thread)
{
    if (thread)
        return;
    for (int64_t i = call->first; i < call->last; i++) {
        int64_t s = call->order ? call->order[i] : i;
        double y = predicted(call, s);
        if (call->out)
            call->out[i] = (float)y;
        if (call->y)
            call->metric[NNRT_METRIC_LOSS] += (y - call->y[s]) * (y - call->y[s]);
    }
}

static void diagnose_unit(nnrt_call *call, int32_t thread)
{
    if (thread)
        return;
    double y = predicted(call, 0);
    call->tensor[2][0] = (float)(y - y);
}

static void gradients_unit(nnrt_call *call, int32_t thread)
{
    if (thread)
        return;
    memset(call->tensor[2], 0, FEATURES * NNRT_LANES * sizeof(float));
    for (int64_t s = call->first; s < call->last; s++) {
        double d = predicted(call, s) - call->y[s];
        call->metric[NNRT_METRIC_LOSS] += d * d;
        for (int k = 0; k < FEATURES; k++)
            call->tensor[2][k * NNRT_LANES] += (float)(2 * d * call->x[s * FEATURES + k]);
    }
}

static void wrong_gradients_unit(nnrt_call *call, int32_t thread)
{
    gradients_unit(call, thread);
    if (!thread)
        call->tensor[2][0] *= 1.1f;
}

/* f(x) = x^2 by gradient descent */
static void minimize_unit(nnrt_call *call, int32_t thread)
{
    if (thread)
        return;
    double x = call->tensor[0][0];
    x -= call->scalar[NNRT_HYPER_LR] * 2 * x;
    call->tensor[0][0] = (float)x;
    call->metric[NNRT_METRIC_LR] = call->scalar[NNRT_HYPER_LR];
    call->metric[NNRT_METRIC_VALUE] = x * x;
}

static const nnrt_embedded units[] = {
    { "train", train_unit },           { "eval", eval_unit },
    { "diagnose", diagnose_unit },     { "gradients", gradients_unit },
    { "wrong", wrong_gradients_unit }, { "minimize", minimize_unit },
};

static nnrt_unit resolve(void *context, const char *name, double *seconds)
{
    (void)context;
    *seconds += 0.001;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (!strcmp(units[i].name, name))
            return units[i].unit;
    return NULL;
}

/* ---- programs ---- */
#define W "{\"role\":\"weight\",\"key\":\"m/dense1.weight\"}"
#define B "{\"role\":\"weight\",\"key\":\"m/dense1.bias\"}"
static const char program_head[] =
    "{\"script\":\"test.nn\",\"data\":[{\"name\":\"d\",\"source\":{\"form\":\"regression\",\"n\":"
    "100,\"features\":3,\"noise\":0.1},\"train\":null,\"validation\":0.2,\"test\":null,"
    "\"normalize\":{\"form\":\"none\"},\"augment\":[],\"shape\":null,\"shuffle\":true,\"seed\":"
    "null,\"task\":null}],"
    "\"weights\":[{\"key\":\"m/"
    "dense1.weight\",\"shape\":[1,3],\"feature_axis\":0,\"role\":\"kernel\",\"init\":{\"kind\":"
    "\"uniform\",\"a\":-1,\"b\":1}},"
    "{\"key\":\"m/"
    "dense1.bias\",\"shape\":[1],\"feature_axis\":0,\"role\":\"bias\",\"init\":{\"kind\":"
    "\"constant\",\"value\":0}}],"
    "\"models\":[{\"name\":\"m\",\"parameters\":4,\"weights\":[{\"name\":\"dense1.weight\",\"key\":"
    "\"m/dense1.weight\"},{\"name\":\"dense1.bias\",\"key\":\"m/dense1.bias\"}],"
    "\"input\":[3],\"output\":[1],\"head\":\"values\",\"unit\":\"eval\"}],"
    "\"units\":["
    "{\"name\":\"train\",\"batch\":16,\"arena_bytes\":64,\"scalars\":9,\"out_size\":1,\"tensors\":"
    "[" W "," B ",{\"role\":\"state\",\"name\":\"optimizer.dense1.weight.m\",\"shape\":[1,3],"
    "\"feature_axis\":0,\"initial\":0},{\"role\":\"state\",\"name\":\"optimizer.dense1."
    "bias.m\",\"shape\":[1],\"feature_axis\":0,\"initial\":0}]},"
    "{\"name\":\"eval\",\"batch\":16,\"arena_bytes\":64,\"scalars\":9,\"out_size\":1,\"tensors\":"
    "[" W "," B "]},"
    "{\"name\":\"diagnose\",\"batch\":16,\"arena_bytes\":64,\"scalars\":9,\"out_size\":1,"
    "\"tensors\":[" W "," B ",{\"role\":\"result\",\"name\":\"nonfinite.head\",\"shape\":[]}]},"
    "{\"name\":\"gradients\",\"batch\":16,\"arena_bytes\":64,\"scalars\":9,\"out_size\":1,"
    "\"tensors\":[" W "," B ",{\"role\":\"result\",\"name\":\"gradient.m/"
    "dense1.weight\",\"shape\":[1,3],\"feature_axis\":0}]},"
    "{\"name\":\"wrong\",\"batch\":16,\"arena_bytes\":64,\"scalars\":9,\"out_size\":1,\"tensors\":"
    "[" W "," B ",{\"role\":\"result\",\"name\":\"gradient.m/"
    "dense1.weight\",\"shape\":[1,3],\"feature_axis\":0}]},"
    "{\"name\":\"minimize\",\"batch\":0,\"arena_bytes\":64,\"scalars\":9,\"out_size\":0,"
    "\"tensors\":[{\"role\":\"weight\",\"key\":\"x\"}]}"
    "],\"actions\":[";
#define TRAIN(more)                                                                                \
    "{\"verb\":\"train\",\"line\":9,\"column\":1,\"source\":\"train m on "                         \
    "d\",\"model\":\"m\",\"data\":\"d\",\"as\":\"run\",\"unit\":\"train\",\"eval_unit\":\"eval\"," \
    "\"diagnose_unit\":\"diagnose\","                                                              \
    "\"batch\":16,\"metrics\":[{\"name\":\"rmse\"}],\"fingerprint\":\"one\"" more "}"
#define SAVE(file) "{\"verb\":\"save\",\"model\":\"m\",\"to\":\"" file "\"}"

static json_t *last_error; /* the log's error event of the last program */

static int run_in(nnrt_session *session, const char *actions)
{
    size_t size = sizeof program_head + strlen(actions) + 4;
    char *text = malloc(size);
    snprintf(text, size, "%s%s]}", program_head, actions);
    json_error_t why;
    json_t *program = json_loads(text, 0, &why);
    if (!program)
        printf("# %s at %d\n", why.text, why.position);
    int status = nnrt_session_run(session, program, resolve, NULL);
    json_decref(program);
    free(text);
    return status;
}

static int run_with(nnrt_options options, const char *actions)
{
    nnrt_error e = { 0 };
    options.quiet = true;
    if (!options.threads)
        options.threads = 2;
    options.log_path = "log.jsonl";
    nnrt_session *session = nnrt_session_new(&options, &e);
    if (!session)
        return e.status;
    int status = run_in(session, actions);
    nnrt_session_free(session);
    return status;
}

static int run(const char *actions)
{
    return run_with((nnrt_options){ 0 }, actions);
}

static json_t *events(const char *kind)
{
    json_t *found = json_array();
    char line[4096];
    FILE *f = fopen("log.jsonl", "r");
    while (f && fgets(line, sizeof line, f)) {
        json_t *event = json_loads(line, 0, NULL);
        const char *name = json_string_value(json_object_get(event, "event"));
        if (name && (!kind || !strcmp(name, kind)))
            json_array_append(found, event);
        json_decref(event);
    }
    if (f)
        fclose(f);
    return found;
}

static bool error_says(const char *text)
{
    json_t *all = events("error");
    json_decref(last_error);
    last_error = json_incref(json_array_get(all, 0));
    json_decref(all);
    const char *message = json_string_value(json_object_get(last_error, "message"));
    bool said = message && strstr(message, text);
    if (!said)
        printf("# the error is: %s\n", message ? message : "(none)");
    return said;
}

static bool exists(const char *path)
{
    struct stat s;
    return !stat(path, &s);
}

static bool same_files(const char *a, const char *b)
{
    FILE *f = fopen(a, "rb"), *g = fopen(b, "rb");
    int x = 0, y = -1;
    while (f && g && (x = fgetc(f)) == (y = fgetc(g)) && x != EOF)
        continue;
    if (f)
        fclose(f);
    if (g)
        fclose(g);
    return x == y;
}

/* ---- tests ---- */
static void test_training(void)
{
    ok(run(TRAIN(",\"epochs\":5,\"lr\":0.05") "," SAVE(
           "a.safetensors") ",{\"verb\":\"assert\",\"condition\":{\"op\":\"<\",\"a\":{\"field\":"
                            "\"loss\",\"of\":{\"result\":\"run\"}},\"b\":1e6},\"message\":null,"
                            "\"text\":\"run.loss < 1e6\"}") == 0,
       "a training runs");
    json_t *epochs = events("epoch"), *starts = events("start"), *all = events(NULL);
    ok(json_array_size(epochs) == 5 && json_array_size(starts) == 1,
       "the log has five epochs and a start");
    double first = json_number_value(
        json_object_get(json_object_get(json_array_get(epochs, 0), "train"), "loss"));
    double last = json_number_value(
        json_object_get(json_object_get(json_array_get(epochs, 4), "train"), "loss"));
    ok(last < first, "the loss falls: %g, %g", first, last);
    ok(json_integer_value(json_object_get(json_array_get(epochs, 1), "step")) == 10,
       "80 samples in batches of 16 are five steps an epoch");
    ok(json_number_value(
           json_object_get(json_object_get(json_array_get(epochs, 4), "validation"), "rmse")) > 0,
       "validation is measured");
    const char *end =
        json_string_value(json_object_get(json_array_get(all, json_array_size(all) - 1), "event"));
    ok(end && !strcmp(end, "end"), "the last event is end");
    json_decref(epochs), json_decref(starts), json_decref(all);

    ok(run(TRAIN(",\"steps\":7,\"lr\":0.05") ",{\"verb\":\"assert\",\"condition\":{\"op\":\"==\","
                                             "\"a\":{\"field\":\"steps\",\"of\":{\"result\":"
                                             "\"run\"}},\"b\":7},\"message\":null}") == 0,
       "steps may end inside an epoch");
    ok(run_with((nnrt_options){ .seed_given = true, .seed = 3 },
                TRAIN(",\"epochs\":5,\"lr\":0.05") "," SAVE("b.safetensors")) == 0 &&
           !same_files("a.safetensors", "b.safetensors"),
       "another seed gives other weights");
    ok(run_with((nnrt_options){ .threads = 1 },
                TRAIN(",\"epochs\":5,\"lr\":0.05") "," SAVE("b.safetensors")) == 0 &&
           same_files("a.safetensors", "b.safetensors"),
       "one thread gives the same weights");
    ok(run_with((nnrt_options){ .dry_run = true },
                TRAIN(",\"epochs\":1000000000,\"lr\":0.05") "," SAVE("dry.safetensors")) == 0 &&
           !exists("dry.safetensors"),
       "a dry run ends soon and writes nothing");
}

#define CHECKPOINT(keep)                                                                           \
    ",\"epochs\":6,\"lr\":0.02,\"checkpoint\":{\"epochs\":1,\"to\":\"p.safetensors\",\"keep\":"    \
    "\"" keep "\"}"
#define PRINTED                                                                                    \
    "{\"verb\":\"evaluate\",\"model\":\"m\",\"data\":\"d\",\"part\":\"train\",\"as\":\"before\","  \
    "\"unit\":\"eval\",\"metrics\":[{\"name\":\"mae\"}],\"loss\":true},"
#define HISTORY_HOLDS                                                                              \
    ",{\"verb\":\"assert\",\"condition\":{\"op\":\"and\",\"a\":{\"op\":\"==\",\"a\":{\"field\":"   \
    "\"epoch\",\"of\":{\"index\":5,\"of\":{\"field\":\"history\",\"of\":{\"result\":\"run\"}}}},"  \
    "\"b\":6},"                                                                                    \
    "\"b\":{\"op\":\">\",\"a\":{\"field\":\"mae\",\"of\":{\"result\":\"before\"}},\"b\":0}},"      \
    "\"message\":\"history\"}"

static void test_resuming(void)
{
    ok(run(PRINTED TRAIN(CHECKPOINT("all")) "," SAVE("straight.safetensors")) == 0 &&
           exists("p.3.safetensors"),
       "each epoch has its checkpoint");
    ok(run_with((nnrt_options){ .resume_path = "p.3.safetensors" },
                PRINTED TRAIN(CHECKPOINT("all")) "," SAVE("resumed.safetensors")
                    HISTORY_HOLDS) == 0,
       "a run resumes, with its history and earlier results");
    ok(same_files("straight.safetensors", "resumed.safetensors"), "to the same bits");
    json_t *epochs = events("epoch"), *evaluations = events("evaluate");
    ok(json_array_size(epochs) == 3 && json_array_size(evaluations) == 0,
       "what was done is not done again");
    json_decref(epochs), json_decref(evaluations);
    ok(run_with((nnrt_options){ .resume_path = "p.6.safetensors" },
                PRINTED TRAIN(CHECKPOINT("all")) "," SAVE("resumed.safetensors")
                    HISTORY_HOLDS) == 0 &&
           same_files("straight.safetensors", "resumed.safetensors"),
       "a finished training resumes to its end");

    stop_at_step = 0; /* the first chunk is one step */
    ok(run(PRINTED TRAIN(CHECKPOINT("last")) "," SAVE("stopped.safetensors")) == 130 &&
           !exists("stopped.safetensors"),
       "an interrupt stops the run");
    stop_at_step = -1;
    ok(exists("p.safetensors") && error_says("'p.safetensors'"),
       "and leaves a checkpoint, inside an epoch");
    ok(run_with((nnrt_options){ .resume_path = "p.safetensors", .threads = 1 },
                PRINTED TRAIN(CHECKPOINT("last")) "," SAVE("resumed.safetensors")
                    HISTORY_HOLDS) == 0 &&
           same_files("straight.safetensors", "resumed.safetensors"),
       "from which it goes on bit for bit");
    ok(run_with((nnrt_options){ .resume_path = "straight.safetensors" },
                TRAIN(CHECKPOINT("last"))) == 3 &&
           error_says("straight.safetensors"),
       "weights are no checkpoint");
    ok(run_with((nnrt_options){ .resume_path = "nowhere.safetensors" },
                TRAIN(CHECKPOINT("last"))) == 3 &&
           error_says("nowhere.safetensors"),
       "nor is a file that is not there");
    ok(run("{\"verb\":\"load\",\"model\":\"m\",\"from\":\"p.6.safetensors\"}," SAVE(
           "loaded.safetensors")) == 0 &&
           same_files("loaded.safetensors", "straight.safetensors"),
       "load takes the weights out of a checkpoint");
}

static void test_rules(void)
{
    ok(run(TRAIN(
           ",\"epochs\":50,\"lr\":0,\"stop\":{\"patience\":5,\"monitor\":\"validation.loss\",\"min_"
           "delta\":0,\"restore\":true}") ",{\"verb\":\"assert\",\"condition\":{\"op\":\"and\","
                                          "\"a\":{\"op\":\"==\",\"a\":{\"field\":\"epochs\",\"of\":"
                                          "{\"result\":\"run\"}},\"b\":6},"
                                          "\"b\":{\"field\":\"stopped\",\"of\":{\"result\":\"run\"}"
                                          "}},\"message\":null}") == 0,
       "a flat loss stops after one epoch and the patience");
    ok(run(TRAIN(",\"epochs\":14,\"lr\":0.0,\"plateau\":{\"factor\":0.5,\"patience\":2,"
                 "\"threshold\":1e-4,\"min_lr\":0,\"monitor\":\"validation.loss\"}")) == 0,
       "plateau runs");
    ok(run(TRAIN(",\"epochs\":4,\"lr\":0.05,\"average\":{\"kind\":\"swa\",\"start\":2}") "," SAVE(
           "swa.safetensors")) == 0 &&
           run(TRAIN(",\"epochs\":4,\"lr\":0.05") "," SAVE("last.safetensors")) == 0 &&
           !same_files("swa.safetensors", "last.safetensors"),
       "averaged weights are kept");
    ok(run(TRAIN(",\"epochs\":40,\"lr\":1e30") "," SAVE("lost.safetensors")) == 4 &&
           !exists("lost.safetensors"),
       "divergence is status 4 and ends the run");
    ok(error_says("step") && error_says("'head'"), "and names step and layer");
}

static void test_later(void)
{
    ok(run("{\"verb\":\"assert\",\"condition\":{\"op\":\"==\",\"a\":{\"op\":\"?:\",\"a\":{\"op\":"
           "\">\",\"a\":2,\"b\":1},\"b\":{\"op\":\"^\",\"a\":2,\"b\":{\"op\":\"max\",\"a\":3,\"b\":"
           "1}},\"c\":0},\"b\":8},\"message\":null}") == 0,
       "expressions are evaluated");
    ok(run("{\"verb\":\"assert\",\"line\":3,\"column\":1,\"condition\":{\"op\":\">\",\"a\":1,\"b\":"
           "2},\"message\":\"the moon\",\"text\":\"1 > 2\"}") == 5 &&
           error_says("the moon"),
       "an assertion that fails is status 5");
    ok(run(TRAIN(",\"epochs\":1,\"lr\":0.1") ",{\"verb\":\"print\",\"values\":[{\"field\":\"los\","
                                             "\"of\":{\"result\":\"run\"}}]}") == 1 &&
           error_says("'los'"),
       "a field that is not there is an error");
    const char *help = json_string_value(json_object_get(last_error, "help"));
    ok(help && strstr(help, "loss") && strstr(help, "history"), "which lists the fields");
}

static void test_files(void)
{
    nnrt_error e = { 0 };
    nnrt_options options = { .quiet = true, .threads = 1, .repl = true, .log_path = "log.jsonl" };
    nnrt_session *session = nnrt_session_new(&options, &e);

    FILE *bad = fopen("bad.safetensors", "w");
    fputs("nonsense", bad);
    fclose(bad);
    ok(run_in(session, SAVE("one.safetensors")) == 0 &&
           run_in(session, "{\"verb\":\"load\",\"model\":\"m\",\"from\":\"bad.safetensors\"}") == 3,
       "a damaged file is status 3");
    ok(run_in(session, SAVE("two.safetensors")) == 0 &&
           same_files("one.safetensors", "two.safetensors"),
       "and changes nothing");

    ok(run_in(session, "{\"verb\":\"predict\",\"model\":\"m\",\"data\":\"d\",\"part\":\"train\","
                       "\"to\":\"out.csv\",\"unit\":\"eval\",\"passes\":0}") == 0,
       "predictions are written");
    char line[100] = "";
    int lines = 0;
    FILE *f = fopen("out.csv", "r");
    bool header = f && fgets(line, sizeof line, f) && !strcmp(line, "prediction\n");
    while (f && fgets(line, sizeof line, f))
        lines++;
    if (f)
        fclose(f);
    ok(header && lines == 80, "a header and a row a sample: %d", lines);

    ok(run_in(session, "{\"verb\":\"predict\",\"model\":\"m\",\"data\":\"d\",\"part\":\"train\","
                       "\"to\":\"out.npy\",\"unit\":\"eval\",\"passes\":3}") == 0 &&
           exists("out.npy") && exists("out.std.npy"),
       "passes add deviations");
    ok(run_in(session, "{\"verb\":\"predict\",\"model\":\"m\",\"data\":\"d\",\"part\":\"train\","
                       "\"to\":\"out.txt\",\"unit\":\"eval\"}") == 1,
       "no other suffix");
    ok(run_in(session, "{\"verb\":\"evaluate\",\"model\":\"m\",\"data\":\"d\",\"part\":\"test\","
                       "\"unit\":\"eval\",\"metrics\":[]}") == 3,
       "a part that is not there");

    nnrt_session_free(session);
    options.log_path = "nowhere/log.jsonl";
    session = nnrt_session_new(&options, &e);
    ok(!session && e.status == 3 && strstr(e.text, "nowhere/log.jsonl"),
       "a log that can't be written");
}

static void test_other_verbs(void)
{
    ok(run("{\"verb\":\"minimize\",\"unit\":\"minimize\",\"as\":\"p\",\"steps\":20,\"lr\":0.25,"
           "\"variables\":[{\"name\":\"x\",\"start\":-7}]},"
           "{\"verb\":\"assert\",\"condition\":{\"op\":\"<\",\"a\":{\"op\":\"abs\",\"a\":{"
           "\"field\":\"x\",\"of\":{\"result\":\"p\"}}},\"b\":1e-4},\"message\":null},"
           "{\"verb\":\"assert\",\"condition\":{\"op\":\"==\",\"a\":{\"field\":\"x\",\"of\":{"
           "\"index\":0,\"of\":{\"field\":\"path\",\"of\":{\"result\":\"p\"}}}},\"b\":-3.5},"
           "\"message\":null}") == 0,
       "minimize walks downhill");
    json_t *steps = events("minimize");
    ok(json_array_size(steps) == 20 &&
           json_number_value(json_object_get(json_array_get(steps, 0), "value")) == 12.25,
       "an event a step, after it");
    json_decref(steps);
#define CHECKED(unit, op)                                                                          \
    "{\"verb\":\"check_gradients\",\"model\":\"m\",\"data\":\"d\",\"unit\":\"" unit                \
    "\",\"as\":\"g\"},"                                                                            \
    "{\"verb\":\"assert\",\"condition\":{\"op\":\"" op                                             \
    "\",\"a\":{\"field\":\"worst\",\"of\":{\"result\":\"g\"}},\"b\":1e-2},\"message\":null}"
    ok(run(SAVE("one.safetensors") "," CHECKED("gradients", "<") "," SAVE("two.safetensors")) == 0,
       "right derivatives agree with differences");
    ok(same_files("one.safetensors", "two.safetensors"), "and the weights are as they were");
    ok(run(CHECKED("wrong", ">")) == 0, "wrong ones do not");
}

static void test_metrics(void)
{
    const float out[] = { 1, 3, 2, 5, 0, 1, 0, 1, 2, 2, 2, 1 }, target[] = { 1, 0, 1, 0 };
    nnrt_sample_set set = { .out = out,
                            .target = target,
                            .rows = 4,
                            .width = 3,
                            .classify = true,
                            .classes = 3,
                            .head = NNRT_SCORES };
    double value = 0;
    nnrt_error e = { 0 };

    ok(nnrt_metric_compute(&(nnrt_metric){ "accuracy", 1 }, &set, &value, &e) && value == 0.75,
       "accuracy; of equals the first");
    ok(nnrt_metric_compute(&(nnrt_metric){ "top_k", 2 }, &set, &value, &e) && value == 1, "top_k");
    ok(nnrt_metric_compute(&(nnrt_metric){ "recall", 1 }, &set, &value, &e) &&
           fabs(value - 0.5) < 1e-12,
       "recall is the mean over classes, 0 where undefined");

    json_t *matrix = nnrt_confusion(&set);
    ok(json_array_size(matrix) == 3 &&
           json_integer_value(json_array_get(json_array_get(matrix, 1), 2)) == 1,
       "confusion has true classes in rows");
    json_decref(matrix);

    const float score[] = { 0.1f, 0.4f, 0.4f, 0.8f }, truth[] = { 0, 0, 1, 1 };
    set = (nnrt_sample_set){ .out = score,
                             .target = truth,
                             .rows = 4,
                             .width = 1,
                             .classify = true,
                             .classes = 2,
                             .head = NNRT_SIGMOID };

    ok(nnrt_metric_compute(&(nnrt_metric){ "auc", 1 }, &set, &value, &e) && value == 0.875,
       "ties count half in auc");
    ok(nnrt_metric_compute(&(nnrt_metric){ "precision", 1 }, &set, &value, &e) && value == 1,
       "precision is the second class's");
}

static int run_expecting(const char *expected)
{
    nnrt_error e = { 0 };
    nnrt_options options = {
        .quiet = true, .threads = 1, .diagnostics_json = true, .log_path = "log.jsonl"
    };
    nnrt_session *session = nnrt_session_new(&options, &e);
    char text[sizeof program_head + 200];
    snprintf(text, sizeof text, "%s],\"expect\":[%s]}", program_head, expected);
    json_t *program = json_loads(text, 0, NULL);
    int status = nnrt_session_run(session, program, resolve, NULL);
    json_decref(program);
    nnrt_session_free(session);
    return status;
}

static void test_expectations(void)
{
    ok(run_expecting("{\"data\":\"d\",\"shape\":[3],\"target_shape\":[],\"classes\":0,\"train\":80,"
                     "\"validation\":20,\"test\":0}") == 0,
       "data as the compiler saw it");
    ok(run_expecting("{\"data\":\"d\",\"shape\":[5]}") == 3 && error_says("[3]") &&
           error_says("[5]"),
       "other shapes end a program, which says both");
    ok(run_expecting("{\"data\":\"d\",\"shape\":[3],\"classes\":4}") == 3 && error_says("4"),
       "so do other classes");
}

static void test_library(void)
{
    static char text[sizeof program_head + 8];
    snprintf(text, sizeof text, "%s]}", program_head);
    const float x[2 * FEATURES] = { 0, 0, 0, 1, 0, 0 };
    float out[2] = { -1, -1 };
    nnrt_library *library = nnrt_library_get(text, units, sizeof units / sizeof *units);
    ok(library && library == nnrt_library_get(text, units, sizeof units / sizeof *units),
       "a library is made once");
    ok(nnrt_library_predict(library, 0, x, 2, out) == 1, "without weights it does not predict");
    ok(nnrt_library_load(library, 0, "bad.safetensors") == 3 &&
           nnrt_library_load(library, 0, "a.safetensors") == 0,
       "weights are loaded");
    ok(nnrt_library_predict(library, 0, x, 2, out) == 0 && out[0] != -1 && out[1] != out[0],
       "and used");
    ok(nnrt_library_predict(library, 7, x, 2, out) == 1, "a model that is not there");
}

int main(void)
{
    char folder[] = "/tmp/nnc-test-exec-XXXXXX";
    if (!mkdtemp(folder) || chdir(folder) || !freopen("stderr.txt", "w", stderr))
        return 99;
    test_training();
    test_resuming();
    test_rules();
    test_later();
    test_files();
    test_other_verbs();
    test_metrics();
    test_expectations();
    test_library();
    json_decref(last_error);
    if (!chdir("/")) {
        char command[100];
        snprintf(command, sizeof command, "rm -rf %s", folder);
        if (system(command))
            return 99;
    }
    return done_testing();
}
