/*
 * near.h: the word that another one may have been meant for.
 */
#ifndef QMON__CONFIG_NEAR_H
#define QMON__CONFIG_NEAR_H

#include <stddef.h>

#define QMON__NEAR_CHANGES 3u /* more of them make another word */

/* The nearest of `known`; NULL where none is near. */
const char *qmon__near_word(const char *word, const char *const *known, size_t known_count);

#endif
