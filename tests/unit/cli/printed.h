/*
 * printed.h: what a function printed, as text.
 */
#ifndef QMON_TEST_CLI_PRINTED_H
#define QMON_TEST_CLI_PRINTED_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

struct printed {
    FILE *out;
    char *text;
    size_t bytes;
};

static inline void printed_begin(struct printed *printed) {
    printed->out = open_memstream(&printed->text, &printed->bytes);
    cr_assert_not_null(printed->out);
}

/* The text; to be freed. */
static inline char *printed_end(struct printed *printed) {
    fclose(printed->out);
    return printed->text;
}

#endif
