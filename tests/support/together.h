/*
 * together.h: many processes that start their work at the same instant.
 */
#ifndef QMON_TEST_TOGETHER_H
#define QMON_TEST_TOGETHER_H

#define TOGETHER_MAX 64

/* Forks `count` processes, lets them loose at once when all are there, and waits for them. Each one's result is what
 * `body` returns for its number, 0 to 255; a process that dies otherwise gives -1. */
void run_together(unsigned count, int (*body)(unsigned number, void *context), void *context, int *ret_results);

#endif
