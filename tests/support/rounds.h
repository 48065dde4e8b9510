/*
 * rounds.h: how often a test tries what is a matter of chance.
 */
#ifndef QMON_TEST_ROUNDS_H
#define QMON_TEST_ROUNDS_H

/* As often as that; a fifth of it under AddressSanitizer, where a process costs ten times as much, and what is looked for is not who
 * comes first, but what anybody does to memory. */
static inline unsigned rounds_of(unsigned wanted) {
#if defined(__SANITIZE_ADDRESS__)
    return wanted / 5;
#else
    return wanted;
#endif
}

#endif
