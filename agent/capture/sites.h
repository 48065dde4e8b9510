/*
 * sites.h: the stack walk of a call that has been made very often just so.
 *
 * After 64 reports in a row from one place of the program, with the same words, at the same depth, that gave the same key, the key is
 * taken for granted, but for every 256th report: as long as the return addresses above it are the same, as many as are kept and
 * lie in the page that the stack pointer is in (what lies behind may not be mapped). Texts that nobody can write to, where they
 * are the same, need not be read again.
 */
#ifndef QMON_CAPTURE_SITES_H
#define QMON_CAPTURE_SITES_H

#include <stdint.h>

#include "repeats.h"
#include "steps.h"

/* The key of such a report; 0: not known. *ret_words: its words' key (repeats.h) where it was needed, else 0. THREADS: of the calling
 * thread, whose signal handlers may do the same. */
uint64_t qmon__site_recall(const struct qmon__report_text *text, const struct qmon__report_place *place,
                           uint64_t *ret_words);

/* What a walk gave. trail: where its first return addresses lie. THREADS: as above. */
void qmon__site_note(const struct qmon__report_text *text, const struct qmon__report_place *place, uint64_t words,
                     uint64_t key, const struct qmon__trail *trail);

#endif
