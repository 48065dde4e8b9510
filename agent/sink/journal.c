/*
 * journal.c: events in the systemd journal, by its own protocol: a datagram of fields, or, where that would be too long, a sealed
 * file passed through the socket. `journalctl QMON_KIND=crash -o verbose` finds them; MESSAGE_ID is the same for all of them.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "destination.h"
#include "post.h"
#include "sinks.h"
#include "words.h"

#define SOCKET_PATH "/run/systemd/journal/socket"
#define MESSAGE_ID "d9f0e7a46a5b4ee59c0f1d3a5b7c2e84"
#define TRACE_BYTES 16000u

static bool journal_configured(const struct qmon_config *config) {
    return config->journal && config->journal[0];
}

static uint64_t journal_destination(const struct qmon_config *config) {
    return qmon__destination("journal", config->journal);
}

static const char *path_of(const struct qmon_config *config) {
    return config->journal[0] == '/' ? config->journal : SOCKET_PATH;
}

/* In the form with a length, which knows no special characters; nothing for nothing. */
static void add(FILE *out, const char *name, const char *value) {
    uint64_t bytes = value ? strlen(value) : 0, length = htole64(bytes);

    if (bytes == 0)
        return;
    fprintf(out, "%s\n", name);
    fwrite(&length, sizeof length, 1, out);
    fwrite(value, 1, bytes, out);
    fputc('\n', out);
}

static void add_number(FILE *out, const char *name, uint64_t number) {
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, number);
    add(out, name, text);
}

static void add_origin(FILE *out, const struct qmon_event *event) {
    const struct qmon_thread *thread = event->thread_count ? &event->threads[0] : NULL;

    if (!thread || event->origin >= thread->frame_count)
        return;
    add(out, "CODE_FUNC", thread->frames[event->origin].function);
    add(out, "CODE_FILE", thread->frames[event->origin].file);
    if (thread->frames[event->origin].line)
        add_number(out, "CODE_LINE", thread->frames[event->origin].line);
}

static void write_fields(FILE *out, const struct qmon_event *event, const char *json) {
    static const char *const priorities[4] = {"6", "4", "3", "2"};
    char text[TRACE_BYTES];

    qmon__words_title(event, false, text, 1000);
    add(out, "MESSAGE", text);
    add(out, "MESSAGE_ID", MESSAGE_ID);
    add(out, "PRIORITY", qmon__words_severity(event, priorities));
    add(out, "SYSLOG_IDENTIFIER", event->service.name ? event->service.name : "qmon");
    add_origin(out, event);
    if (event->process.pid)
        add_number(out, "OBJECT_PID", event->process.pid);
    add(out, "QMON_EVENT_ID", event->id);
    add(out, "QMON_KIND", qmon_kind_name(event->kind));
    add(out, "QMON_SEVERITY", qmon_severity_name(event->severity));
    add(out, "QMON_CODE", event->code);
    add(out, "QMON_FINGERPRINT", event->fingerprint);
    add(out, "QMON_SERVICE", event->service.name);
    add(out, "QMON_STAGE", event->service.stage);
    add(out, "QMON_VERSION", event->service.version);
    add_number(out, "QMON_OCCURRENCES", event->occurrences.total);
    add_number(out, "QMON_SUPPRESSED", event->occurrences.suppressed);
    qmon__words_what(event, text, 3000);
    add(out, "QMON_WHAT", text);
    qmon__words_trace(event, 100, text, sizeof text);
    add(out, "QMON_TRACE", text);
    add(out, "QMON_EVENT", json);
}

/* The journal takes files that nobody can change any more. */
static int sealed_file(const char *data, size_t bytes) {
    int fd = memfd_create("qmon-journal", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0)
        return -errno;
    for (size_t at = 0; at < bytes;) {
        ssize_t n = write(fd, data + at, bytes - at);
        if (n <= 0) {
            close(fd);
            return -ENOSPC;
        }
        at += (size_t) n;
    }
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0)
        return fd;
    int r = -errno;
    close(fd);
    return r;
}

static int pass_file(int to, const char *data, size_t bytes) {
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_control = &control, .msg_controllen = sizeof control};
    int fd = sealed_file(data, bytes);

    if (fd < 0)
        return fd;
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
    int r = sendmsg(to, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
    close(fd);
    return r;
}

/* data NULL: only connects. A full socket is not waited for longer than the time-out. */
static int send_fields(const char *path, const char *data, size_t bytes, uint64_t timeout_ms) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = (time_t) (timeout_ms / 1000),
                               .tv_usec = (long) (timeout_ms % 1000) * 1000 + 1};
    int r = 0;

    if (strlen(path) >= sizeof address.sun_path)
        return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *) &address, sizeof address) != 0)
        r = -errno;
    if (r == 0 && data && send(fd, data, bytes, MSG_NOSIGNAL) < 0)
        r = errno == EMSGSIZE || errno == ENOBUFS ? pass_file(fd, data, bytes) : -errno;
    close(fd);
    return r;
}

static void judge(int r, const char *path, struct qmon_delivery *ret_delivery) {
    char words[200];

    *ret_delivery = (struct qmon_delivery){.verdict = QMON_DELIVERY_SENT};
    if (r == 0)
        return;
    snprintf(words, sizeof words, "%.100s: %s", path, strerrordesc_np(-r));
    qmon__post_refuse(ret_delivery, r == -EAGAIN ? "timeout" : "connect", words);
    ret_delivery->unreachable = r != -EAGAIN && r != -ENOSPC && r != -ENOMEM;
    ret_delivery->misconfigured = r != -EAGAIN && r != -ECONNREFUSED && r != -ENOSPC && r != -ENOMEM;
}

static void journal_deliver(const struct qmon_sink_context *context, const struct qmon_event *event, const char *json,
                            struct qmon_delivery *ret_delivery) {
    const char *path = path_of(context->config);
    char *data = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&data, &bytes);
    int r = -ENOMEM;

    if (out) {
        write_fields(out, event, json);
        r = fclose(out) == 0 ? send_fields(path, data, bytes, context->timeout_ms) : -ENOMEM;
    }
    free(data);
    judge(r, path, ret_delivery);
}

static bool journal_check(const struct qmon_sink_context *context, char *reason, size_t reason_bytes) {
    const char *path = path_of(context->config);
    struct qmon_delivery delivery;

    judge(send_fields(path, NULL, 0, context->timeout_ms), path, &delivery);
    bool fine = delivery.verdict == QMON_DELIVERY_SENT;
    if (fine)
        snprintf(reason, reason_bytes, "the journal listens at %.200s; nothing was sent", path);
    else
        snprintf(reason, reason_bytes, "%s", delivery.reason);
    return fine;
}

const struct qmon_sink qmon__sink_journal = {
    .name = "journal",
    .summary = "events in the systemd journal, with fields of their own",
    .configured = journal_configured,
    .destination = journal_destination,
    .deliver = journal_deliver,
    .check = journal_check,
};
