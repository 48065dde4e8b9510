/* The journal's socket is the test's own; what comes is taken apart as the journal's published protocol says. */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "scratch.h"
#include "sink_case.h"

TestSuite(journal, .timeout = 30);

static struct sink_case it;
static struct scratch scratch;
static int listening;
static char data[1 << 22];
static size_t data_bytes;

static void begin(bool listen) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char line[200];
    const char *const lines[] = {line, NULL};

    scratch = scratch_make();
    strcpy(address.sun_path, scratch_path(&scratch, "journal"));
    listening = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (listen)
        cr_assert_eq(bind(listening, (struct sockaddr *) &address, sizeof address), 0);
    snprintf(line, sizeof line, "QMON_JOURNAL=%s", address.sun_path);
    sink_case_begin(&it, HTTP_TLS_NONE, "ok");
    sink_case_configure(&it, lines);
}

static void end(void) {
    close(listening);
    sink_case_end(&it);
    scratch_remove(&scratch);
}

/* A datagram, or the file that came in its place. */
static void receive(bool file) {
    char control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec part = {data, sizeof data};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t n = recvmsg(listening, &message, MSG_DONTWAIT);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    int fd;

    cr_assert_geq(n, 0);
    cr_assert_eq(header != NULL, file);
    if (file) {
        cr_assert_eq(n, 0);
        memcpy(&fd, CMSG_DATA(header), sizeof fd);
        n = pread(fd, data, sizeof data, 0);
        close(fd);
    }
    data_bytes = (size_t) n;
}

/* The value of a field, to be freed; every field up to it must be well-formed. */
static char *value_of(const char *name) {
    for (size_t at = 0; at < data_bytes;) {
        const char *newline = memchr(data + at, '\n', data_bytes - at);
        uint64_t bytes;
        cr_assert_not_null(newline);
        size_t name_bytes = (size_t) (newline - data) - at;
        cr_assert(name_bytes > 0 && name_bytes <= 64);
        for (size_t i = 0; i < name_bytes; i++)
            cr_assert(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789", data[at + i]) && data[at] != '_');
        memcpy(&bytes, newline + 1, sizeof bytes);
        bytes = le64toh(bytes);
        const char *value = newline + 1 + sizeof bytes;
        cr_assert(value + bytes < data + data_bytes && value[bytes] == '\n');
        if (strlen(name) == name_bytes && memcmp(name, data + at, name_bytes) == 0)
            return strndup(value, bytes);
        at = (size_t) (value + bytes + 1 - data);
    }
    return NULL;
}

static void expect(const char *name, const char *expected) {
    char *value = value_of(name);

    cr_assert_not_null(value, "%s is missing", name);
    cr_expect_str_eq(value, expected);
    free(value);
}

Test(journal, gets_fields_that_can_be_asked_for) {
    static const char *const fields[][2] = {
        {"MESSAGE", "SIGSEGV in parse_header (http.c:212)"},
        {"PRIORITY", "2"},
        {"SYSLOG_IDENTIFIER", "checkout"},
        {"CODE_FUNC", "trim"},
        {"OBJECT_PID", "4711"},
        {"QMON_EVENT_ID", "01934a1c-7e10-7a2b-8c3d-4e5f60718293"},
        {"QMON_KIND", "crash"},
        {"QMON_STAGE", "production"},
        {"QMON_EVENT", "{\"schema\":\"qmon.event/1\",\"id\":\"01934a1c-7e10-7a2b-8c3d-4e5f60718293\"}"},
    };

    begin(true);
    cr_assert_eq(sink_case_deliver(&it, "journal", 2000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    receive(false);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        expect(fields[i][0], fields[i][1]);
    char *message_id = value_of("MESSAGE_ID");
    cr_assert_eq(strspn(message_id, "0123456789abcdef"), 32);
    free(message_id);
    end();
}

Test(journal, text_from_outside_makes_no_field) {
    begin(true);
    it.sample.event.code = "a\nPRIORITY=0\n_UID\n";
    sample_hostile(&it.sample);
    it.sample.event.severity = QMON_SEVERITY_CRITICAL;
    cr_assert_eq(sink_case_deliver(&it, "journal", 2000), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    receive(false);
    expect("PRIORITY", "2");
    free(value_of("NO_SUCH_FIELD")); /* goes over all of them */
    end();
}

Test(journal, what_is_too_long_for_a_datagram_comes_as_a_file) {
    struct qmon_sink_context context;
    char *json = malloc(3000001), *value;

    begin(true);
    memset(json, 'x', 3000000);
    json[3000000] = '\0';
    context = (struct qmon_sink_context){.config = it.config, .timeout_ms = 2000};
    qmon_sink_by_name("journal")->deliver(&context, &it.sample.event, json, &it.delivery);
    cr_assert_eq(it.delivery.verdict, QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    receive(true);
    value = value_of("QMON_EVENT");
    cr_assert_str_eq(value, json);
    free(value);
    free(json);
    end();
}

Test(journal, a_journal_that_is_away_or_busy_is_tried_again) {
    char reason[256];

    begin(false);
    cr_assert_eq(sink_case_deliver(&it, "journal", 500), QMON_DELIVERY_RETRY);
    cr_assert_eq(strncmp(it.delivery.reason, "connect: ", 9), 0, "%s", it.delivery.reason);
    cr_assert_not(sink_case_check(&it, "journal", reason, sizeof reason));
    end();
    begin(true);
    cr_assert(sink_case_check(&it, "journal", reason, sizeof reason), "%s", reason);
    enum qmon_delivery_verdict verdict = QMON_DELIVERY_SENT;
    for (size_t i = 0; i < 2000 && verdict == QMON_DELIVERY_SENT; i++)
        verdict = sink_case_deliver(&it, "journal", 200);
    cr_assert_eq(strncmp(it.delivery.reason, "timeout: ", 9), 0, "%s", it.delivery.reason);
    cr_assert_lt(it.took_ms, 1000);
    end();
}
