/*
 * Which channels an event goes to: by its route, by the least severity of a channel, and when nothing is said.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/routing.h>

#define BIT(channel) ((qmon_channels) 1 << QMON_CHANNEL_##channel)
#define CONFIGURED (BIT(slack) | BIT(email) | BIT(pagerduty) | BIT(file))

static struct qmon_event *event;
static struct qmon_route routes[3];
static struct qmon_routing routing;
static char *pattern_texts[QMON_ROUTE_FIELDS][4];

static void setup(void) {
    event = qmon_event_new(1);
    event->kind = QMON_KIND_CRASH;
    event->severity = QMON_SEVERITY_CRITICAL;
    event->code = "SIGSEGV";
    event->signal.number = 11;
    event->service.name = "payments";
    event->service.stage = "production";
    event->threads = qmon_event_alloc(event, sizeof *event->threads);
    event->threads[0].frames = qmon_event_alloc(event, sizeof *event->threads[0].frames);
    event->threads[0].frames[0] =
        (struct qmon_frame){.file = "/src/ledger/book.c", .module = "/opt/shop/libledger.so", .line = 4};
    event->threads[0].frame_count = event->thread_count = 1;
    event->origin = 0;
    for (size_t i = 0; i < 3; i++)
        routes[i] = (struct qmon_route){.severities = 0xf, .kinds = 0xf};
    routing = (struct qmon_routing){.routes = routes};
}

static void teardown(void) {
    qmon_event_free(event);
}

TestSuite(route, .init = setup, .fini = teardown, .timeout = 10);

/* The first route alone matches on this field. */
static bool matches(enum qmon_route_field field, const char *one, const char *other) {
    pattern_texts[field][0] = (char *) one;
    pattern_texts[field][1] = (char *) other;
    routes[0].patterns[field] = (struct qmon_patterns){pattern_texts[field], other != NULL ? 2 : 1};
    return qmon_route_matches(&routes[0], event);
}

Test(route, without_any_is_every_configured_channel) {
    cr_expect_eq(qmon_routed(NULL, event, CONFIGURED).channels, CONFIGURED);
    cr_expect_eq(qmon_routed(&routing, event, CONFIGURED).channels, CONFIGURED);
}

Test(route, that_matches_first_decides) {
    routing.route_count = 2;
    routes[0].channels = BIT(slack);
    routes[1].channels = BIT(email);
    cr_expect_eq(qmon_routed(&routing, event, CONFIGURED).channels, BIT(slack));
    routes[0].goes_on = true;
    cr_expect_eq(qmon_routed(&routing, event, CONFIGURED).channels, BIT(slack) | BIT(email));
    routes[0].kinds = 1u << QMON_KIND_EXIT;
    struct qmon_routed routed = qmon_routed(&routing, event, CONFIGURED);
    cr_expect_eq(routed.channels, BIT(email));
    cr_expect_eq(routed.route, &routes[1]);
}

Test(route, to_channels_that_are_not_configured_loses_nothing) {
    routing.route_count = 1;
    routes[0].channels = BIT(teams);
    struct qmon_routed routed = qmon_routed(&routing, event, CONFIGURED);
    cr_expect_eq(routed.channels, CONFIGURED);
    cr_expect(routed.stray);
    cr_expect_not(routed.muted);
}

Test(route, to_nowhere_is_meant) {
    routing.route_count = 1;
    struct qmon_routed routed = qmon_routed(&routing, event, CONFIGURED);
    cr_expect_eq(routed.channels, 0);
    cr_expect(routed.muted);
    cr_expect_not(qmon_routed(&routing, event, 0).muted, "there is no channel that could be kept from it");
}

Test(route, leaves_out_channels_that_want_it_more_severe) {
    event->severity = QMON_SEVERITY_ERROR;
    routing.least[QMON_CHANNEL_pagerduty] = QMON_SEVERITY_CRITICAL;
    struct qmon_routed routed = qmon_routed(&routing, event, CONFIGURED);
    cr_expect_eq(routed.channels, CONFIGURED & ~BIT(pagerduty));
    cr_expect_eq(routed.too_mild, BIT(pagerduty));
    event->kind = QMON_KIND_LIFECYCLE;
    event->severity = QMON_SEVERITY_INFO;
    event->lifecycle.problem = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    cr_expect_eq(qmon_routed(&routing, event, CONFIGURED).channels, CONFIGURED, "or its incident would stay open");
}

Test(route, matches_fields_by_patterns) {
    cr_expect(matches(QMON_ROUTE_SERVICE, "pay*", NULL));
    cr_expect_not(matches(QMON_ROUTE_SERVICE, "shop", "web*"));
    cr_expect(matches(QMON_ROUTE_SERVICE, "shop", "payments"));
    cr_expect_not(matches(QMON_ROUTE_SERVICE, "pay*", "!payments"));
    cr_expect(matches(QMON_ROUTE_SERVICE, "!shop", NULL));
    cr_expect(matches(QMON_ROUTE_STAGE, "production", NULL));
    cr_expect(matches(QMON_ROUTE_CODE, "SIG*", NULL));
    cr_expect(matches(QMON_ROUTE_CODE, "11", NULL));
    cr_expect_not(matches(QMON_ROUTE_CODE, "1", NULL));
}

Test(route, matches_the_file_where_it_happened) {
    cr_expect(matches(QMON_ROUTE_FILE, "*/ledger/*", NULL));
    cr_expect(matches(QMON_ROUTE_FILE, "book.c", NULL));
    cr_expect(matches(QMON_ROUTE_FILE, "libledger.so", NULL));
    cr_expect_not(matches(QMON_ROUTE_FILE, "ledger.c", NULL));
    event->thread_count = 0;
    event->process.executable = "/usr/bin/shop";
    cr_expect(matches(QMON_ROUTE_FILE, "shop", NULL));
}

Test(route, knows_nothing_of_what_an_event_does_not_say) {
    cr_expect_not(matches(QMON_ROUTE_ENDPOINT, "*", NULL));
    cr_expect(matches(QMON_ROUTE_ENDPOINT, "!/health", NULL));
    event->report.endpoint = "/health?deep=1";
    cr_expect_not(matches(QMON_ROUTE_ENDPOINT, "!/health", NULL));
    cr_expect(matches(QMON_ROUTE_ENDPOINT, "/health", NULL));
}
