/*
 * bound.h: is this receiver bound by what it inherited from its host?
 */
#ifndef QMON_RECEIVER_BOUND_H
#define QMON_RECEIVER_BOUND_H

#include <stdbool.h>

/* A limit on files, descriptors or memory too tight to work with, or a system call filter that the first process of this
 * container does not have: what fails here may well work for whoever comes later. Asked once. */
bool qmon__is_bound(void);

/* Is there any such filter? */
bool qmon__is_filtered(void);

/* How many filters the text of a status file tells of; 1 for a kernel that only says that there are some. For tests, too. */
unsigned qmon__filters_in(const char *status);

#endif
