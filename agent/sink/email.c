/* email.c: alerts by e-mail, over SMTP: whom to write to, and what the settings have to be. The talking is in smtp.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <qmon/clock.h>

#include "destination.h"
#include "email_render.h"
#include "post.h"
#include "sinks.h"
#include "smtp.h"

static bool email_configured(const struct qmon_config *config) {
    return config->smtp_url && config->smtp_url[0] && config->smtp_to[0];
}

static bool email_begun(const struct qmon_config *config) {
    return config->smtp_url[0] || config->smtp_to[0] || config->smtp_from[0];
}

static uint64_t email_destination(const struct qmon_config *config) {
    return qmon__destination(config->smtp_to, config->smtp_url);
}

static bool has_scheme(const char *url, const char *scheme) {
    return strncasecmp(url, scheme, strlen(scheme)) == 0;
}

/* Where a password goes along TLS is not left to the server, which anybody on the way could speak for. */
static bool read_tls(const struct qmon_config *config, enum qmon__smtp_tls *ret_tls) {
    bool secret = config->smtp_password[0] || strchr(config->smtp_url, '@');

    if (strcasecmp(config->smtp_tls, "auto") == 0)
        *ret_tls = secret ? QMON__SMTP_TLS_REQUIRED : QMON__SMTP_TLS_TRIED;
    else if (strcasecmp(config->smtp_tls, "required") == 0)
        *ret_tls = QMON__SMTP_TLS_REQUIRED;
    else if (strcasecmp(config->smtp_tls, "off") == 0)
        *ret_tls = QMON__SMTP_TLS_OFF;
    else
        return false;
    return true;
}

static const char *add_recipients(struct qmon__smtp *smtp) {
    char *rest = smtp->memory, *one;

    while ((one = strsep(&rest, ","))) {
        one += strspn(one, " \t");
        one[strcspn(one, " \t")] = '\0';
        if (!one[0])
            continue;
        if (!qmon__email_address(one))
            return "QMON_SMTP_TO has what is no address";
        if (smtp->to_count == QMON__SMTP_RECIPIENTS)
            return "QMON_SMTP_TO has more than 32 addresses";
        smtp->to[smtp->to_count++] = one;
    }
    return smtp->to_count ? NULL : "QMON_SMTP_TO has no address";
}

/* NULL, or what is wrong. To be ended always. */
static const char *begin(const struct qmon_sink_context *context, struct qmon__smtp *smtp) {
    const struct qmon_config *config = context->config;

    *smtp = (struct qmon__smtp){.url = config->smtp_url, .user = config->smtp_username, .from = config->smtp_from};
    smtp->password = config->smtp_password;
    smtp->ca_file = config->ca_file;
    smtp->timeout_ms = context->timeout_ms;
    smtp->memory = strdup(config->smtp_to);
    if (!smtp->memory)
        return "out of memory";
    if (!has_scheme(smtp->url, "smtp://") && !has_scheme(smtp->url, "smtps://"))
        return "QMON_SMTP_URL does not begin with smtp:// or smtps://";
    if (!read_tls(config, &smtp->tls))
        return "QMON_SMTP_TLS is none of auto, required, off";
    if (!qmon__email_address(smtp->from))
        return "QMON_SMTP_FROM is no address";
    return add_recipients(smtp);
}

static void end(struct qmon__smtp *smtp) {
    free(smtp->memory);
}

static void email_deliver(const struct qmon_sink_context *context, const struct qmon_event *event, const char *json,
                          struct qmon_delivery *ret_delivery) {
    struct qmon__smtp smtp;
    const char *problem = begin(context, &smtp);

    (void) json;
    if (problem) {
        qmon__post_refuse(ret_delivery, "bad-settings", problem);
    } else {
        struct qmon__email email = {.from = smtp.from, .to = smtp.to};
        smtp.message = qmon__email_render(event, &email, qmon_real_ns());
        qmon__smtp_send(&smtp, ret_delivery);
        free(smtp.message);
    }
    end(&smtp);
}

static bool email_check(const struct qmon_sink_context *context, char *reason, size_t reason_bytes) {
    struct qmon_delivery delivery;
    struct qmon__smtp smtp;
    const char *problem = begin(context, &smtp);

    if (problem)
        snprintf(reason, reason_bytes, "bad-settings: %s", problem);
    bool fine = !problem && qmon__smtp_check(&smtp, &delivery);
    if (fine)
        snprintf(reason, reason_bytes, "the server answers%s; no message was sent to the %zu address%s",
                 smtp.user[0] ? " and knows the user" : "", smtp.to_count, smtp.to_count == 1 ? "" : "es");
    else if (!problem)
        snprintf(reason, reason_bytes, "%s", delivery.reason);
    end(&smtp);
    return fine;
}

const struct qmon_sink qmon__sink_email = {
    .name = "email",
    .summary = "alerts by e-mail, over SMTP",
    .configured = email_configured,
    .begun = email_begun,
    .destination = email_destination,
    .deliver = email_deliver,
    .check = email_check,
};
