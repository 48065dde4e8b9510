#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <xxhash.h>

#include <qmon/pipeline.h>
#include <qmon/text.h>

#include "identity.h"
#include "procfs.h"

#define CONTAINER_ID_DIGITS 64u
#define CALLED_NAME_BYTES 64u

const char *qmon__find_container_id(const char *text) {
    for (const char *at = text; *at != '\0';) {
        size_t digits = strspn(at, "0123456789abcdef");
        if (digits == CONTAINER_ID_DIGITS && (at == text || !isalnum((unsigned char) at[-1])) &&
            !isalnum((unsigned char) at[digits]))
            return at;
        at += digits > 0 ? digits : 1;
    }
    return NULL;
}

static const char *container_id(struct qmon_event *event, uint32_t live_pid) {
    char text[16384];
    if (qmon__proc_read(live_pid, "cgroup", text, sizeof text) <= 0)
        return NULL;
    const char *found = qmon__find_container_id(text);
    /* A cgroup namespace hides it; the runtime's own mounts (resolv.conf, hostname) still show it. */
    if (found == NULL && strstr(text, ":/\n") != NULL &&
        qmon__proc_read(live_pid, "mountinfo", text, sizeof text) > 0) {
        const char *mounts = strstr(text, "/containers/");
        found = mounts != NULL ? qmon__find_container_id(mounts) : NULL;
    }
    return found != NULL ? qmon_event_text_n(event, found, CONTAINER_ID_DIGITS) : NULL;
}

void qmon__identify_host(struct qmon_event *event, uint32_t live_pid) {
    struct utsname names;
    if (uname(&names) == 0) {
        event->host.name = qmon_event_text(event, names.nodename);
        event->host.arch = qmon_event_text(event, names.machine);
        event->host.kernel = qmon_event_format(event, "%s %s", names.sysname, names.release);
        event->process.architecture = event->host.arch;
    }
    event->host.container_id = container_id(event, live_pid);
}

static void identify_owner(struct qmon_event *event, uint32_t live_pid) {
    char text[4096];
    if (live_pid == 0 || qmon__proc_read(live_pid, "status", text, sizeof text) <= 0)
        return;
    unsigned real, effective;
    const char *line = strstr(text, "\nUid:");
    if (line != NULL && sscanf(line, "\nUid: %u %u", &real, &effective) == 2)
        event->process.uid = effective;
    line = strstr(text, "\nGid:");
    if (line != NULL && sscanf(line, "\nGid: %u %u", &real, &effective) == 2)
        event->process.gid = effective;
}

static const char *executable_of(struct qmon_event *event, const struct qmon_record_process *process,
                                 uint32_t live_pid) {
    char path[4096];
    if (process->executable[0] != '\0' && strlen(process->executable) < QMON_PATH_BYTES - 1)
        return qmon_event_text(event, process->executable);
    if (live_pid != 0 && qmon__proc_link(live_pid, "exe", path, sizeof path) > 0)
        return qmon_event_text(event, path);
    return process->executable[0] != '\0' ? qmon_event_text(event, process->executable) : NULL;
}

/* What the program was called by: people know "redis-server", not the file that the link leads to. NULL where the first
 * argument does not look like a name. */
static const char *called_name(struct qmon_event *event, const struct qmon_record_process *process) {
    if (process->command_line_bytes == 0)
        return NULL;
    const char *name = process->command_line;
    size_t bytes = strnlen(name, process->command_line_bytes);
    for (size_t i = bytes; i > 0; i--)
        if (name[i - 1] == '/') {
            name += i;
            bytes -= i;
            break;
        }
    const size_t login = bytes > 1 && name[0] == '-'; /* how login shells are started */
    name += login;
    bytes -= login;
    for (size_t i = 0; i < bytes; i++)
        if (!isalnum((unsigned char) name[i]) && strchr("._+-", name[i]) == NULL)
            return NULL;
    return bytes >= 1 && bytes <= CALLED_NAME_BYTES && isalnum((unsigned char) name[0])
               ? qmon_event_text_n(event, name, bytes)
               : NULL;
}

void qmon__identify_process(struct qmon_event *event, const struct qmon_record *record, uint32_t live_pid) {
    const struct qmon_record_process *process = &record->process;
    event->process.pid = process->pid;
    event->process.parent_pid = process->parent_pid;
    event->process.uid = process->uid;
    event->process.gid = process->gid;
    event->process.root = (process->flags & QMON_PROCESS_ROOT) != 0;
    event->process.root_pid = process->root_pid;
    event->process.executable = executable_of(event, process, live_pid);
    if (process->command_line_bytes > 0)
        event->process.command_line =
            qmon_redact_command_line(event, process->command_line, process->command_line_bytes);
    event->service.name = called_name(event, process); /* until the configuration is asked */
    if (process->working_directory[0] != '\0')
        event->process.working_directory = qmon_event_text(event, process->working_directory);
    event->process.start_time_ns = process->created_real_ns;
    identify_owner(event, live_pid);
    qmon__identify_host(event, live_pid);
    if (process->note[0] != '\0')
        qmon_event_note(event, "%s", qmon_event_text(event, process->note));
}

void qmon__identify_service(struct qmon_event *event, const struct qmon_config *config) {
    const char *executable = event->process.executable;
    if (config->service != NULL && config->service[0] != '\0')
        event->service.name = qmon_event_text(event, config->service);
    else if (event->service.name == NULL)
        event->service.name = qmon_event_text(event, executable != NULL ? qmon_base_name(executable) : "unknown");
    if (config->version != NULL && config->version[0] != '\0')
        event->service.version = qmon_event_text(event, config->version);
    if (config->stage != NULL && config->stage[0] != '\0')
        event->service.stage = qmon_event_text(event, config->stage);
    const char *pod = getenv("POD_NAME");
    if (pod == NULL || pod[0] == '\0')
        pod = getenv("HOSTNAME");
    event->service.instance =
        pod != NULL && pod[0] != '\0'
            ? qmon_event_text_n(event, pod, 253)
            : qmon_event_format(event, "%s:%u", event->host.name != NULL ? event->host.name : "", event->process.pid);
}

void qmon__identify_like(struct qmon_event *event, const struct qmon_event *from) {
    event->process = from->process;
    event->service = from->service;
    event->host = from->host;
}

void qmon__identify_event(struct qmon_event *event, const struct qmon_record *record, const char *what,
                          uint64_t number) {
    const struct qmon_record_process *process = &record->process;
    char name[200];
    int bytes = snprintf(name, sizeof name, "%s:%llx:%u:%llu:%s:%llu", what,
                         (unsigned long long) process->pid_namespace, process->pid,
                         (unsigned long long) process->created_boot_ns, process->boot_id, (unsigned long long) number);
    /* The boot is told only where records survive one; elsewhere the start by the clock tells boots apart. */
    uint64_t hash = XXH3_64bits_withSeed(name, (size_t) bytes, process->created_real_ns);
    uint64_t time_ms = event->time_ns / 1000000u;
    unsigned fraction = (unsigned) (event->time_ns % 1000000u * 4096 / 1000000u);
    snprintf(event->id, sizeof event->id, "%08x-%04x-7%03x-%04x-%012llx", (unsigned) (time_ms >> 16),
             (unsigned) (time_ms & 0xffff), fraction, (unsigned) (0x8000 | ((hash >> 48) & 0x3fff)),
             (unsigned long long) (hash & 0xffffffffffffu));
}
