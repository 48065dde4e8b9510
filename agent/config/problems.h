/*
 * problems.h: the sentences that say what was wrong with the configuration.
 */
#ifndef QMON__CONFIG_PROBLEMS_H
#define QMON__CONFIG_PROBLEMS_H

#include <stddef.h>

#include <qmon/config.h>

#define QMON__PROBLEMS_MAX 64 /* the last one then says how many more there were */
#define QMON__QUOTED_BYTES 96

/* 0, or -ENOMEM. */
int qmon__problem(struct qmon_config *config, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Text for people: cut to fit, control characters and bytes that are not ASCII replaced by '?'. Returns ret_text. */
const char *qmon__printable(const char *text, size_t bytes, char *ret_text, size_t ret_bytes);

#endif
