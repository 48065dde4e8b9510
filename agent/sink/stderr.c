/*
 * stderr.c: events on the standard error of the process that delivers them: the program's own, which its receiver keeps where
 * this channel is on. A line each, of words or of JSON, for whoever collects the output of containers. It is not written to
 * where that would block: the program's descriptor is shared and must stay as it is, so it is asked before each part.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <qmon/clock.h>
#include <qmon/quiet.h>

#include "destination.h"
#include "dial.h"
#include "post.h"
#include "sinks.h"
#include "words.h"

#define PART_BYTES 4096u /* PIPE_BUF: what a pipe that can be written to takes without blocking */

static bool stderr_configured(const struct qmon_config *config) {
    return config->stderr_format && config->stderr_format[0];
}

static uint64_t stderr_destination(const struct qmon_config *config) {
    return qmon__destination("stderr", config->stderr_format);
}

static char *render(const char *format, const struct qmon_event *event, const char *json) {
    char title[600], where[200];
    char *line = NULL;

    if (strcasecmp(format, "json") == 0)
        return asprintf(&line, "%s\n", json) < 0 ? NULL : line;
    qmon__words_title(event, true, title, sizeof title);
    qmon__words_often(event, where, sizeof where);
    if (asprintf(&line, "qmon: %s: %s%s%s [%s]\n", qmon_severity_name(event->severity), title,
                 qmon__words_is_problem(event) ? ", " : "", qmon__words_is_problem(event) ? where : "", event->id) < 0)
        return NULL;
    return line;
}

static int write_parts(const char *at, size_t bytes, uint64_t deadline_ms) {
    while (bytes > 0) {
        struct pollfd one = {.fd = STDERR_FILENO, .events = POLLOUT};
        uint64_t now_ms = qmon_monotonic_ms();
        int r = poll(&one, 1, deadline_ms > now_ms ? (int) (deadline_ms - now_ms) : 0);
        if (r == 0)
            return -ETIMEDOUT;
        ssize_t n = write(STDERR_FILENO, at, bytes < PART_BYTES ? bytes : PART_BYTES);
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return -errno;
        at += n > 0 ? n : 0;
        bytes -= n > 0 ? (size_t) n : 0;
    }
    return 0;
}

static void stderr_deliver(const struct qmon_sink_context *context, const struct qmon_event *event, const char *json,
                           struct qmon_delivery *ret_delivery) {
    char *line = render(context->config->stderr_format, event, json);
    struct qmon__quiet quiet;
    int r = -ENOMEM;

    if (line) {
        qmon__quiet_begin(&quiet, SIGPIPE);
        r = write_parts(line, strlen(line), qmon_monotonic_ms() + context->timeout_ms);
        qmon__quiet_end(&quiet);
    }
    free(line);
    *ret_delivery = (struct qmon_delivery){.verdict = QMON_DELIVERY_SENT};
    if (r == 0)
        return;
    qmon__post_refuse(ret_delivery, r == -ETIMEDOUT ? "timeout" : "stderr", strerrordesc_np(-r));
    ret_delivery->misconfigured = r == -EBADF;
}

static bool stderr_check(const struct qmon_sink_context *context, char *reason, size_t reason_bytes) {
    const char *format = context->config->stderr_format;
    bool fine = strcasecmp(format, "json") == 0 || strcasecmp(format, "text") == 0;

    if (fine)
        snprintf(reason, reason_bytes, "each event is a line of %s on the program's standard error", format);
    else
        snprintf(reason, reason_bytes, "QMON_STDERR is neither text nor json; text is used");
    return fine;
}

const struct qmon_sink qmon__sink_stderr = {
    .name = "stderr",
    .summary = "events on the program's standard error, a line each",
    .configured = stderr_configured,
    .destination = stderr_destination,
    .deliver = stderr_deliver,
    .check = stderr_check,
};
