#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "sample_event.h"
#include "slack_limits.h"
#include "slack_render.h"

static struct sample sample;

static char *render_as(const char *channel, bool plain) {
    struct qmon__slack_render_options options = {.channel = channel, .plain = plain};
    char *json = qmon__slack_render(&sample.event, &options), problem[256] = "";

    cr_assert_not_null(json);
    cr_assert(slack_limits_check(json, strlen(json), channel != NULL, problem, sizeof problem), "%s\n%s", problem,
              json);
    return json;
}

/* All texts of the message's blocks, each behind a mark for its place: "#header TEXT\n". */
static const char *shown(void) {
    static char text[40000];
    char *json = render_as("C012345", false);
    struct json_object *root = json_tokener_parse(json), *blocks = json_object_object_get(root, "blocks");
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < json_object_array_length(blocks); i++) {
        struct json_object *block = json_object_array_get_idx(blocks, i);
        const char *type = json_object_get_string(json_object_object_get(block, "type"));
        struct json_object *one = json_object_object_get(block, "text");
        struct json_object *list = json_object_object_get(block, "fields");
        list = list ? list : json_object_object_get(block, "elements");
        if (one)
            used += (size_t) snprintf(text + used, sizeof text - used, "#%s %s\n", type,
                                      json_object_get_string(json_object_object_get(one, "text")));
        for (size_t k = 0; list && k < json_object_array_length(list); k++)
            used += (size_t) snprintf(
                text + used, sizeof text - used, "#%s-%zu %s\n", type, k,
                json_object_get_string(json_object_object_get(json_object_array_get_idx(list, k), "text")));
    }
    json_object_put(root);
    free(json);
    return text;
}

static char *member_of(const char *json, const char *name) {
    struct json_object *root = json_tokener_parse(json), *value = NULL;
    char *text = NULL;

    if (json_object_object_get_ex(root, name, &value))
        text = strdup(json_object_get_string(value));
    json_object_put(root);
    return text;
}

Test(slack_render, a_crash_reads_from_what_to_where_to_who, .timeout = 10) {
    sample_crash(&sample);
    sample_trace(&sample);
    cr_assert_str_eq(
        shown(),
        "#header \xf0\x9f\x94\xb4 SIGSEGV in parse_header (http.c:212)\n"
        "#section Read of address 0x8: a null pointer was dereferenced, 8 bytes into what it should point to.\nrdi is 0\n"
        "#section *Where*  `trim (/srv/build/src/text.h:31)` in `checkout`\n*How often*  first alert\n"
        "#section-0 *Service*\n`checkout`\n"
        "#section-1 *Stage*\n`production`\n"
        "#section-2 *Version*\n`1.4.2`\n"
        "#section-3 *Host*\n`web-7`\n"
        "#section-4 *Process*\npid `4711` `checkout --port 8080`\n"
        "#section-5 *Signal*\n`SIGSEGV` `SEGV_MAPERR` at `0x8`\n"
        "#section *Trace*  of thread `worker`\n```\n"
        "… 2 libc frames (__strlen_avx2 … vfprintf)\n"
        "#2  trim (text.h:31) [inlined]\n#2  parse_header (http.c:212)\n#3  serve (http.c:507)\n#4  main (main.c:88)\n"
        "… 3 libc frames (__libc_start_call_main … _start)\n```\n"
        "#context-0 <!date^1732104241^{date_short_pretty} {time_secs}|2024-11-20 12:04:01 UTC> · "
        "`qmon show 01934a1c-7e10-7a2b-8c3d-4e5f60718293` · fingerprint `00112233445566778899aabbccddeeff`\n");
}

Test(slack_render, shows_the_source_around_the_origin, .timeout = 10) {
    static const char *lines[] = {"char *trim(char *text) {", "    while (*text == ' ' && n < 3)",
                                  "        text++; /* ``` */"};
    sample_crash(&sample);
    sample_trace(&sample);
    sample.event.source.first_line = 30;
    sample.event.source.lines = lines;
    sample.event.source.line_count = 3;
    const char *text = shown();
    cr_assert_not_null(strstr(text, "#section ```\n  30 | char *trim(char *text) {\n&gt; 31 |     while"), "%s", text);
    cr_expect_not_null(strstr(text, "n &lt; 3)"), "%s", text);
    char *json = render_as("C012345", false), problem[256];
    cr_expect(slack_limits_check(json, strlen(json), true, problem, sizeof problem), "%s", problem);
    free(json);
}

Test(slack_render, tells_how_often, .timeout = 10) {
    sample_crash(&sample);
    sample.event.occurrences.suppressed = 19;
    sample.event.occurrences.total = 20;
    sample.event.occurrences.first_seen_ns = 1732104180000000000;
    cr_assert_not_null(strstr(shown(), "*How often*  and 19 more since the last alert (suppressed), first seen "
                                       "<!date^1732104180^{date_short_pretty} {time_secs}|2024-11-20 12:03:00 UTC>\n"));
    char *json = render_as(NULL, false), *text = member_of(json, "text");
    cr_assert_str_eq(
        text, "\xf0\x9f\x94\xb4 SIGSEGV in parse_header (http.c:212) — checkout (production) on web-7 — and 19 more");
    free(json);
    free(text);
    sample.event.occurrences.suppressed = 0;
    cr_assert_not_null(strstr(shown(), "*How often*  20 times in this window, first seen "));
    sample.event.occurrences.total = 1;
    cr_assert_not_null(strstr(shown(), "*How often*  first alert of this window, first seen "));
}

Test(slack_render, an_error_shows_endpoint_user_and_extras, .timeout = 10) {
    sample_error(&sample);
    const char *text = shown();
    cr_assert_not_null(strstr(text, "#header \xf0\x9f\x9f\xa0 404 at /api/users\n#section User not found\n"));
    cr_assert_not_null(strstr(text, "*Code*\n`404`\n"));
    cr_assert_not_null(strstr(text, "*Endpoint*\n`/api/users`\n"));
    cr_assert_not_null(strstr(text, "*User*\n`u-17`\n"));
    cr_assert_not_null(strstr(text, "#section *Extra*\n```\norder = A-1993\namount = 12.50\n```\n"));
}

Test(slack_render, a_start_is_one_line_and_a_footer, .timeout = 10) {
    sample_startup(&sample);
    cr_assert_str_eq(shown(), "#section \xf0\x9f\x9f\xa2 `checkout` `1.4.2` *started* on `web-7` in `production`\n"
                              "#context-0 pid `4711` `checkout --port 8080`\n"
                              "#context-0 <!date^1732104241^{date_short_pretty} {time_secs}|2024-11-20 12:04:01 UTC> · "
                              "`qmon show 01934a1c-7e10-7a2b-8c3d-4e5f60718293`\n");
    sample.event.lifecycle.phase = "shutdown";
    sample.event.lifecycle.reason = "exit status 0";
    sample.event.lifecycle.uptime_ns = 200000000000;
    cr_assert_not_null(strstr(shown(), "⚪ `checkout` `1.4.2` *stopped* on `web-7` in `production`: `exit status 0`\n"
                                       "#context-0 pid `4711` `checkout --port 8080` · ran for 3 min 20 s\n"));
}

Test(slack_render, says_nothing_that_says_nothing, .timeout = 10) {
    sample_crash(&sample);
    sample.event.service.version = "unknown";
    sample.event.service.instance = "web-7:4711";
    const char *text = shown();
    cr_assert_null(strstr(text, "*Version*"));
    cr_assert_null(strstr(text, "*Instance*"));
    sample.event.service.instance = "blue";
    cr_assert_not_null(strstr(shown(), "*Instance*\n`blue`\n"));
    sample_startup(&sample);
    char *json = render_as(NULL, false), *line = member_of(json, "text");
    cr_assert_str_eq(line, "\xf0\x9f\x9f\xa2 checkout started (production) on web-7");
    free(json);
    free(line);
}

Test(slack_render, an_exit_without_a_trace_has_no_empty_block, .timeout = 10) {
    sample_startup(&sample);
    sample.event.kind = QMON_KIND_EXIT;
    sample.event.severity = QMON_SEVERITY_ERROR;
    sample.event.title = "backup.sh exited with status 3";
    sample.event.message = NULL;
    sample.event.exit.present = true;
    sample.event.exit.status = 3;
    const char *text = shown();
    cr_assert_not_null(strstr(text, "*Exit status*\n`3`\n"));
    cr_assert_null(strstr(text, "Trace"));
    cr_assert_null(strstr(text, "Where"));
}

Test(slack_render, an_event_that_knows_nothing_is_still_a_message, .timeout = 10) {
    for (int kind = QMON_KIND_CRASH; kind <= QMON_KIND_LIFECYCLE; kind++) {
        memset(&sample, 0, sizeof sample);
        sample.event.kind = (enum qmon_kind) kind;
        sample.event.origin = SIZE_MAX;
        free(render_as("C1", false));
        free(render_as("C1", true));
        free(render_as(NULL, false));
    }
}

Test(slack_render, text_from_outside_stays_text, .timeout = 10) {
    sample_crash(&sample);
    sample_frame(&sample, QMON_ROLE_APP, "operator<< <char>```<!channel>", "a`b.c", 1);
    sample.event.title = "<!channel> & <@U1> :fire:";
    sample.event.message = "see <https://evil.example|here> *bold* `code`";
    sample.event.service.name = "a`b`";
    const char *text = shown();
    cr_assert_not_null(strstr(text, "#header \xf0\x9f\x94\xb4 &lt;!channel&gt; &amp; &lt;@U1&gt; :fire:\n"));
    cr_assert_not_null(strstr(text, "#section see &lt;https://evil.example|here&gt; *bold* `code`\n"));
    cr_assert_not_null(strstr(text, "*Service*\n`aˋbˋ`\n"));
    cr_assert_not_null(strstr(text, "```\n#0  operator&lt;&lt; &lt;char&gt;ˋˋˋ&lt;!channel&gt; (aˋb.c:1)\n```\n"));
}

Test(slack_render, a_hostile_event_stays_within_the_limits, .timeout = 30) {
    sample_hostile(&sample);
    static const enum qmon_kind kinds[] = {QMON_KIND_CRASH, QMON_KIND_EXIT, QMON_KIND_ERROR, QMON_KIND_LIFECYCLE};
    for (size_t i = 0; i < 4; i++) {
        sample.event.kind = kinds[i];
        sample.event.lifecycle.phase = sample.event.lifecycle.reason = sample.event.title;
        sample.event.lifecycle.uptime_ns = UINT64_MAX;
        char *json = render_as("C1", false);
        cr_assert_lt(strlen(json), 40000);
        free(json);
        free(render_as("C1", true));
    }
}

Test(slack_render, five_hundred_long_names_are_cut_to_what_fits, .timeout = 30) {
    static char names[512][3072];

    sample_crash(&sample);
    for (int i = 0; i < 512; i++) {
        memset(names[i], 'a' + i % 26, sizeof names[i] - 1);
        snprintf(names[i], 16, "f%d_", i);
        names[i][strlen(names[i])] = '_';
        sample_frame(&sample, QMON_ROLE_APP, names[i], "long.c", (uint32_t) i);
    }
    const char *text = shown(), *trace = strstr(text, "*Trace*");
    cr_assert_not_null(trace);
    cr_assert_not_null(strstr(trace, " frames left out\n"), "%s", trace);
    cr_assert_not_null(strstr(trace, "#0  f0_"));
    cr_assert_not_null(strstr(trace, "#511 f511_"));
}

Test(slack_render, a_long_message_ends_with_an_ellipsis, .timeout = 10) {
    static char words[9000];

    memset(words, '&', sizeof words - 1);
    sample_crash(&sample);
    sample.event.title = sample.event.message = words;
    sample.event.cause.detail = NULL;
    sample.event.message = words + 1;
    const char *text = shown();
    cr_assert_not_null(strstr(text, "&amp;…\n"));
    cr_assert_not_null(strstr(text, "#header "));
}

Test(slack_render, plain_text_holds_the_same_without_blocks, .timeout = 10) {
    sample_crash(&sample);
    sample_trace(&sample);
    char *json = render_as(NULL, true), *text = member_of(json, "text");
    cr_assert_null(member_of(json, "blocks"));
    cr_assert_null(member_of(json, "channel"));
    cr_assert_str_eq(text,
                     "\xf0\x9f\x94\xb4 SIGSEGV in parse_header (http.c:212) — checkout (production) on web-7\n"
                     "Read of address 0x8: a null pointer was dereferenced, 8 bytes into what it should point to.\n"
                     "rdi is 0\nWhere: trim (/srv/build/src/text.h:31)\n"
                     "Event 01934a1c-7e10-7a2b-8c3d-4e5f60718293, 2024-11-20 12:04:01 UTC\n\n"
                     "… 2 libc frames (__strlen_avx2 … vfprintf)\n#2  trim (text.h:31) [inlined]\n"
                     "#2  parse_header (http.c:212)\n#3  serve (http.c:507)\n#4  main (main.c:88)\n"
                     "… 3 libc frames (__libc_start_call_main … _start)");
    free(json);
    free(text);
}

Test(slack_render, nothing_in_it_unfurls, .timeout = 10) {
    sample_startup(&sample);
    char *json = render_as("C1", false);
    static const char *const names[] = {"unfurl_links", "unfurl_media", "mrkdwn"};
    for (size_t i = 0; i < 3; i++) {
        char *value = member_of(json, names[i]);
        cr_assert_str_eq(value, "false", "%s", names[i]);
        free(value);
    }
    free(json);
}

Test(slack_limits, the_checker_sees_what_slack_would_refuse, .timeout = 10) {
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"channel\":\"C\"}",
        "{\"channel\":\"C\",\"text\":\"\"}",
        "{\"channel\":\"C\",\"text\":\"<!channel>\"}",
        "{\"channel\":\"C\",\"text\":\"a & b\"}",
        "{\"channel\":\"C\",\"text\":\"x\",\"blocks\":[]}",
        "{\"channel\":\"C\",\"text\":\"x\",\"blocks\":[{\"type\":\"header\",\"text\":{\"type\":\"mrkdwn\",\"text\":\"x\"}}]}",
        "{\"channel\":\"C\",\"text\":\"x\",\"blocks\":[{\"type\":\"section\"}]}",
        "{\"channel\":\"C\",\"text\":\"x\",\"blocks\":[{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":\"```x\"}}]}",
        "{\"channel\":\"C\",\"text\":\"x\",\"blocks\":[{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":\"<@U1>\"}}]}",
        "{\"channel\":\"C\",\"text\":\"x\",\"blocks\":[{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":\"\"}}]}",
        "{\"channel\":\"C\",\"text\":\"x\",\"blocks\":[{\"type\":\"section\",\"fields\":[]}]}",
        "{\"channel\":\"C\",\"text\":\"x\",\"blocks\":[{\"type\":\"image\"}]}",
    };
    char problem[256];

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_not(slack_limits_check(bad[i], strlen(bad[i]), true, problem, sizeof problem), "%s", bad[i]);
    static const char fine[] =
        "{\"channel\":\"C\",\"text\":\"x &amp; y\",\"blocks\":[{\"type\":\"section\",\"text\":{\"type\":"
        "\"mrkdwn\",\"text\":\"`a` <!date^1^{date}|x>\"}}]}";
    cr_assert(slack_limits_check(fine, sizeof fine - 1, true, problem, sizeof problem), "%s", problem);
    cr_assert_not(slack_limits_check(fine, sizeof fine - 1, false, problem, sizeof problem));
}
