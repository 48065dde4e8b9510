/* The JSON file as the agent reads it, without a JSON library. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/json_text.h>

TestSuite(json_text, .timeout = 10);

static void expect(const char *json, const char *path, const char *wanted) {
    size_t bytes = strlen(json);
    char *exact = malloc(bytes); /* as large as the text: a sanitizer sees what is read beyond */
    char text[32] = "untouched";
    size_t length;

    memcpy(exact, json, bytes);
    length = qmon_json_text(exact, bytes, path, text, sizeof text);
    if (wanted == NULL) {
        cr_expect_eq(length, 0, "%s gives %s", json, text);
    } else {
        cr_expect_str_eq(text, wanted, "%s gives %s", json, text);
        cr_expect_eq(length, strlen(wanted));
    }
    free(exact);
}

Test(json_text, gives_scalars_as_they_would_stand_in_the_environment) {
    expect("{\"lifecycle\": \"off\"}", "lifecycle", "off");
    expect("\xef\xbb\xbf {\"deadline_ms\":1500}", "deadline_ms", "1500");
    expect("{\"a\": true ,\"b\":false}", "b", "false");
    expect("{\"state_dir\": \"\\/var\\/x \\\"\\\\\"}", "state_dir", "/var/x \"\\");
    expect("{\"a\": {\"b\": {\"c\": [1]}, \"d\": 2}}", "a.d", "2");
}

Test(json_text, gives_lists_with_commas) {
    expect("{\"exclude\": [\"a\", \"b*\" ,404]}", "exclude", "a,b*,404,");
    expect("{\"exclude\": []}", "exclude", NULL);
    expect("{\"exclude\": \"a,b\"}", "exclude", "a,b");
    expect("{\"exclude\": [\"a\", [\"b\"]]}", "exclude", NULL);
    expect("{\"exclude\": [\"a\" \"b\"]}", "exclude", NULL);
}

Test(json_text, finds_the_member_meant_and_the_last_of_its_name) {
    expect("{\"x\": {\"lifecycle\": \"all\"}, \"s\": \"\\\"lifecycle\\\": \", \"lifecycle\": \"off\"}", "lifecycle",
           "off");
    expect("{\"lifecycle\": \"all\", \"lifecycle\": \"off\"}", "lifecycle", "off");
    expect("{\"lifecycles\": \"all\"}", "lifecycle", NULL);
    expect("{\"a\": 1}", "a.b", NULL);
    expect("{\"a\": [{\"b\": 1}]}", "a.b", NULL);
}

Test(json_text, gives_nothing_for_what_it_cannot_say) {
    expect("{\"a\": null}", "a", NULL);
    expect("{\"a\": {}}", "a", NULL);
    expect("{\"a\": \"\"}", "a", NULL);
    expect("{\"a\": \"x\\u0041\"}", "a", NULL);
    expect("{\"a\": \"x\\n\"}", "a", NULL);
    expect("{\"a\": \"line\nbreak\"}", "a", NULL);
    expect("{\"a\": \"0123456789012345678901234567890\"}", "a", "0123456789012345678901234567890");
    expect("{\"a\": \"01234567890123456789012345678901\"}", "a", NULL);
}

Test(json_text, reads_nothing_outside_a_text_that_is_no_json) {
    static const char *const texts[] = {
        "",           "{",           "{\"",           "{\"a",      "{\"a\"",     "{\"a\":",     "{\"a\": ",
        "{\"a\": \"", "{\"a\": \"x", "{\"a\": \"x\\", "{\"a\": [", "{\"a\": [1", "{\"a\": [1,", "{\"a\": [\"",
        "{\"a\": }",  "{\"a\": ]",   "{\"a\": :",     "[\"a\"]",   "\xef\xbb",   "{\"a\" 1}",   "{a: 1}",
        "}}}}",       "{{{{{{",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        expect(texts[i], "a", strcmp(texts[i], "{\"a\": \"x") == 0 ? "x" : NULL);
}
