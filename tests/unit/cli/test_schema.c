/* The JSON Schema of the configuration: it has every option, and it and the reader of the file agree. */
#include <criterion/criterion.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/config.h>

#include "config_with.h"
#include "schema.h"
#include "scratch.h"

TestSuite(schema, .timeout = 60);

Test(schema, has_every_option_that_a_file_may_say) {
    char *text = qmon__cli_schema();
    struct json_object *schema = json_tokener_parse(text), *at, *properties;

    cr_assert_not_null(schema);
    for (size_t i = 0; i < qmon_option_count; i++) {
        char path[128], *rest = path, *name;
        at = schema;
        snprintf(path, sizeof path, "%s", qmon_options[i].path);
        while (path[0] != '\0' && (name = strsep(&rest, ".")) != NULL) {
            cr_assert(json_object_object_get_ex(at, "properties", &properties), "%s", qmon_options[i].path);
            cr_assert(json_object_object_get_ex(properties, name, &at), "%s", qmon_options[i].path);
        }
    }
    json_object_put(schema);
    free(text);
}

struct row {
    bool fine;
    const char *json;
};

/* Written for both: what the reader finds wrong the schema must refuse, and nothing else. Zones and fields only the reader knows. */
static const struct row rows[] = {
    {true, "{}"},
    {true,
     "{\"$schema\": \"x\", \"dedup\": {\"window\": 60, \"limit\": \"3\"}, \"lifecycle\": \"off\", \"ignore\": {\"codes\": [404]}}"},
    {true,
     "{\"routes\": [{\"match\": {\"stage\": [\"dev\", \"test\"]}, \"channels\": []}, {\"match\": {\"service\": \"pay*\", "
     "\"min_severity\": \"error\"}, \"channels\": [\"slack\", \"pagerduty\"], \"continue\": true}, {\"channels\": \"*\"}]}"},
    {true,
     "{\"quiet_hours\": {\"from\": \"22:00\", \"to\": \"7:05\", \"days\": [\"mon-fri\", \"Sunday\"], \"below\": \"Critical\"}}"},
    {true,
     "{\"quiet_hours\": [{\"from\": \"0:00\", \"to\": \"24:00\", \"channels\": [\"email\"]}], \"min_severity\": [\"slack=error\"]}"},
    {true, "{\"templates\": {\"*\": {\"*\": {\"title\": \"{{code}}\"}}, \"slack\": {\"crash\": {\"body\": \"x\"}}}}"},
    {true, "{\"channels\": {\"pagerduty\": {\"min_severity\": \"fatal\"}}, \"xray\": true}"},
    {false, "{\"dedup\": {\"windows\": 60}}"},
    {false, "{\"dedup\": {\"window\": -1}}"},
    {false, "{\"lifecycle\": \"sometimes\"}"},
    {false, "{\"routes\": {}}"},
    {false, "{\"routes\": [{\"match\": {}}]}"},
    {false, "{\"routes\": [{\"channels\": [\"slak\"]}]}"},
    {false, "{\"routes\": [{\"channels\": \"*\", \"match\": {\"kinds\": \"crash\"}}]}"},
    {false, "{\"routes\": [{\"channels\": \"*\", \"match\": {\"severity\": \"awful\"}}]}"},
    {false, "{\"routes\": [{\"channels\": \"*\", \"continue\": 1}]}"},
    {false, "{\"quiet_hours\": {\"from\": \"22:00\"}}"},
    {false, "{\"quiet_hours\": {\"from\": \"25:00\", \"to\": \"07:00\"}}"},
    {false, "{\"quiet_hours\": {\"from\": \"22:00\", \"to\": \"07:00\", \"days\": \"someday\"}}"},
    {false, "{\"templates\": {\"webhook\": {\"*\": {\"title\": \"x\"}}}}"},
    {false, "{\"templates\": {\"slack\": {\"oops\": {\"title\": \"x\"}}}}"},
    {false, "{\"channels\": {\"slack\": {\"least\": \"error\"}}}"},
    {false, "{\"routes\": [{\"channels\": [], \"match\": {\"service\": []}}]}"},
    {true, "{\"channels\": {\"slack\": {\"limit\": {\"alerts\": 3, \"window\": 600, \"burst\": 0}}}}"},
    {false, "{\"channels\": {\"slack\": {\"limit\": {\"alerts\": -3}}}}"},
    {false, "{\"channels\": {\"slack\": {\"limit\": 3}}}"},
    {false, "{\"channels\": {\"slack\": {\"limit\": {\"alerts\": 1000001}}}}"},
    {false, "{\"channels\": {\"slack\": {\"limit\": {\"window\": 59}}}}"},
    {false, "{\"channels\": {\"slack\": {\"limit\": {\"window\": 604801}}}}"},
    {true, "{\"channels\": {\"slack\": {\"limit\": {\"alerts\": 1000000, \"window\": 604800}}}}"},
    {false, "{\"redis\": {\"port\": 65536}}"},
    {false, "{\"redis\": {\"port\": 0}}"},
    {true, "{\"redis\": {\"port\": 65535}, \"stderr_lines\": 50, \"deadline_ms\": 10}"},
    {false, "{\"stderr_lines\": 51}"},
    {false, "{\"limit\": {\"window\": 59}}"},
    {false, "{\"nosuch\": 1}"},
};
#define ROWS (sizeof rows / sizeof rows[0])

Test(schema, the_reader_finds_wrong_what_it_should) {
    struct scratch scratch = scratch_make();
    char path[600];

    for (size_t i = 0; i < ROWS; i++) {
        scratch_write(&scratch, "qmon.json", rows[i].json);
        snprintf(path, sizeof path, "QMON_CONFIG=%s/qmon.json", scratch.path);
        struct qmon_config *config = config_with(path);
        cr_expect_eq(config->problem_count == 0, rows[i].fine, "%s: %s", rows[i].json,
                     config->problem_count ? config->problems[0] : "nothing was wrong");
        qmon_config_free(config);
    }
    scratch_remove(&scratch);
}

Test(schema, an_independent_validator_refuses_the_same) {
    struct scratch scratch = scratch_make();
    char *schema = qmon__cli_schema(), command[1500], name[32];

    if (system("python3 -c 'import jsonschema' 2> /dev/null") != 0)
        cr_skip_test("no jsonschema for python3");
    scratch_write(&scratch, "schema.json", schema);
    free(schema);
    for (size_t i = 0; i < ROWS; i++) {
        snprintf(name, sizeof name, "%zu.%s.json", i, rows[i].fine ? "fine" : "wrong");
        scratch_write(&scratch, name, rows[i].json);
    }
    snprintf(
        command, sizeof command,
        "cd %s && python3 -c '\nimport glob, json, jsonschema, sys\nschema = json.load(open(\"schema.json\"))\n"
        "jsonschema.Draft202012Validator.check_schema(schema)\n"
        "validator = jsonschema.Draft202012Validator(schema)\n"
        "bad = [name for name in glob.glob(\"*.*.json\") if validator.is_valid(json.load(open(name))) != (\"fine\" in name)]\n"
        "print(bad, open(bad[0]).read()) if bad else None\nsys.exit(len(bad))' > out 2>&1",
        scratch.path);
    int status = system(command);
    char *output = scratch_read(scratch_path(&scratch, "out"));
    cr_expect_eq(status, 0, "%s", output);
    free(output);
    scratch_remove(&scratch);
}
