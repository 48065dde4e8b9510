/*
 * value.h: the values of options, from text.
 */
#ifndef QMON__CONFIG_VALUE_H
#define QMON__CONFIG_VALUE_H

#include <stddef.h>
#include <stdint.h>

#include <qmon/config.h>

#define QMON__TEXT_BYTES_MAX 8192u
#define QMON__LIST_ITEMS_MAX 512u
#define QMON__LIST_ITEM_BYTES_MAX 1024u
#define QMON__WHY_BYTES 160

/* Puts what `text` says into the option's field of `config`. White space around it does not count.
 * 0; -EINVAL: ret_why (QMON__WHY_BYTES) goes on from the value's mention: "is not a number"; it never holds the value.
 * -ENOMEM. The field is untouched on failure. */
int qmon__value_set(struct qmon_config *config, const struct qmon_option *option, const char *text, size_t bytes,
                    char *ret_why);
int qmon__value_set_count(struct qmon_config *config, const struct qmon_option *option, uint64_t value, char *ret_why);
void qmon__value_set_switch(struct qmon_config *config, const struct qmon_option *option, bool value);

/* Lists are built item by item and then put in place. An empty item is left out. */
int qmon__list_add(struct qmon_patterns *list, const char *text, size_t bytes, char *ret_why);
void qmon__list_clear(struct qmon_patterns *list);
void qmon__value_set_list(struct qmon_config *config, const struct qmon_option *option, struct qmon_patterns *list);

/* The value in effect, in words: "3600", "root", "nothing"; texts and lists that are not the default are not shown, since
 * people put credentials into the least likely of them. */
void qmon__value_show(const struct qmon_config *config, const struct qmon_option *option, char *ret_text, size_t bytes);

void qmon__value_free(struct qmon_config *config, const struct qmon_option *option);

#endif
