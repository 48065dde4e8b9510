/* smtp.c: see smtp.h. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <qmon/curl.h>
#include <qmon/quiet.h>

#include "http_judge.h"
#include "post.h"
#include "smtp.h"
#include "words.h"

struct talk {
    const struct qmon__smtp *smtp;
    const struct qmon__curl *curl;
    CURL *handle;
    struct curl_slist *recipients;
    size_t sent, bytes; /* of the message */
    unsigned refusals;  /* answers of 4xx or 5xx */
    char last[160];     /* the last of them */
    char recipient[64]; /* whom the server was asked about last; "" nobody yet */
    unsigned left_out;  /* recipients that were refused */
    char refused[200];  /* who, and the first one's answer */
    char error[CURL_ERROR_SIZE];
};

static size_t give_message(char *buffer, size_t size, size_t count, void *context) {
    struct talk *talk = context;
    size_t room = size * count, left = talk->bytes - talk->sent;
    size_t taken = left < room ? left : room;

    memcpy(buffer, talk->smtp->message + talk->sent, taken);
    talk->sent += taken;
    return taken;
}

/* What we say to the server. It may hold a password: only the line that names a recipient is looked at. */
static int watch(CURL *handle, curl_infotype type, char *line, size_t bytes, void *context) {
    static const char command[] = "RCPT TO:<";
    struct talk *talk = context;
    const size_t length = sizeof command - 1;

    (void) handle;
    if (type != CURLINFO_HEADER_OUT)
        return 0;
    talk->recipient[0] = '\0';
    if (bytes <= length || memcmp(line, command, length) != 0)
        return 0;
    snprintf(talk->recipient, sizeof talk->recipient, "%.*s", (int) (bytes - length), line + length);
    talk->recipient[strcspn(talk->recipient, ">\r\n")] = '\0';
    return 0;
}

static void note_refused(struct talk *talk) {
    size_t used = strlen(talk->refused);

    if (talk->left_out++ == 0)
        snprintf(talk->refused, sizeof talk->refused, "%s: %s", talk->recipient, talk->last);
    else if (talk->left_out <= 3)
        snprintf(talk->refused + used, sizeof talk->refused - used, "; %s", talk->recipient);
}

/* The server's lines, "550 5.1.1 no such user". */
static size_t take_line(char *line, size_t size, size_t count, void *context) {
    struct talk *talk = context;
    size_t bytes = size * count;
    char text[sizeof talk->last];

    if (bytes < 4 || (line[0] != '4' && line[0] != '5') || line[3] != ' ')
        return bytes;
    snprintf(text, sizeof text, "%.*s", (int) (bytes < sizeof text ? bytes : sizeof text - 1), line);
    text[strcspn(text, "\r\n")] = '\0';
    qmon__words_line(text, talk->last, sizeof talk->last);
    talk->refusals++;
    if (talk->recipient[0])
        note_refused(talk);
    return bytes;
}

static size_t drop(char *bytes, size_t size, size_t count, void *context) {
    (void) bytes;
    (void) context;
    return size * count;
}

static void set_options(struct talk *talk, bool with_message) {
    static const long levels[] = {CURLUSESSL_TRY, CURLUSESSL_ALL, CURLUSESSL_NONE};
    const struct qmon__smtp *smtp = talk->smtp;
    const struct qmon__curl *curl = talk->curl;
    CURL *handle = talk->handle;
    long timeout_ms = smtp->timeout_ms ? (long) smtp->timeout_ms : 1;

    curl->easy_setopt(handle, CURLOPT_URL, smtp->url);
    curl->easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl->easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);
    curl->easy_setopt(handle, CURLOPT_ERRORBUFFER, talk->error);
    curl->easy_setopt(handle, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl->easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
    curl->easy_setopt(handle, CURLOPT_PROTOCOLS, (long) (CURLPROTO_SMTP | CURLPROTO_SMTPS));
    curl->easy_setopt(handle, CURLOPT_USE_SSL, levels[smtp->tls]);
    curl->easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_line);
    curl->easy_setopt(handle, CURLOPT_HEADERDATA, talk);
    curl->easy_setopt(handle, CURLOPT_WRITEFUNCTION, drop);
    curl->easy_setopt(handle, CURLOPT_VERBOSE, 1L); /* nothing is printed: watch() is told */
    curl->easy_setopt(handle, CURLOPT_DEBUGFUNCTION, watch);
    curl->easy_setopt(handle, CURLOPT_DEBUGDATA, talk);
    qmon__http_trust(curl, handle, smtp->ca_file);
    if (smtp->user[0]) {
        curl->easy_setopt(handle, CURLOPT_USERNAME, smtp->user);
        curl->easy_setopt(handle, CURLOPT_PASSWORD, smtp->password);
    }
    if (!with_message) {
        curl->easy_setopt(handle, CURLOPT_CUSTOMREQUEST, "NOOP");
        return;
    }
    curl->easy_setopt(handle, CURLOPT_MAIL_FROM, smtp->from);
    curl->easy_setopt(handle, CURLOPT_MAIL_RCPT, talk->recipients);
    curl->easy_setopt(handle, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
    curl->easy_setopt(handle, CURLOPT_UPLOAD, 1L);
    curl->easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, (curl_off_t) talk->bytes);
    curl->easy_setopt(handle, CURLOPT_READFUNCTION, give_message);
    curl->easy_setopt(handle, CURLOPT_READDATA, talk);
}

static bool add_recipients(struct talk *talk) {
    for (size_t i = 0; i < talk->smtp->to_count; i++) {
        struct curl_slist *list = talk->curl->slist_append(talk->recipients, talk->smtp->to[i]);
        if (!list)
            return false;
        talk->recipients = list;
    }
    return true;
}

static void keep(struct qmon_delivery *delivery, bool misconfigured, const char *class, const char *words) {
    qmon__post_refuse(delivery, class, words);
    delivery->misconfigured = misconfigured;
}

/* By what the server said, else by what became of the connection. */
static void judge(struct talk *talk, CURLcode code, struct qmon_delivery *delivery) {
    struct qmon__http_trouble trouble = {.code = (int) code, .detail = talk->error, .url = talk->smtp->url};
    struct qmon__http_response response = {0};
    long os_error = 0;

    *delivery = (struct qmon_delivery){.verdict = QMON_DELIVERY_SENT};
    if (code == CURLE_OK && talk->left_out)
        snprintf(delivery->partly, sizeof delivery->partly, "recipient-refused: %s", talk->refused);
    if (code == CURLE_OK)
        return;
    bool answered = talk->refusals > 0 && code != CURLE_OPERATION_TIMEDOUT;
    if (code == CURLE_LOGIN_DENIED) {
        keep(delivery, true, "login", "the server does not accept QMON_SMTP_USERNAME and QMON_SMTP_PASSWORD");
    } else if (code == CURLE_USE_SSL_FAILED) {
        keep(delivery, true, "tls", "the server offers no STARTTLS, and QMON_SMTP_TLS wants it");
    } else if (answered && talk->last[0] == '5' && talk->bytes > 0 && talk->sent == talk->bytes) {
        snprintf(delivery->reason, sizeof delivery->reason, "smtp-refused: %s", talk->last);
        delivery->verdict = QMON_DELIVERY_REJECTED; /* the message itself: too long, or thought to be spam */
    } else if (answered) {
        keep(delivery, talk->last[0] == '5', talk->last[0] == '5' ? "smtp-5xx" : "smtp-4xx", talk->last);
    } else {
        talk->curl->easy_getinfo(talk->handle, CURLINFO_OS_ERRNO, &os_error);
        trouble.os_error = (int) os_error;
        trouble.timeout_ms = talk->smtp->timeout_ms;
        qmon__http_explain(&trouble, &response);
        qmon__post_refuse(delivery, "", "");
        snprintf(delivery->reason, sizeof delivery->reason, "%s", response.reason);
        delivery->misconfigured = response.failure == QMON__HTTP_TLS || response.failure == QMON__HTTP_BAD_URL ||
                                  response.failure == QMON__HTTP_PROTOCOL;
        delivery->unreachable = qmon__http_is_unreachable(response.failure, talk->smtp->url);
    }
}

static void run(struct talk *talk, bool with_message, struct qmon_delivery *ret_delivery) {
    struct qmon__quiet quiet;

    set_options(talk, with_message);
    qmon__quiet_begin(&quiet, SIGPIPE);
    CURLcode code = talk->curl->easy_perform(talk->handle);
    qmon__quiet_end(&quiet);
    judge(talk, code, ret_delivery);
}

static void open_and_run(const struct qmon__smtp *smtp, bool with_message, struct qmon_delivery *ret_delivery) {
    struct talk talk = {.smtp = smtp, .bytes = with_message ? strlen(smtp->message) : 0};
    const char *problem = NULL;

    talk.curl = qmon__curl_load(&problem);
    if (!talk.curl) {
        qmon__post_refuse(ret_delivery, "no-libcurl", problem);
        return;
    }
    talk.handle = talk.curl->easy_init();
    if (talk.handle && add_recipients(&talk))
        run(&talk, with_message, ret_delivery);
    else
        keep(ret_delivery, false, "memory", "out of memory");
    if (talk.handle)
        talk.curl->easy_cleanup(talk.handle);
    talk.curl->slist_free_all(talk.recipients);
}

void qmon__smtp_send(const struct qmon__smtp *smtp, struct qmon_delivery *ret_delivery) {
    if (smtp->message)
        open_and_run(smtp, true, ret_delivery);
    else
        keep(ret_delivery, false, "memory", "out of memory");
}

bool qmon__smtp_check(const struct qmon__smtp *smtp, struct qmon_delivery *ret_delivery) {
    open_and_run(smtp, false, ret_delivery);
    return ret_delivery->verdict == QMON_DELIVERY_SENT;
}
