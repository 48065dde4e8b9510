/*
 * Against aiosmtpd, an SMTP server that is not ours; messages are read back by Python's email package, which reports each
 * defect. 1. Text and HTML say the same. 2. Nothing from outside makes a header. 3. A password goes out under TLS only.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <qmon/clock.h>
#include <qmon/delivery.h>

#include "delivery_worker.h"
#include "email_render.h"
#include "scratch.h"
#include "service.h"
#include "sink_case.h"
#include "tool.h"

TestSuite(email, .timeout = 60);

static struct sink_case it;
static struct scratch scratch;
static struct service server;

static const char *program(const char *name) {
    static char path[512];

    snprintf(path, sizeof path, "%s/tests/support/tools/%s", QMON_SOURCE_DIR, name);
    return path;
}

/* Lines of settings with PORT in them, beside those that are always so. */
static void configure(const char *url, const char *to, const char *user, const char *tls) {
    char texts[4][300];
    const char *lines[] = {texts[0],
                           texts[1],
                           texts[2],
                           texts[3],
                           "QMON_SMTP_FROM=qmon@shop.example",
                           user,
                           user ? "QMON_SMTP_PASSWORD=SECRET pass" : NULL,
                           NULL};

    snprintf(texts[0], sizeof texts[0], "QMON_SMTP_URL=%s:%u", url, server.port);
    snprintf(texts[1], sizeof texts[1], "QMON_SMTP_TO=%s", to);
    snprintf(texts[2], sizeof texts[2], "QMON_CA_FILE=%s", scratch_path(&scratch, "server.pem"));
    snprintf(texts[3], sizeof texts[3], "QMON_SMTP_TLS=%s", tls);
    qmon_config_free(it.config);
    sink_case_configure(&it, lines);
}

static void begin(const char *first, const char *second, const char *third) {
    scratch = scratch_make();
    service_certificate(&scratch, "server");
    const char *arguments[] = {"/usr/bin/python3", program("smtp_server.py"), scratch.path, first, second, third, NULL};
    server = service_start(&scratch, scratch_path(&scratch, "port"), arguments);
    sink_case_begin(&it, HTTP_TLS_NONE, "ok");
}

static void end(void) {
    service_stop(&server);
    sink_case_end(&it);
    scratch_remove(&scratch);
}

static const char script[] =
    "import email, email.policy, sys\n"
    "head, _, rest = open(sys.argv[1], 'rb').read().partition(b'\\n\\n')\n"
    "message = email.message_from_bytes(rest, policy=email.policy.default)\n"
    "parts = list(message.walk())\n"
    "assert not any(part.defects for part in parts), [part.defects for part in parts]\n"
    "assert [part.get_content_type() for part in parts] == ['multipart/alternative', 'text/plain', 'text/html']\n"
    "known = {'Date', 'From', 'To', 'Subject', 'Message-ID', 'References', 'X-Qmon-Event-Id', 'Auto-Submitted',\n"
    "         'MIME-Version', 'Importance', 'Content-Type'}\n"
    "assert set(message.keys()) <= known and len(set(message.keys())) == len(message.keys()), message.keys()\n"
    "assert all(len(line) <= 998 for line in rest.split(b'\\r\\n')) and b'\\n' not in rest.replace(b'\\r\\n', b'')\n"
    "assert message['Date'].datetime and message['X-Qmon-Event-Id'] == '01934a1c-7e10-7a2b-8c3d-4e5f60718293'\n"
    "assert message['Message-ID'] == '<01934a1c-7e10-7a2b-8c3d-4e5f60718293@shop.example>'\n"
    "html = parts[2].get_content()\n"
    "assert '<script' not in html and html.count('<h2') == 1\n"
    "print(head.decode())\n"
    "print('SUBJECT', message['Subject'])\n"
    "print('TO', message['To'])\n"
    "print(parts[1].get_content())\n"
    "print(html)\n";

/* What the message says, read by somebody else; to be freed. */
static char *read_message(unsigned number) {
    char name[32];

    snprintf(name, sizeof name, "message-%u", number);
    const char *reader = scratch_write(&scratch, "read.py", script);
    cr_assert_eq(TOOL(scratch_path(&scratch, "read"), "python3", reader, scratch_path(&scratch, name)), 0,
                 "message %u is not well-formed", number);
    return scratch_read(scratch_path(&scratch, "read"));
}

static void expect_words(const char *text, const char *const *words) {
    for (; *words; words++)
        cr_expect_not_null(strstr(text, *words), "'%s' is missing in:\n%s", *words, text);
}

Test(email, says_what_and_where_to_all_of_them) {
    static const char *const words[] = {
        "MAIL qmon@shop.example\nTLS False\nAUTH False\nRCPT ops@shop.example\nRCPT "
        "dev@shop.example\n",
        "SUBJECT SIGSEGV in parse_header (http.c:212) \xe2\x80\x94 checkout (production)",
        "TO ops@shop.example, dev@shop.example",
        "Where        trim (text.h:31)",
        "<th style=\"text-align:left;padding-right:12px\">Where</th><td>trim (text.h:31)",
        "null pointer",
        "Event        01934a1c-7e10-7a2b-8c3d-4e5f60718293",
        NULL};

    begin(NULL, NULL, NULL);
    configure("smtp://127.0.0.1", "ops@shop.example , dev@shop.example", NULL, "auto");
    cr_assert_eq(sink_case_deliver(&it, "email", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    char *text = read_message(0);
    expect_words(text, words);
    free(text);
    end();
}

Test(email, hostile_text_makes_no_header_and_no_markup) {
    begin(NULL, NULL, NULL);
    configure("smtp://127.0.0.1", "ops@shop.example", NULL, "auto");
    sample_hostile(&it.sample);
    strcpy(it.sample.event.id, "01934a1c-7e10-7a2b-8c3d-4e5f60718293");
    cr_assert_eq(sink_case_deliver(&it, "email", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    it.sample.event.title = "x\r\nBcc: everybody@shop.example\r\n\r\n.\r\nMAIL FROM:<x@y>";
    it.sample.event.message = "\r\n.\r\nQUIT\r\n<script>alert(1)</script>";
    it.sample.event.service.name = "=?UTF-8?B?SGk=?=";
    cr_assert_eq(sink_case_deliver(&it, "email", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    free(read_message(0));
    char *text = read_message(1);
    cr_assert_not_null(strstr(text, "RCPT ops@shop.example\nSUBJECT"));
    cr_assert_not_null(strstr(text, "=?UTF-8?B?SGk=?="), "an encoded word of others was decoded: %s", text);
    free(text);
    end();
}

Test(email, speaks_starttls_and_logs_in) {
    static const char *const words[] = {"TLS True\nAUTH True\n", NULL};

    begin("--starttls", "--auth", NULL);
    configure("smtp://localhost", "ops@shop.example", "QMON_SMTP_USERNAME=alerts", "auto");
    cr_assert_eq(sink_case_deliver(&it, "email", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    char *text = read_message(0);
    expect_words(text, words);
    free(text);
    end();
}

Test(email, speaks_tls_from_the_first_byte) {
    static const char *const words[] = {"TLS True\n", NULL};

    begin("--tls", NULL, NULL);
    configure("smtps://localhost", "ops@shop.example", NULL, "auto");
    cr_assert_eq(sink_case_deliver(&it, "email", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    char *text = read_message(0);
    expect_words(text, words);
    free(text);
    end();
}

static void expect_kept(const char *class, bool misconfigured) {
    cr_expect_eq(sink_case_deliver(&it, "email", 5000), QMON_DELIVERY_RETRY, "%s", class);
    cr_expect_eq(strncmp(it.delivery.reason, class, strlen(class)), 0, "%s instead of %s", it.delivery.reason, class);
    cr_expect_eq(it.delivery.misconfigured, misconfigured, "%s", it.delivery.reason);
    cr_expect(it.delivery.sink_down);
}

/* A server that offers no STARTTLS, or somebody on the way who takes the offer out, does not get the password. */
Test(email, keeps_the_password_where_there_is_no_tls) {
    begin("--auth", NULL, NULL);
    configure("smtp://127.0.0.1", "ops@shop.example", "QMON_SMTP_USERNAME=alerts", "auto");
    expect_kept("tls: ", true);
    end();
}

Test(email, says_what_the_server_has_against_it) {
    char reason[256];

    begin("--starttls", "--auth", NULL);
    configure("smtp://localhost", "ops@shop.example", "QMON_SMTP_USERNAME=nobody", "auto");
    expect_kept("login: ", true);
    cr_expect_not(sink_case_check(&it, "email", reason, sizeof reason));
    cr_expect_eq(strncmp(reason, "login: ", 7), 0, "%s", reason);
    configure("smtp://localhost", "ops@shop.example", NULL, "off");
    expect_kept("smtp-5xx: 530", true);
    configure("smtp://localhost", "ops@shop.example", "QMON_SMTP_USERNAME=alerts", "auto");
    cr_expect(sink_case_check(&it, "email", reason, sizeof reason), "%s", reason);
    cr_expect_not_null(strstr(reason, "knows the user"), "%s", reason);
    cr_assert_null(scratch_read(scratch_path(&scratch, "message-0")), "a check sends nothing");
    end();
}

Test(email, does_not_trust_a_certificate_of_somebody_else) {
    begin("--starttls", NULL, NULL);
    configure("smtp://localhost", "ops@shop.example", NULL, "auto");
    service_certificate(&scratch, "server"); /* another one, which the server does not have */
    expect_kept("tls: ", true);
    end();
}

Test(email, one_refused_recipient_does_not_keep_it_from_the_others) {
    static const char *const words[] = {"AUTH False\nRCPT dev@shop.example\nSUBJECT", NULL};

    begin("--refuse", "gone@shop.example", NULL);
    configure("smtp://127.0.0.1", "gone@shop.example,dev@shop.example", NULL, "auto");
    cr_assert_eq(sink_case_deliver(&it, "email", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    cr_expect_str_eq(it.delivery.partly, "recipient-refused: gone@shop.example: 550 5.1.1 No such user");
    char *text = read_message(0);
    expect_words(text, words);
    free(text);
    configure("smtp://127.0.0.1", "dev@shop.example", NULL, "auto");
    cr_assert_eq(sink_case_deliver(&it, "email", 5000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    cr_expect_str_eq(it.delivery.partly, "");
    configure("smtp://127.0.0.1", "gone@shop.example", NULL, "auto");
    expect_kept("smtp-5xx: 550 5.1.1 No such user", true);
    end();
}

static void take_refused(void *context, const struct qmon_counter *counter) {
    if (strcmp(counter->name, "delivery.partly") == 0 && strcmp(counter->reason, "email: recipient-refused") == 0)
        *(uint64_t *) context += counter->value;
}

Test(email, who_was_refused_is_counted_and_told) {
    static const char *const sinks[] = {"email"};
    struct qmon_delivery_summary summary;
    const char *problem = NULL;
    uint64_t refused = 0;

    begin("--refuse", "gone@shop.example", NULL);
    configure("smtp://127.0.0.1", "dev@shop.example,gone@shop.example,ops@shop.example", NULL, "auto");
    struct qmon_store *store = qmon_store_open(NULL, &problem);
    cr_assert_eq(qmon_store_save(store, &it.sample.event, "alerted", sinks, 1), 0);
    cr_assert_eq(qmon_deliver_due(store, it.config, NULL, qmon_monotonic_ms() + 9000, &summary), 1);
    cr_expect_str_eq(summary.last_problem, "email: recipient-refused: gone@shop.example: 550 5.1.1 No such user");
    cr_assert_eq(qmon_store_counters(store, take_refused, &refused), 0);
    cr_expect_eq(refused, 1);
    cr_expect_eq(summary.retried + summary.rejected, 0, "it is not sent again to those who have it");
    qmon_store_close(store);
    end();
}

Test(email, a_busy_server_is_tried_again_later) {
    begin("--busy", NULL, NULL);
    configure("smtp://127.0.0.1", "ops@shop.example", NULL, "auto");
    expect_kept("smtp-4xx: 451 4.3.0 Try again later", false);
    end();
}

Test(email, what_is_taken_for_spam_is_set_aside) {
    begin("--spam", NULL, NULL);
    configure("smtp://127.0.0.1", "ops@shop.example", NULL, "auto");
    cr_assert_eq(sink_case_deliver(&it, "email", 5000), QMON_DELIVERY_REJECTED, "%s", it.delivery.reason);
    cr_assert_str_eq(it.delivery.reason, "smtp-refused: 554 5.7.1 Looks like spam");
    end();
}

Test(email, a_server_that_is_not_there_or_silent_costs_no_more_than_the_time_out) {
    begin(NULL, NULL, NULL);
    uint16_t port = server.port;
    server.port = http_closed_port();
    configure("smtp://127.0.0.1", "ops@shop.example", NULL, "auto");
    expect_kept("connect: ", false);
    server.port = http_server_port(it.server);
    http_server_script_words(it.server, "hang*9");
    configure("smtp://127.0.0.1", "ops@shop.example", NULL, "auto");
    cr_expect_eq(sink_case_deliver(&it, "email", 400), QMON_DELIVERY_RETRY);
    cr_expect_eq(strncmp(it.delivery.reason, "timeout: ", 9), 0, "%s", it.delivery.reason);
    cr_expect_lt(it.took_ms, 1500);
    server.port = port;
    end();
}

Test(email, addresses_are_addresses) {
    static const char *const bad[] = {"",      "ops",         "@x",      "a@",        "a@b@c",
                                      "a b@c", "a@b\r\nX: y", "<a@b>",   "a@b>,<c@d", "\"a\"@b",
                                      "a@b\n", "\xc3\xa4@b",  "a@b\x7f", "a,b@c",     "a@b;c@d"};

    cr_expect(qmon__email_address("ops+alerts.1@shop-2.example"));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_not(qmon__email_address(bad[i]), "%s", bad[i]);
}

Test(email, settings_that_are_none_are_said_so) {
    static const char *const settings[][3] = {
        {"http://127.0.0.1", "ops@shop.example", "auto"},
        {"smtp://127.0.0.1", "ops@shop.example", "maybe"},
        {"smtp://127.0.0.1", "ops@shop.example,<x@y>", "auto"},
        {"smtp://127.0.0.1", " , ", "auto"},
    };
    char reason[256];

    begin(NULL, NULL, NULL);
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        configure(settings[i][0], settings[i][1], NULL, settings[i][2]);
        expect_kept("bad-settings: QMON_SMTP_", true);
        cr_expect_not(sink_case_check(&it, "email", reason, sizeof reason));
    }
    end();
}
