#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "sink_case.h"

#define LINE "{\"schema\":\"qmon.event/1\",\"id\":\"01934a1c-7e10-7a2b-8c3d-4e5f60718293\"}\n"

static struct sink_case it;
static char directory[64], path[128];

static void begin(void) {
    static char line[160];
    const char *const lines[] = {line, NULL};

    strcpy(directory, "/tmp/qmon-test-file-XXXXXX");
    cr_assert_not_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/events.jsonl", directory);
    snprintf(line, sizeof line, "QMON_EVENTS_FILE=%s", path);
    sink_case_begin(&it, HTTP_TLS_NONE, "ok");
    sink_case_configure(&it, lines);
}

static void end(void) {
    char other[160];

    snprintf(other, sizeof other, "%s.1", path);
    unlink(path);
    unlink(other);
    rmdir(path);
    rmdir(directory);
    sink_case_end(&it);
}

static enum qmon_delivery_verdict deliver(void) {
    return sink_case_deliver(&it, "file", 300);
}

static void put(const char *text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t) strlen(text));
    close(fd);
}

static const char *content(void) {
    static char text[1 << 20];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

Test(file, appends_a_line_an_event_and_keeps_it_private, .timeout = 20) {
    struct stat status;

    begin();
    cr_assert_eq(deliver(), QMON_DELIVERY_SENT, "%s", it.delivery.reason);
    cr_assert_eq(deliver(), QMON_DELIVERY_SENT);
    cr_assert_str_eq(content(), LINE LINE);
    cr_assert_eq(stat(path, &status), 0);
    cr_assert_eq(status.st_mode & 07777, 0600);
    end();
}

Test(file, follows_rotation, .timeout = 20) {
    char rotated[160];

    begin();
    cr_assert_eq(deliver(), QMON_DELIVERY_SENT);
    snprintf(rotated, sizeof rotated, "%s.1", path);
    cr_assert_eq(rename(path, rotated), 0);
    cr_assert_eq(deliver(), QMON_DELIVERY_SENT);
    cr_assert_str_eq(content(), LINE);
    end();
}

Test(file, ends_a_line_that_somebody_left_broken, .timeout = 20) {
    begin();
    put("{\"schema\":\"qmon.ev");
    cr_assert_eq(deliver(), QMON_DELIVERY_SENT);
    cr_assert_str_eq(content(), "{\"schema\":\"qmon.ev\n" LINE);
    end();
}

Test(file, does_not_write_again_what_an_earlier_attempt_wrote, .timeout = 20) {
    begin();
    put(LINE "{\"other\":1}\n");
    it.attempts = 1;
    cr_assert_eq(deliver(), QMON_DELIVERY_SENT);
    cr_assert_str_eq(content(), LINE "{\"other\":1}\n");
    it.attempts = 0;
    cr_assert_eq(deliver(), QMON_DELIVERY_SENT);
    cr_assert_str_eq(content(), LINE "{\"other\":1}\n" LINE);
    end();
}

Test(file, does_not_take_a_broken_line_for_the_event, .timeout = 20) {
    begin();
    put("{\"schema\":\"qmon.event/1\",\"id\":\"01934a1c-7e10-7a2b-8c3d-4e5f60718293\",\"ti");
    it.attempts = 1;
    cr_assert_eq(deliver(), QMON_DELIVERY_SENT);
    cr_assert_not_null(strstr(content(), "\",\"ti\n" LINE));
    end();
}

Test(file, takes_back_half_a_line_when_there_is_no_room, .timeout = 20) {
    struct rlimit limit = {.rlim_cur = sizeof LINE - 1 + 20, .rlim_max = RLIM_INFINITY}; /* raises SIGXFSZ, too */

    begin();
    cr_assert_eq(deliver(), QMON_DELIVERY_SENT);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_assert_eq(deliver(), QMON_DELIVERY_RETRY);
    cr_assert_eq(strncmp(it.delivery.reason, "disk-full: ", 11), 0, "%s", it.delivery.reason);
    cr_assert_str_eq(content(), LINE);
    limit.rlim_cur = RLIM_INFINITY;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_assert_eq(deliver(), QMON_DELIVERY_SENT);
    cr_assert_str_eq(content(), LINE LINE);
    end();
}

Test(file, waits_for_room_on_a_full_disk, .timeout = 20) {
    begin();
    if (mount("none", directory, "tmpfs", 0, "size=64k") != 0) {
        end();
        cr_skip_test("mounting is not allowed here");
    }
    char filler[160];
    snprintf(filler, sizeof filler, "%s/filler", directory);
    int fd = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    static const char block[4096];
    while (write(fd, block, sizeof block) > 0)
        ;
    close(fd);
    enum qmon_delivery_verdict full = deliver();
    char reason[256];
    strcpy(reason, it.delivery.reason);
    char left[64];
    snprintf(left, sizeof left, "%.60s", content());
    unlink(filler);
    enum qmon_delivery_verdict again = deliver();
    char after[256];
    snprintf(after, sizeof after, "%s", content());
    unlink(path);
    umount(directory);
    end();
    cr_assert_eq(full, QMON_DELIVERY_RETRY);
    cr_assert_eq(strncmp(reason, "disk-full: ", 11), 0, "%s", reason);
    cr_assert_str_eq(left, "");
    cr_assert_eq(again, QMON_DELIVERY_SENT);
    cr_assert_str_eq(after, LINE);
}

Test(file, is_not_held_by_things_that_are_no_files, .timeout = 20) {
    begin();
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_assert_eq(deliver(), QMON_DELIVERY_RETRY);
    cr_assert_eq(strncmp(it.delivery.reason, "not-a-file: ", 12), 0, "%s", it.delivery.reason);
    cr_assert(it.delivery.misconfigured);
    cr_assert_lt(it.took_ms, 1000);
    unlink(path);
    cr_assert_eq(mkdir(path, 0700), 0);
    cr_assert_eq(deliver(), QMON_DELIVERY_RETRY);
    cr_assert_eq(strncmp(it.delivery.reason, "not-a-file: ", 12), 0, "%s", it.delivery.reason);
    rmdir(path);
    cr_assert_eq(symlink("/dev/full", path), 0);
    cr_assert_eq(deliver(), QMON_DELIVERY_RETRY);
    cr_assert_eq(strncmp(it.delivery.reason, "not-a-file: ", 12), 0, "%s", it.delivery.reason);
    end();
}

Test(file, says_what_keeps_it_from_opening, .timeout = 20) {
    begin();
    rmdir(directory);
    cr_assert_eq(deliver(), QMON_DELIVERY_RETRY);
    cr_assert_eq(strncmp(it.delivery.reason, "file: ", 6), 0, "%s", it.delivery.reason);
    cr_assert_not_null(strstr(it.delivery.reason, path));
    cr_assert_not_null(strstr(it.delivery.reason, "No such file or directory"));
    cr_assert(it.delivery.misconfigured);
    char reason[256];
    cr_assert_not(sink_case_check(&it, "file", reason, sizeof reason));
    cr_assert_eq(mkdir(directory, 0700), 0);
    cr_assert(sink_case_check(&it, "file", reason, sizeof reason), "%s", reason);
    cr_assert_str_eq(content(), "");
    end();
}

Test(file, gives_up_waiting_for_a_lock, .timeout = 20) {
    begin();
    put("");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    cr_assert_eq(flock(fd, LOCK_EX), 0);
    cr_assert_eq(deliver(), QMON_DELIVERY_RETRY);
    cr_assert_eq(strncmp(it.delivery.reason, "locked: ", 8), 0, "%s", it.delivery.reason);
    cr_assert_not(it.delivery.misconfigured);
    cr_assert(it.took_ms >= 290 && it.took_ms < 1500, "%lu ms", it.took_ms);
    close(fd);
    cr_assert_eq(deliver(), QMON_DELIVERY_SENT);
    end();
}

Test(file, many_writers_never_mix_their_lines, .timeout = 30) {
    enum { WRITERS = 8, EACH = 25 };
    pid_t writers[WRITERS];

    begin();
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = fork();
        if (writers[i] != 0)
            continue;
        int bad = 0;
        for (int k = 0; k < EACH; k++)
            bad += sink_case_deliver(&it, "file", 5000) != QMON_DELIVERY_SENT;
        _exit(bad);
    }
    for (int i = 0; i < WRITERS; i++) {
        int status = -1;
        cr_assert_eq(waitpid(writers[i], &status, 0), writers[i]);
        cr_assert_eq(status, 0);
    }
    const char *text = content();
    cr_assert_eq(strlen(text), (sizeof LINE - 1) * WRITERS * EACH);
    for (size_t i = 0; i < WRITERS * EACH; i++)
        cr_assert_eq(strncmp(text + i * (sizeof LINE - 1), LINE, sizeof LINE - 1), 0);
    end();
}
