/*
 * oom.h: did the OOM killer do it? What the kernel's log and the control group say.
 */
#ifndef QMON_RECEIVER_OOM_H
#define QMON_RECEIVER_OOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record_file.h"

/* Notes, early in a process's life, its control group and how often the OOM killer has struck there. */
void qmon__note_control_group(struct qmon__record_file *file, uint32_t live_pid);

/* True: the OOM killer took it; the text is the evidence, a sentence. */
bool qmon__killed_for_memory(struct qmon__record_file *file, char *ret_text, size_t bytes);

/* What a live process's control group uses, and the smallest limit of it and the groups around it. Untouched where it
 * cannot be told; no limit: 0. */
void qmon__group_memory(uint32_t live_pid, uint64_t *ret_used_bytes, uint64_t *ret_limit_bytes);

/* One line of /dev/kmsg: is it the OOM killer's account of process pid? *ret_us is its time since boot. */
bool qmon__kmsg_tells_of(const char *line, uint32_t pid, uint64_t *ret_us);
/* The count after "oom_kill " in memory.events or memory.oom_control; -1 none. */
int64_t qmon__oom_kills_in(const char *text);

#endif
