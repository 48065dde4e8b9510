#include "schema.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/routing.h>

#define ID "https://json-schema.org/draft/2020-12/schema"

/* What is no option, but has a structure of its own. CHANNELS and WORDED stand for lists of names. */
static const char parts[] =
    "{\"severity\": {\"type\": \"string\", \"pattern\": \"^(?i:info|warning|error|critical|low|medium|high|trace|debug|notice|"
    "warn|err|fatal|crit|alert|emergency|emerg|panic)$\"},"
    "\"channel\": {\"enum\": CHANNELS},"
    "\"channels\": {\"oneOf\": [{\"$ref\": \"#/$defs/channel\"}, {\"const\": \"*\"}, {\"type\": \"array\", \"items\": "
    "{\"oneOf\": [{\"$ref\": \"#/$defs/channel\"}, {\"const\": \"*\"}]}}]},"
    "\"severities\": {\"oneOf\": [{\"$ref\": \"#/$defs/severity\"}, {\"type\": \"array\", \"minItems\": 1, \"items\": {\"$ref\": "
    "\"#/$defs/severity\"}}]},"
    "\"kind\": {\"enum\": [\"crash\", \"exit\", \"error\", \"lifecycle\"]},"
    "\"kinds\": {\"oneOf\": [{\"$ref\": \"#/$defs/kind\"}, {\"type\": \"array\", \"minItems\": 1, \"items\": {\"$ref\": \"#/$defs/kind\"}}]},"
    "\"patterns\": {\"oneOf\": [{\"type\": \"string\", \"minLength\": 1}, {\"type\": \"array\", \"minItems\": 1, \"items\": {\"type\": "
    "\"string\", \"minLength\": 1}}], \"description\": \"shell patterns; with ! in front: must not match\"},"
    "\"route\": {\"type\": \"object\", \"required\": [\"channels\"], \"additionalProperties\": false, \"properties\": {"
    "\"name\": {\"type\": \"string\"}, \"channels\": {\"$ref\": \"#/$defs/channels\"}, \"continue\": {\"type\": "
    "\"boolean\"}, \"match\": {\"type\": \"object\", \"additionalProperties\": false, \"properties\": {"
    "\"severity\": {\"$ref\": \"#/$defs/severities\"}, \"min_severity\": {\"$ref\": \"#/$defs/severity\"},"
    "\"kind\": {\"$ref\": \"#/$defs/kinds\"}, \"service\": {\"$ref\": \"#/$defs/patterns\"}, \"stage\": {\"$ref\": "
    "\"#/$defs/patterns\"}, \"version\": {\"$ref\": \"#/$defs/patterns\"}, \"host\": {\"$ref\": \"#/$defs/patterns\"},"
    "\"code\": {\"$ref\": \"#/$defs/patterns\"}, \"file\": {\"$ref\": \"#/$defs/patterns\"}, \"endpoint\": {\"$ref\": "
    "\"#/$defs/patterns\"}}}}},"
    "\"days\": {\"type\": \"string\", \"pattern\": "
    "\"^(?i:(mon|tue|wed|thu|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|saturday|sunday)(-(mon|tue|wed|thu|fri|sat|sun|"
    "monday|tuesday|wednesday|thursday|friday|saturday|sunday))?)$\"},"
    "\"time\": {\"type\": \"string\", \"pattern\": \"^([01]?[0-9]|2[0-3]):[0-5]?[0-9]$|^24:00?$\"},"
    "\"quiet_hours\": {\"type\": \"object\", \"required\": [\"from\", \"to\"], \"additionalProperties\": false, "
    "\"properties\": {\"from\": {\"$ref\": \"#/$defs/time\"}, \"to\": {\"$ref\": \"#/$defs/time\"}, \"days\": {\"oneOf\": "
    "[{\"$ref\": \"#/$defs/days\"}, {\"type\": \"array\", \"minItems\": 1, \"items\": {\"$ref\": \"#/$defs/days\"}}]}, \"time_zone\": "
    "{\"type\": \"string\"}, \"below\": {\"$ref\": \"#/$defs/severity\"}, \"channels\": {\"$ref\": "
    "\"#/$defs/channels\"}}},"
    "\"template\": {\"type\": \"object\", \"additionalProperties\": false, \"properties\": {\"title\": {\"type\": "
    "\"string\", \"maxLength\": 4096}, \"body\": {\"type\": \"string\", \"maxLength\": 4096}}},"
    "\"templates\": {\"type\": \"object\", \"propertyNames\": {\"enum\": [\"crash\", \"exit\", \"error\", \"lifecycle\", "
    "\"*\"]}, \"additionalProperties\": {\"$ref\": \"#/$defs/template\"}}}";

static const char tops[] =
    "{\"$schema\": {\"type\": \"string\"},"
    "\"routes\": {\"type\": \"array\", \"maxItems\": 256, \"items\": {\"$ref\": \"#/$defs/route\"}, \"description\": \"who "
    "gets what: the first that matches decides\"},"
    "\"channels\": {\"type\": \"object\", \"propertyNames\": {\"$ref\": \"#/$defs/channel\"}, \"additionalProperties\": "
    "{\"type\": \"object\", \"additionalProperties\": false, \"properties\": {\"min_severity\": {\"$ref\": "
    "\"#/$defs/severity\"}, \"limit\": {\"type\": \"object\", \"additionalProperties\": false, \"properties\": {"
    "\"alerts\": {\"type\": \"integer\", \"minimum\": 0, \"maximum\": 1000000}, \"window\": {\"type\": \"integer\", "
    "\"minimum\": 60, \"maximum\": 604800}, \"burst\": {\"type\": \"integer\", \"minimum\": 0, \"maximum\": 1000000}}}}}},"
    "\"quiet_hours\": {\"oneOf\": [{\"$ref\": \"#/$defs/quiet_hours\"}, {\"type\": \"array\", \"maxItems\": 64, \"items\": "
    "{\"$ref\": \"#/$defs/quiet_hours\"}}], \"description\": \"when alerts wait\"},"
    "\"templates\": {\"type\": \"object\", \"propertyNames\": {\"enum\": WORDED}, \"additionalProperties\": {\"$ref\": "
    "\"#/$defs/templates\"}, \"description\": \"titles and bodies by channel and kind\"}}";

static struct json_object *type_of(const struct qmon_option *option) {
    static const char *const types[] = {
        [QMON_VALUE_TEXT] = "{\"type\": [\"string\", \"null\"]}",
        [QMON_VALUE_COUNT] = "{\"type\": [\"integer\", \"string\", \"null\"], \"pattern\": \"^ *[0-9]+ *$\"}",
        [QMON_VALUE_WHO] = "{\"enum\": [\"root\", \"all\", \"off\", null]}",
        [QMON_VALUE_SWITCH] =
            "{\"enum\": [true, false, \"1\", \"0\", \"yes\", \"no\", \"true\", \"false\", \"on\", \"off\", "
            "null]}",
        [QMON_VALUE_LIST] =
            "{\"type\": [\"string\", \"array\", \"null\"], \"items\": {\"type\": [\"string\", \"integer\"]}}",
    };
    struct json_object *type = json_tokener_parse(types[option->kind]);

    json_object_object_add(type, "description", json_object_new_string(option->help));
    if (option->kind == QMON_VALUE_COUNT) {
        const struct qmon_option_range range = qmon_option_range(option);
        json_object_object_add(type, "minimum", json_object_new_uint64(range.low));
        json_object_object_add(type, "maximum", json_object_new_uint64(range.high));
    }
    return type;
}

static struct json_object *group_in(struct json_object *properties, const char *name) {
    struct json_object *group, *members;

    if (!json_object_object_get_ex(properties, name, &group)) {
        group = json_object_new_object();
        json_object_object_add(group, "type", json_tokener_parse("[\"object\", \"null\"]"));
        json_object_object_add(group, "additionalProperties", json_object_new_boolean(0));
        json_object_object_add(group, "properties", json_object_new_object());
        json_object_object_add(properties, name, group);
    }
    return json_object_object_get_ex(group, "properties", &members) ? members : NULL;
}

static void add_option(struct json_object *properties, const struct qmon_option *option) {
    const char *dot = strchr(option->path, '.');
    char group[64];

    if (option->path[0] == '\0')
        return;
    if (dot != NULL && (size_t) (dot - option->path) < sizeof group) {
        memcpy(group, option->path, (size_t) (dot - option->path));
        group[dot - option->path] = '\0';
        properties = group_in(properties, group);
    }
    if (properties != NULL)
        json_object_object_add(properties, dot != NULL ? dot + 1 : option->path, type_of(option));
}

static struct json_object *names_of_channels(bool with_words) {
    struct json_object *names = json_object_new_array();

    for (int i = 0; i < QMON_CHANNELS; i++)
        if (!with_words || qmon_channel_has_words((enum qmon_channel) i))
            json_object_array_add(names, json_object_new_string(qmon_channel_name((enum qmon_channel) i)));
    if (with_words)
        json_object_array_add(names, json_object_new_string("*"));
    return names;
}

/* A text of JSON with a list in the place of a word. */
static struct json_object *parse_with(const char *text, const char *word, struct json_object *list) {
    const char *names = json_object_to_json_string(list), *at = strstr(text, word);
    struct json_object *parsed = NULL;
    char *whole = malloc(strlen(text) + strlen(names) + 1);

    if (whole != NULL) {
        memcpy(whole, text, (size_t) (at - text));
        strcpy(whole + (at - text), names);
        strcat(whole, at + strlen(word));
        parsed = json_tokener_parse(whole);
    }
    free(whole);
    json_object_put(list);
    return parsed;
}

char *qmon__cli_schema(void) {
    struct json_object *schema = json_object_new_object();
    struct json_object *properties = parse_with(tops, "WORDED", names_of_channels(true));
    struct json_object *definitions = parse_with(parts, "CHANNELS", names_of_channels(false));
    char *text = NULL;

    if (schema != NULL && properties != NULL && definitions != NULL) {
        for (size_t i = 0; i < qmon_option_count; i++)
            add_option(properties, &qmon_options[i]);
        json_object_object_add(schema, "$schema", json_object_new_string(ID));
        json_object_object_add(schema, "title", json_object_new_string("Configuration of qmon (QMON_CONFIG)"));
        json_object_object_add(schema, "type", json_object_new_string("object"));
        json_object_object_add(schema, "additionalProperties", json_object_new_boolean(0));
        json_object_object_add(schema, "properties", json_object_get(properties));
        json_object_object_add(schema, "$defs", json_object_get(definitions));
        const char *printed =
            json_object_to_json_string_ext(schema, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
        text = printed != NULL ? strdup(printed) : NULL;
    }
    json_object_put(properties);
    json_object_put(definitions);
    json_object_put(schema);
    return text;
}
