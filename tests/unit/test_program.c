/* test_program.c: abi/program.def against itself, and programs against it. */
#include "abi/program.h"
#include "abi/verbs.h"
#include "tap.h"
#include <stdio.h>
#include <string.h>

#define EMPTY                                                                                      \
    "{\"script\":\"t.nn\",\"data\":[],\"expect\":[],\"weights\":[],\"models\":[],\"units\":[],"    \
    "\"actions\":["
#define PLACE "\"line\":1,\"column\":1,\"model\":\"m\",\"data\":null,\"as\":null"

static const struct {
    const char *text, *why; /* NULL: nothing is wrong */
} programs[] = {
    { EMPTY "]}", NULL },
    { EMPTY "{\"verb\":\"save\"," PLACE ",\"to\":\"f\"}]}", NULL },
    { EMPTY "{\"verb\":\"train\"}]}", NULL },
    { EMPTY "{\"verb\":\"prune\"," PLACE ",\"sparsity\":1,\"per\":\"layer\",\"seed\":3.0}]}",
      NULL },
    { "[]", "the program is of the wrong type" },
    { "{\"script\":\"t.nn\"}", "data is missing" },
    { EMPTY "{\"verb\":\"save\"," PLACE "}]}", "actions[0].to is missing" },
    { EMPTY "{\"verb\":\"save\"," PLACE ",\"to\":7}]}", "actions[0].to is of the wrong type" },
    { EMPTY "{\"verb\":\"save\"," PLACE ",\"to\":null}]}", "actions[0].to is of the wrong type" },
    { EMPTY "{\"verb\":\"save\"," PLACE ",\"to\":\"f\",\"per\":\"layer\"}]}",
      "actions[0].per is not a field of the program" },
    { EMPTY "{\"verb\":\"run\"," PLACE "}]}", "actions[0] has no verb" },
    { EMPTY "{\"verb\":\"prune\"," PLACE ",\"sparsity\":1,\"per\":\"layer\",\"seed\":3.5}]}",
      "actions[0].seed is of the wrong type" },
    { EMPTY "{\"verb\":\"print\"," PLACE ",\"values\":{}}]}", "actions[0].values is not a list" },
    { EMPTY "{\"verb\":\"print\"," PLACE ",\"values\":[1,{\"op\":\"neg\",\"d\":1}]}]}",
      "actions[0].values[1].d is not a field of the program" },
    { EMPTY "],\"unit\":[]}", "unit is not a field of the program" },
    { EMPTY "],\"variants\":[{\"action\":0,\"params\":[],\"program\":{}}]}",
      "variants[0].params is not an object" },
};

static void test_check(void)
{
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        char why[200] = "";
        json_t *program = json_loads(programs[i].text, 0, NULL);
        bool right = program && program_check(program, TYPE_program, why, sizeof why);
        ok(right == !programs[i].why && !strcmp(why, programs[i].why ? programs[i].why : ""),
           "program %zu: %s", i, programs[i].why ? programs[i].why : "is right");
        if (programs[i].why && strcmp(why, programs[i].why))
            printf("# it says: %s\n", why);
        json_decref(program);
    }
}

static void test_no_room(void)
{
    char why[8];
    json_t *program = json_object();
    ok(!program_check(program, TYPE_program, why, sizeof why) && !strcmp(why, "script "),
       "the reason is cut where there is no room for it");
    ok(!program_check(program, TYPE_program, NULL, 0), "and need not be asked for");
    json_decref(program);
}

/* The fields of a verb and those of any action are read from one object. */
static void test_table(void)
{
    static const ProgramType of_verbs[VERB_COUNT] = {
#define VERB(id, name, ...) [VERB_##id] = TYPE_##name,
#include "abi/verbs.def"
#undef VERB
    };
    int twice = 0;
    for (int i = FIELD_action_verb; i <= FIELD_action_ensemble; i++) {
        for (int verb = 0; verb < VERB_COUNT; verb++) {
            const char *key = program_field_key((ProgramField)i);
            twice += program_field_find(of_verbs[verb], key) != PROGRAM_FIELDS;
        }
    }
    ok(!twice, "no verb has a field of the name of one that every action has");

    ok(program_field_find(TYPE_tune, "mixup") == FIELD_mixing_mixup &&
           program_field_find(TYPE_tune, "trials") == FIELD_tune_trials &&
           program_field_find(TYPE_train, "trials") == PROGRAM_FIELDS,
       "an object has the fields of those that it includes, and no others");
}

int main(void)
{
    test_table();
    test_check();
    test_no_room();
    return done_testing();
}
