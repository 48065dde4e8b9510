/*
 * identity.h: whose event it is: the process, its service, its host, its modules.
 */
#ifndef QMON_RECEIVER_IDENTITY_H
#define QMON_RECEIVER_IDENTITY_H

#include <stdint.h>

#include <qmon/config.h>
#include <qmon/event.h>
#include <qmon/record.h>

/* From a record's head. live_pid: the process, to be asked for what the record does not say; 0 it is gone. */
void qmon__identify_process(struct qmon_event *event, const struct qmon_record *record, uint32_t live_pid);
/* The machine's name, kind and kernel, and the container of a process (0: of our own). */
void qmon__identify_host(struct qmon_event *event, uint32_t live_pid);
/* From the configuration; after qmon__identify_process. */
void qmon__identify_service(struct qmon_event *event, const struct qmon_config *config);

/* The same for many events of one process: they share the texts, which belong to `from`, whose arena must outlive them. */
void qmon__identify_like(struct qmon_event *event, const struct qmon_event *from);

/* A deterministic id: the same event of the same record always gets the same, so that saving it twice saves it once.
 * what: "start", "crash", ...; number tells several of one kind apart. time_ns is the event's. */
void qmon__identify_event(struct qmon_event *event, const struct qmon_record *record, const char *what,
                          uint64_t number);

/* event->modules from the record's modules section, or from the text of a maps file (NUL-terminated). Executable mappings
 * of files only. */
void qmon__modules_of_record(struct qmon_event *event, const struct qmon_record_modules *modules);
void qmon__modules_of_maps(struct qmon_event *event, const char *maps);

/* Are all files that the event's frames lie in still the ones that were mapped? Compares with the record's devices and
 * inodes; false also when one cannot be looked at. */
bool qmon__modules_are_on_disk(const struct qmon_event *event, const struct qmon_record_modules *modules);

/* Looks for a container's id in the text of /proc/PID/cgroup or mountinfo: 64 hex digits. NULL none; borrowed from text,
 * exactly 64 bytes long. */
const char *qmon__find_container_id(const char *text);

#endif
