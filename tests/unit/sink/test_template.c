/*
 * Alerts in the operator's own words: what stands where a field was, for each markup, and what a message then looks like.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include <qmon/template.h>

#include "channel_case.h"
#include "sink_case.h"
#include "template.h"
#include "words.h"

static struct sink_case it;
static struct qmon_templates templates;
static char text[5000];
static struct qmon_event *made; /* the sample with memory of its own, which templates need */

TestSuite(template, .timeout = 30);

static void own_memory(void) {
    const char *problem = NULL;
    char *json = qmon_event_to_json(&it.sample.event);

    made = qmon_event_from_json(json, strlen(json), &problem);
    cr_assert_not_null(made, "%s", problem);
    it.sample.event = *made;
    free(json);
}

static void end(void) {
    *made = it.sample.event;
    qmon_event_free(made);
    sink_case_end(&it);
}

static struct qmon_event *fill(const char *channel, const char *title, const char *body) {
    struct qmon_event *event = &it.sample.event;

    templates = (struct qmon_templates){0};
    templates.everywhere[QMON_TEMPLATE_ANY_KIND] = (struct qmon_template){(char *) title, (char *) body};
    it.config->templates = &templates;
    qmon__fill_templates(event, it.config, qmon_sink_by_name(channel));
    it.config->templates = NULL; /* which is not the configuration's to free */
    return event;
}

static void begin(const char *const *lines) {
    sink_case_begin(&it, HTTP_TLS_NONE, "ok");
    sink_case_configure(&it, lines);
    own_memory();
}

static const char *const mattermost[] = {"MATTERMOST_WEBHOOK_URL=@hooks/x", NULL};
static const char *const slack[] = {"SLACK_WEBHOOK_URL=@services/x", NULL};

Test(template, fields_stand_where_they_were_named) {
    begin(mattermost);
    it.sample.event.host.name = "web-7";
    it.sample.event.service.stage = NULL;
    struct qmon_event *event = fill("mattermost", "{{ host.name }}: {{code}} ({{service.stage|no stage}})",
                                    "{{process.pid}} {{severity}}\n{{what}}");
    cr_expect_str_eq(event->told.title, "web-7: SIGSEGV (no stage)");
    snprintf(text, sizeof text, "%u critical\n", event->process.pid);
    cr_expect_eq(strncmp(event->told.body, text, strlen(text)), 0, "%s", event->told.body);
    end();
}

Test(template, values_are_no_markup_of_slack) {
    begin(slack);
    it.sample.event.host.name = "<!channel> & `co`";
    struct qmon_event *event = fill("slack", "{{host.name}}", "*Host* {{host.name}}");
    cr_expect_str_eq(event->told.body, "*Host* &lt;!channel&gt; &amp; 'co'");
    cr_expect_str_eq(event->told.title, "<!channel> & `co`", "the title is plain text, escaped where it is put");
    end();
}

Test(template, a_body_is_all_that_a_chat_shows) {
    begin(mattermost);
    fill("mattermost", "Ouch: {{code}}", "line one\nline two on {{host.name|somewhere}}");
    cr_assert_eq(sink_case_deliver(&it, "mattermost", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    struct json_object *body = channel_body(&it);
    const char *all = json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    cr_expect_not_null(strstr(all, "Ouch: SIGSEGV"), "%s", all);
    cr_expect_not_null(strstr(all, "line one\\nline two on"), "%s", all);
    cr_expect_null(strstr(all, "#0"), "no trace: %s", all);
    json_object_put(body);
    end();
}

Test(template, a_long_body_in_slack_keeps_its_code_together_and_its_limits) {
    char *at = text;

    begin(slack);
    at += sprintf(at, "before\n```\n");
    for (int i = 0; i < 150; i++)
        at += sprintf(at, "row %d of what &lt;is&gt; shown\n", i);
    strcpy(at, "```\nafter");
    fill("slack", NULL, text);
    cr_assert_eq(sink_case_deliver(&it, "slack", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    struct json_object *body = channel_body(&it), *blocks = channel_at(body, "blocks");
    size_t sections = 0;
    for (size_t i = 0; i < json_object_array_length(blocks); i++) {
        struct json_object *block = json_object_array_get_idx(blocks, i);
        if (strcmp(channel_text(block, "type"), "section") != 0)
            continue;
        const char *words = channel_text(channel_at(block, "text"), "text");
        size_t fences = 0;
        for (const char *fence = words; (fence = strstr(fence, "```")); fence += 3)
            fences++;
        cr_expect_eq(fences % 2, 0, "%s", words);
        cr_expect_leq(strlen(words), 3000);
        sections++;
    }
    cr_expect_geq(sections, 2);
    json_object_put(body);
    end();
}

Test(template, texts_are_cut_behind_lines_and_words_and_never_in_a_character_or_entity) {
    cr_expect_eq(qmon__words_cut("one two three\nfour five six", 20), 13);
    cr_expect_eq(qmon__words_cut("one two three four five six", 20), 18);
    cr_expect_eq(qmon__words_cut("0123456789abcdefghij", 17), 17);
    cr_expect_eq(qmon__words_cut("0123456789abcde\xf0\x9f\x98\x80xy", 17), 15);
    cr_expect_eq(qmon__words_cut("0123456789abcde\xf0\x9f\x98\x80xy", 19), 19);
    cr_expect_eq(qmon__words_cut("0123456789abcd&amp;xy", 17), 14);
    cr_expect_eq(qmon__words_cut("0123456789abcd&amp;xy", 18), 14);
    cr_expect_eq(qmon__words_cut("0123456789abcd&amp;xy", 19), 19);
}

/* Names below "report.extra" are the program's own, so that a template may ask for anything there. */
Test(template, what_is_no_list_has_no_items) {
    begin(mattermost);
    struct qmon_pair extra[] = {{"a", "text"}, {"b[0]", "by its whole name"}, {"c.d", "dotted"}};
    it.sample.event.report.extra = extra;
    it.sample.event.report.extra_count = 3;
    struct qmon_event *event =
        fill("mattermost",
             "{{report.extra.a[0]|none}} {{report.extra.a[|none}} {{report.extra.[0]|none}} {{report.extra.a.b|none}}",
             "{{report.extra.b[0]}}, {{report.extra.c.d}}, {{threads[9].name|no such thread}}");
    cr_expect_str_eq(event->told.title, "none none none none");
    cr_expect_str_eq(event->told.body, "by its whole name, dotted, no such thread");
    end();
}

Test(template, what_cannot_be_said_leaves_the_channels_own_words) {
    begin(mattermost);
    struct qmon_event *event = fill("mattermost", "{{report.user_id}}", "{{report.user_id}}");
    event->report.user_id = NULL;
    event = fill("mattermost", "{{report.user_id}}", "{{report.user_id}}");
    cr_expect_null(event->told.title);
    cr_expect_null(event->told.body);
    event = fill("file", "title", "body");
    cr_expect_null(event->told.title, "a file has the event itself");
    end();
}
