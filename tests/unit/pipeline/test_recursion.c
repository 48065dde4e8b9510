#include <signal.h>

#include <criterion/criterion.h>

#include "recursion.h"
#include "trace_case.h"

static struct qmon_event *event;
static struct qmon__recursion found;

static void close_event(void) {
    qmon_event_free(event);
    event = NULL;
}

static void open_event(void) {
    close_event();
    event = trace_crash(SIGSEGV, SEGV_MAPERR);
}

TestSuite(recursion, .init = open_event, .fini = close_event, .timeout = 10);

static bool find(void) {
    return qmon__recursion_find(event, &event->threads[0], &found);
}

Test(recursion, needs_three_rounds) {
    trace_app(event, "leaf f f main");
    cr_assert_not(find());
    open_event();
    trace_app(event, "leaf f f f main");
    cr_assert(find());
    cr_assert(found.at == 1 && found.period == 1 && found.taken == 3 && found.times == 3 && found.entry == 3);
}

Test(recursion, finds_the_shortest_period_and_where_it_was_entered) {
    trace_app(event, "g f g f g f g main");
    cr_assert(find());
    cr_assert(found.at == 0 && found.period == 2 && found.taken == 6 && found.times == 3);
    cr_assert_eq(found.entry, 6, "main called g");
}

Test(recursion, crosses_a_gap_in_any_phase) {
    trace_app(event, "g f g f f g f g main");
    event->threads[0].frames[3].omitted_after = 1001;
    cr_assert(find());
    cr_assert(found.at == 0 && found.period == 2 && found.taken == 8 && found.omitted == 1001 && found.entry == 7);
    cr_assert_eq(found.times, 505);
}

Test(recursion, does_not_cross_a_gap_into_something_else) {
    trace_app(event, "f f f f h h main");
    event->threads[0].frames[3].omitted_after = 1000;
    cr_assert(find());
    cr_assert(found.taken == 4 && found.omitted == 0 && found.times == 4);
}

Test(recursion, tells_functions_without_a_name_by_their_place) {
    for (int i = 0; i < 4; i++)
        trace_frame(event, QMON_ROLE_APP, NULL);
    cr_assert_not(find());
    for (int i = 0; i < 4; i++)
        event->threads[0].frames[i].offset = 0x1234;
    cr_assert(find());
}

Test(recursion, finds_none_in_an_empty_trace) {
    cr_assert_not(find());
}
