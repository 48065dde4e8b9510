/* How often over the fleet, in words. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/event.h>
#include <qmon/render.h>

TestSuite(render_fleet, .timeout = 10);

static char text[QMON_RENDER_FLEET_BYTES];

Test(render_fleet, says_how_often_where_and_in_which_versions) {
    struct qmon_seen_version versions[] = {
        {"1.4.2", 1200, 1, 2}, {"1.4.1", 7, 1, 2}, {"1.4.0", 1, 1, 2}, {"1.3", 1, 1, 2}};
    struct qmon_event event = {0};

    cr_expect_not(qmon_render_fleet(&event, text, sizeof text));
    cr_expect_str_empty(text);
    event.occurrences.total = event.occurrences.fleet.total = 1;
    event.occurrences.fleet.hosts = 1;
    cr_expect_not(qmon_render_fleet(&event, text, sizeof text), "nothing new");
    cr_expect_str_eq(text, "1 in all on 1 host");
    event.occurrences.fleet.total = 1209;
    event.occurrences.fleet.hosts = 12;
    event.occurrences.fleet.versions = versions;
    event.occurrences.fleet.version_count = 2;
    cr_expect(qmon_render_fleet(&event, text, sizeof text));
    cr_expect_str_eq(text, "1,209 in all on 12 hosts; by version: 1.4.2 1,200, 1.4.1 7");
    event.occurrences.fleet.version_count = 4;
    event.occurrences.fleet.hosts = 1024;
    qmon_render_fleet(&event, text, sizeof text);
    cr_expect_str_eq(text,
                     "1,209 in all on 1,024 or more hosts; by version: 1.4.2 1,200, 1.4.1 7, 1.4.0 1, and 1 more");
}

Test(render_fleet, lets_no_control_character_through) {
    struct qmon_seen_version versions[] = {{"1\n\033[31m2", 1, 1, 2}, {NULL, 1, 1, 2}};
    struct qmon_event event = {0};

    event.occurrences.fleet.total = 2;
    event.occurrences.fleet.versions = versions;
    event.occurrences.fleet.version_count = 2;
    qmon_render_fleet(&event, text, sizeof text);
    cr_expect_null(strpbrk(text, "\n\033"), "%s", text);
}

Test(render_fleet, survives_the_json) {
    struct qmon_event *event = qmon_event_new(UINT64_C(1700000000000000000)), *again;
    struct qmon_seen_version *versions = qmon_event_alloc(event, 2 * sizeof *versions);
    const char *error;
    char *json;

    versions[0] = (struct qmon_seen_version){"1.4.2", 40, UINT64_C(1690000000000000000), UINT64_C(1700000000000000000)};
    versions[1] = (struct qmon_seen_version){"1.4.1", 7, UINT64_C(1600000000000000000), UINT64_C(1610000000000000000)};
    event->occurrences.fleet.total = 47;
    event->occurrences.fleet.hosts = 12;
    event->occurrences.fleet.versions = versions;
    event->occurrences.fleet.version_count = 2;
    json = qmon_event_to_json(event);
    cr_expect_not_null(
        strstr(json, "\"fleet\":{\"total\":47,\"hosts\":12,\"versions\":[{\"version\":\"1.4.2\",\"count\":40,"), "%s",
        json);
    again = qmon_event_from_json(json, strlen(json), &error);
    cr_assert_not_null(again);
    qmon_render_fleet(again, text, sizeof text);
    cr_expect_str_eq(text, "47 in all on 12 hosts; by version: 1.4.2 40, 1.4.1 7");
    cr_expect_eq(again->occurrences.fleet.versions[1].last_seen_ns, UINT64_C(1610000000000000000));
    free(json);
    qmon_event_free(event);
    qmon_event_free(again);
}
