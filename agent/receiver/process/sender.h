/* sender.h: which program sent a signal. */
#ifndef QMON_RECEIVER_SENDER_H
#define QMON_RECEIVER_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qmon/record.h>

#define QMON__SENDER_BYTES 96 /* room for a name */

/* The program of process `pid`, as the process of the record sees it, that sent a signal at this time (CLOCK_BOOTTIME; 0
 * unknown): "nginx", or "deploy.sh (bash)" where it does not call itself by the name of its file. False: it has gone, or
 * cannot be seen from here; another that has its pid now is not taken for it. */
bool qmon__sender_name(const struct qmon_record *record, uint32_t pid, uint64_t sent_boot_ns, char *ret_name,
                       size_t bytes);

#endif
