/* The walk of a report that comes from the same place again and again is spared as long as nothing says that it is another. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"
#include "record_file.h"
#include "sites.h"

TestSuite(sites, .timeout = 60);

#define ENOUGH 65 /* notes: the first, and 64 that say the same */
#define KEY 4711

static _Alignas(4096) uintptr_t page[512];
static char buffer[] = "it did not work";
static struct qmon__report_place place;
static struct qmon__trail trail;

static struct qmon__report_text fixed_text(void) {
    return (struct qmon__report_text){2, "500", "/pay", NULL, "it did not work", NULL};
}

static struct qmon__report_text written_text(void) {
    return (struct qmon__report_text){2, "500", "/pay", NULL, buffer, NULL};
}

static void note(const struct qmon__report_text *text, unsigned times) {
    while (times-- > 0)
        qmon__site_note(text, &place, qmon__words_key(text), KEY, &trail);
}

static uint64_t recall(const struct qmon__report_text *text) {
    uint64_t words;
    return qmon__site_recall(text, &place, &words);
}

/* A stack with three return addresses, of which the first is the agent's own. */
static void begin(void) {
    place = (struct qmon__report_place){fixed_text, page + 4};
    trail = (struct qmon__trail){{(uintptr_t) &page[2], (uintptr_t) &page[8], (uintptr_t) &page[16]}, 3};
    for (size_t i = 0; i < 512; i++)
        page[i] = 1000 + i;
}

Test(sites, are_known_after_64_reports_that_say_the_same, .init = begin) {
    const struct qmon__report_text text = fixed_text();
    note(&text, ENOUGH - 1);
    cr_assert_eq(recall(&text), 0);
    note(&text, 1);
    cr_assert_eq(recall(&text), KEY);
}

Test(sites, are_walked_again_now_and_then, .init = begin) {
    const struct qmon__report_text text = fixed_text();
    unsigned walks = 0;
    note(&text, ENOUGH);
    for (unsigned i = 0; i < 10 * QMON__SITE_WALK; i++)
        if (recall(&text) == 0) {
            note(&text, 1);
            walks++;
        }
    cr_assert_geq(walks, 9);
    cr_assert_leq(walks, 11);
}

Test(sites, are_others_with_another_return_address_above, .init = begin) {
    const struct qmon__report_text text = fixed_text();
    note(&text, ENOUGH);
    page[16]++;
    cr_assert_eq(recall(&text), 0);
    page[16]--;
    page[17]++; /* no return address */
    page[2]++;  /* the agent's own */
    cr_assert_eq(recall(&text), KEY);
}

Test(sites, are_others_at_another_depth_or_from_another_call, .init = begin) {
    const struct qmon__report_text text = fixed_text();
    note(&text, ENOUGH);
    place.stack_pointer = page + 5;
    cr_assert_eq(recall(&text), 0);
    place = (struct qmon__report_place){written_text, page + 4};
    cr_assert_eq(recall(&text), 0);
    place.return_address = fixed_text;
    cr_assert_eq(recall(&text), KEY);
}

Test(sites, are_others_with_other_words, .init = begin) {
    struct qmon__report_text text = fixed_text();
    static const char *const extras[] = {"order", "17", NULL};
    note(&text, ENOUGH);
    text.severity = 3;
    cr_assert_eq(recall(&text), 0);
    text = fixed_text();
    text.user_id = "4711";
    cr_assert_eq(recall(&text), 0);
    text = fixed_text();
    text.extras = extras;
    cr_assert_eq(recall(&text), 0);
    text = fixed_text();
    cr_assert_eq(recall(&text), KEY);
}

Test(sites, read_texts_that_may_have_been_written_to, .init = begin) {
    const struct qmon__report_text text = written_text(), same_words = fixed_text();
    note(&text, ENOUGH);
    cr_assert_eq(recall(&text), KEY);
    cr_assert_eq(recall(&same_words), KEY);
    buffer[0]++;
    cr_assert_eq(recall(&text), 0);
    cr_assert_eq(recall(&same_words), KEY);
}

Test(sites, do_not_read_texts_of_the_program_s_own_until_a_module_has_gone, .init = begin) {
    const struct qmon__report_text text = fixed_text();
    uint64_t words;
    note(&text, ENOUGH);
    cr_assert_eq(qmon__site_recall(&text, &place, &words), KEY);
    cr_assert_eq(words, 0);
    qmon__steps_forget();
    cr_assert_eq(qmon__site_recall(&text, &place, &words), KEY);
    cr_assert_eq(words, qmon__words_key(&text));
}

Test(sites, are_not_known_by_a_stack_of_which_too_little_lies_in_the_page, .init = begin) {
    const struct qmon__report_text text = fixed_text();
    place.stack_pointer = page + 15;
    note(&text, 10 * ENOUGH);
    cr_assert_eq(recall(&text), 0);
}

/* A report of the key waits in the ring at this turn. */
static struct qmon_ring_slot *offer(uint32_t turn, uint64_t key) {
    struct qmon_record_ring *const ring = &qmon__agent.record->ring;
    struct qmon_ring_slot *const slot = &ring->slots[turn % QMON_RING_SLOTS];
    qmon__repeats_own();
    qmon__repeats_begin(slot, turn, key);
    atomic_store(&slot->sequence, turn + 1);
    qmon__repeats_offer(turn, key);
    return slot;
}

static bool counts(const struct qmon__report_text *text) {
    return qmon__site_counts(*text, place);
}

static void begin_counting(void) {
    const struct qmon__report_text text = fixed_text();
    begin();
    qmon__agent.record = &qmon__spare_record;
    note(&text, ENOUGH);
    offer(7, KEY);
    qmon__site_counted(KEY, &qmon__agent.record->ring, 7);
}

static unsigned counted(uint32_t turn) {
    return atomic_load(&qmon__agent.record->ring.slots[turn % QMON_RING_SLOTS].repeats) & QMON_REPEATS_COUNT;
}

Test(sites, are_counted_where_the_first_report_waits_but_for_a_walk_now_and_then, .init = begin_counting) {
    const struct qmon__report_text text = fixed_text();
    unsigned others = 0;
    for (unsigned i = 0; i < QMON__SITE_WALK; i++)
        others += !counts(&text);
    cr_expect_gt(others, 0);
    cr_expect_eq(counted(7), QMON__SITE_WALK - others);
}

Test(sites, are_not_counted_for_another_call_or_words_or_stack, .init = begin_counting) {
    struct qmon__report_text text = written_text();
    cr_expect_not(counts(&text));
    text = fixed_text();
    text.severity = 3;
    cr_expect_not(counts(&text));
    text = fixed_text();
    page[8]++;
    cr_expect_not(counts(&text));
    page[8]--;
    place.stack_pointer = page + 5;
    cr_expect_not(counts(&text));
    cr_expect_eq(counted(7), 0);
    place.stack_pointer = page + 4;
    cr_expect(counts(&text));
    cr_expect_eq(counted(7), 1);
}

Test(sites, are_not_counted_where_the_slot_was_closed_or_filled_anew, .init = begin_counting) {
    const struct qmon__report_text text = fixed_text();
    atomic_fetch_or(&qmon__agent.record->ring.slots[7].repeats, QMON_REPEATS_CLOSED);
    cr_expect_not(counts(&text));
    cr_expect_eq(counted(7), 0);
    offer(7 + QMON_RING_SLOTS, KEY + 1);
    cr_expect_not(counts(&text));
    cr_expect_eq(counted(7), 0);
}

Test(sites, are_not_counted_for_a_signal_handler_that_reported_meanwhile, .init = begin_counting) {
    const struct qmon__report_text text = fixed_text(), other = written_text();
    qmon__site_note(&other, &place, qmon__words_key(&other), KEY + 1, &trail);
    qmon__site_counted(KEY, &qmon__agent.record->ring, 7); /* what was interrupted goes on */
    cr_expect_not(counts(&text));
    cr_expect_not(counts(&other));
    cr_expect_eq(counted(7), 0);
}

Test(sites, are_not_counted_in_another_record_or_the_child_of_a_fork, .init = begin_counting) {
    const struct qmon__report_text text = fixed_text();
    static struct qmon_record another;
    int status;
    qmon__agent.record = &another;
    cr_expect_not(counts(&text));
    qmon__agent.record = &qmon__spare_record;
    const pid_t child = fork();
    if (child == 0)
        _exit(counts(&text));
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_expect_eq(status, 0);
    cr_expect(counts(&text));
}
