#include "parts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <qmon/clock.h>
#include <qmon/pipeline.h>
#include <qmon/text.h>

static size_t count_of(const char *const *list) {
    size_t count = 0;

    while (list != NULL && list[count] != NULL)
        count++;
    return count;
}

struct qmon_config *qmon__kit_config(const char *const *settings) {
    size_t given = count_of(settings), inherited = count_of((const char *const *) environ);
    const char **all = calloc(given + inherited + 1, sizeof *all);
    struct qmon_config *config;

    if (all == NULL)
        return NULL;
    if (given > 0) /* of two of a name the first counts */
        memcpy(all, settings, given * sizeof *all);
    if (inherited > 0)
        memcpy(all + given, environ, inherited * sizeof *all);
    config = qmon_config_load((char *const *) all);
    free(all);
    return config;
}

struct qmon_store *qmon__kit_store(const struct qmon_config *config) {
    char directory[4096];
    const char *problem;
    bool usable = qmon_state_dir(config->state_dir, environ, directory, sizeof directory) >= 0;

    return qmon_store_open(usable ? directory : NULL, &problem);
}

static const char *or_null(struct qmon_event *event, const char *text) {
    return text[0] != '\0' ? qmon_event_text(event, text) : NULL;
}

struct qmon_event *qmon__kit_event(const struct qmon_config *config) {
    struct qmon_event *event = qmon_event_new(qmon_real_ns());
    struct utsname names;
    char path[4096];
    ssize_t bytes;

    if (event == NULL)
        return NULL;
    event->process.pid = (uint32_t) getpid();
    event->process.parent_pid = (uint32_t) getppid();
    event->process.uid = (uint32_t) geteuid();
    event->process.gid = (uint32_t) getegid();
    bytes = readlink("/proc/self/exe", path, sizeof path - 1);
    if (bytes > 0)
        event->process.executable = qmon_event_text_n(event, path, (size_t) bytes);
    if (uname(&names) == 0) {
        event->host.name = qmon_event_text(event, names.nodename);
        event->host.arch = qmon_event_text(event, names.machine);
    }
    event->service.name = or_null(event, config->service);
    if (event->service.name == NULL && event->process.executable != NULL)
        event->service.name = qmon_event_text(event, qmon_base_name(event->process.executable));
    event->service.version = or_null(event, config->version);
    event->service.stage = or_null(event, config->stage);
    return event;
}
