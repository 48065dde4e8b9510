/* The walk of a report that comes from the same place again and again is spared as long as nothing says that it is another. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

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
    for (unsigned i = 0; i < 2560; i++)
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
