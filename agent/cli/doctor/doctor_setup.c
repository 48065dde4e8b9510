#include "doctor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <qmon/clock.h>

#include "when.h"

#define LOW_SPACE_BYTES (64u * 1024u * 1024u)

/* The environment variables of ours that are set and not empty: names alone, values may be secret. */
static void list_set(char *ret_text, size_t bytes) {
    size_t used = 0;

    ret_text[0] = '\0';
    for (size_t i = 0; i < qmon_option_count; i++) {
        const char *name = qmon_options[i].environment;
        for (size_t alias = 0; name && used < bytes; name = qmon_option_alias(&qmon_options[i], alias++)) {
            const char *value = getenv(name);
            if (value && *value)
                used += (size_t) snprintf(ret_text + used, bytes - used, "%s%s", used ? ", " : "", name);
        }
    }
}

void qmon__cli_check_configuration(struct qmon__cli_doctor *doctor) {
    const struct qmon_config *config = doctor->config;
    char set[1024], self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);

    self[length > 0 ? length : 0] = '\0';
    qmon__cli_finding(doctor, QMON_FINDING_NOTE, "qmon", NULL, "%s, %s", QMON_VERSION, self);
    list_set(set, sizeof set);
    for (size_t i = 0; i < config->problem_count; i++)
        qmon__cli_finding(doctor, QMON_FINDING_BAD, "configuration", NULL, "%s", config->problems[i]);
    if (config->problem_count == 0)
        qmon__cli_finding(doctor, QMON_FINDING_GOOD, "configuration", NULL, "%s%s",
                          *set ? "set: " : "nothing is set; defaults", set);
    if (config->disable)
        qmon__cli_finding(doctor, QMON_FINDING_WARNING, "configuration", "unset QMON_DISABLE to be told of anything",
                          "QMON_DISABLE is set: the agent does nothing");
}

static void check_space(struct qmon__cli_doctor *doctor) {
    struct statvfs space;
    uint64_t free_bytes;

    if (statvfs(doctor->state_dir, &space) < 0)
        return;
    free_bytes = (uint64_t) space.f_bavail * space.f_frsize;
    if (free_bytes < LOW_SPACE_BYTES)
        qmon__cli_finding(doctor, QMON_FINDING_WARNING, "state",
                          "make room, or set QMON_STATE_DIR to another file system",
                          "only %" PRIu64 " MiB are free below %s; a full disk loses history, not alerts",
                          free_bytes / (1024 * 1024), doctor->state_dir);
}

static void check_outbox(struct qmon__cli_doctor *doctor) {
    uint64_t waiting, rejected, next_due_ms;
    char when[QMON_WHEN_BYTES];

    if (qmon_outbox_summary(doctor->store, &waiting, &rejected, &next_due_ms) < 0)
        return;
    if (waiting > 0)
        qmon__cli_finding(doctor, QMON_FINDING_WARNING, "outbox", "'qmon flush' tries them now",
                          "%" PRIu64 " alert%s wait%s to be delivered; the next is due %s", waiting,
                          waiting == 1 ? "" : "s", waiting == 1 ? "s" : "",
                          qmon__cli_relative(next_due_ms, qmon_real_ms(), when, sizeof when));
    if (rejected > 0)
        qmon__cli_finding(doctor, QMON_FINDING_WARNING, "outbox", "'qmon stats' shows why",
                          "%" PRIu64 " alert%s set aside, because a channel refused %s for good", rejected,
                          rejected == 1 ? " was" : "s were", rejected == 1 ? "it" : "them");
    if (waiting == 0 && rejected == 0)
        qmon__cli_finding(doctor, QMON_FINDING_GOOD, "outbox", NULL, "empty: everything has been delivered");
}

void qmon__cli_check_state(struct qmon__cli_doctor *doctor) {
    const char *problem = NULL;
    int r = qmon_state_dir(doctor->config->state_dir, environ, doctor->state_dir, sizeof doctor->state_dir);

    if (r < 0) {
        doctor->state_dir[0] = '\0';
        qmon__cli_finding(doctor, QMON_FINDING_BAD, "state",
                          "set QMON_STATE_DIR to a directory that this user can write to",
                          "there is no directory for events and counts: %s", strerror(-r));
        return;
    }
    if (r > 0)
        qmon__cli_finding(doctor, QMON_FINDING_WARNING, "state",
                          "set QMON_STATE_DIR to a directory that this user can write to",
                          "%s is used, as the wanted directory cannot be", doctor->state_dir);
    doctor->store = qmon_store_open(doctor->state_dir, &problem);
    if (doctor->store && !qmon_store_is_durable(doctor->store)) {
        qmon__cli_finding(doctor, QMON_FINDING_BAD, "store", "make the directory writable, or set QMON_STATE_DIR",
                          "%s cannot hold the store: %s", doctor->state_dir, problem ? problem : "it is not known why");
        qmon_store_close(doctor->store);
        doctor->store = NULL;
    }
    if (!doctor->store)
        return;
    qmon__cli_finding(doctor, QMON_FINDING_GOOD, "store", NULL, "%s can be written to", doctor->state_dir);
    check_space(doctor);
    check_outbox(doctor);
}
