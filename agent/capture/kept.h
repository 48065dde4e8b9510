/*
 * kept.h: what a start copies and later steps read: the receiver's environment, and the texts of who this process is. They stand
 * together, in one page for most processes, because each page costs a start as much as several system calls, and 4 KiB.
 *
 * Written by the constructor alone, before there are threads of ours; read by everybody, the child of a fork too.
 */
#ifndef QMON_CAPTURE_KEPT_H
#define QMON_CAPTURE_KEPT_H

#include <stddef.h>

#define QMON__KEPT_BYTES (40u * 1024u)

/* Forgets what is there. */
void qmon__kept_begin(void);

/* Room for so many bytes, which are zero, behind what has been taken; NULL where there is not that much left. It is taken in part or
 * whole by the next call. */
char *qmon__kept_room(size_t bytes);
void qmon__kept_take(size_t bytes);

#endif
