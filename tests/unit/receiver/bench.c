#include "bench.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qmon/delivery.h>
#include <qmon/receiver.h>

#include "moment.h"

static void set(const char *name, const char *value) {
    setenv(name, value, 1);
}

void bench_open(struct bench *bench, const char *setting) {
    memset(bench, 0, sizeof *bench);
    bench->scratch = scratch_make();
    snprintf(bench->records, sizeof bench->records, "%s/records", bench->scratch.path);
    snprintf(bench->alerts, sizeof bench->alerts, "%s/alerts", bench->scratch.path);
    snprintf(bench->log, sizeof bench->log, "%s/log", bench->scratch.path);
    set("QMON_STATE_DIR", bench->scratch.path);
    set("QMON_EVENTS_FILE", bench->alerts);
    set("QMON_LOG", bench->log);
    set("QMON_CRASH_LOOP", "0"); /* or what tests crash over and over would be one */
    if (setting != NULL) {
        char name[128];
        const char *equals = strchr(setting, '=');
        cr_assert(equals != NULL && (size_t) (equals - setting) < sizeof name, "%s", setting);
        snprintf(name, sizeof name, "%.*s", (int) (equals - setting), setting);
        set(name, equals + 1);
    }
    bench->config = qmon_config_load(environ);
    const char *problem;
    bench->store = qmon_store_open(bench->scratch.path, &problem);
    cr_assert(qmon_store_is_durable(bench->store), "%s", problem);
    qmon__pass_borrow(&bench->pass, bench->config, bench->store, qmon_monotonic_ms() + 20000);
}

void bench_close(struct bench *bench) {
    qmon__pass_close(&bench->pass);
    qmon_store_close(bench->store);
    qmon_config_free(bench->config);
    scratch_remove(&bench->scratch);
}

struct qmon__record_file bench_record(const struct made_record *made) {
    char parent[512];
    snprintf(parent, sizeof parent, "%s", made->path);
    *strrchr(parent, '/') = '\0';
    int directory = open(parent, O_RDONLY | O_DIRECTORY);
    struct qmon__record_file file;
    cr_assert_eq(qmon__record_open_at(&file, directory, strrchr(made->path, '/') + 1), 0);
    close(directory);
    cr_assert_eq(qmon__record_try_lock(&file, QMON__LOCK_PROCESS), 0);
    cr_assert_eq(qmon__record_load(&file, QMON__LOAD_HEAD, true), 0);
    return file;
}

static size_t scan_alerts(const struct bench *bench, const char *word, const char *other, size_t *ret_first) {
    char *text = scratch_read(bench->alerts);
    size_t count = 0, number = 0;
    *ret_first = 0;
    char *rest = text;
    for (char *line = text != NULL ? strsep(&rest, "\n") : NULL; line != NULL; line = strsep(&rest, "\n")) {
        number++;
        if (strstr(line, word) == NULL || (other != NULL && strstr(line, other) == NULL))
            continue;
        if (count++ == 0)
            *ret_first = number;
    }
    free(text);
    return count;
}

size_t bench_alerts(const struct bench *bench, const char *word, const char *other) {
    size_t first;
    return scan_alerts(bench, word, other, &first);
}

size_t bench_alert_line(const struct bench *bench, const char *word, const char *other) {
    size_t first;
    scan_alerts(bench, word, other, &first);
    return first;
}

struct event_count {
    const char *state, *word;
    size_t count;
};

static bool count_event(void *context, const struct qmon_event_row *row) {
    struct event_count *count = context;
    count->count += (count->state == NULL || strcmp(row->state, count->state) == 0) && strstr(row->json, count->word);
    return true;
}

size_t bench_events(struct bench *bench, const char *state, const char *word) {
    struct event_count count = {.state = state, .word = word};
    struct qmon_event_query query = {.kind = -1, .limit = 100000, .include_lifecycle = true};
    cr_assert_geq(qmon_store_query(bench->store, &query, count_event, &count), 0);
    return count.count;
}

struct counter_sum {
    const char *name;
    uint64_t sum;
};

static void add_counter(void *context, const struct qmon_counter *counter) {
    struct counter_sum *sum = context;
    if (strcmp(counter->name, sum->name) == 0)
        sum->sum += counter->value;
}

uint64_t bench_counter(struct bench *bench, const char *name) {
    struct counter_sum sum = {.name = name};
    qmon_store_counters(bench->store, add_counter, &sum);
    return sum.sum;
}

void bench_run_out(struct bench *bench) {
    char path[300];
    sqlite3 *database = NULL;
    struct qmon_delivery_summary summary;
    snprintf(path, sizeof path, "%s/store.db", bench->scratch.path);
    cr_assert_eq(sqlite3_open(path, &database), SQLITE_OK);
    sqlite3_busy_timeout(database, 2000);
    cr_assert_eq(sqlite3_exec(database, "UPDATE outbox SET due_ms = 0 WHERE status = 0", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(database);
    qmon_deliver_due(bench->store, bench->config, NULL, qmon_monotonic_ms() + 20000, &summary);
}

bool bench_exists(const char *path) {
    return access(path, F_OK) == 0;
}

/* As the agent copies a record that has no file it can reach. */
static int sealed_copy(const struct made_record *made) {
    int fd = memfd_create("record", MFD_ALLOW_SEALING);
    if (write(fd, made->at, sizeof *made->at) != (ssize_t) sizeof *made->at || ftruncate(fd, QMON_RECORD_BYTES) < 0)
        abort();
    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW);
    return fd;
}

/* In the child, which becomes the receiver. option: one more word; NULL none. */
_Noreturn static void receive(const struct made_record *made, const char *why, const char *path, int fd,
                              const char *option, unsigned deadline_ms) {
    char words[6][600] = {"receive"};
    snprintf(words[1], sizeof words[1], "--why=%s", why);
    snprintf(words[2], sizeof words[2], "--pid=%u", made->at->process.pid);
    snprintf(words[3], sizeof words[3], "--record=%s", path);
    snprintf(words[4], sizeof words[4], "--deadline-ms=%u", deadline_ms);
    snprintf(words[5], sizeof words[5], "%s", option != NULL ? option : "");
    char *arguments[] = {words[0], words[1], words[2], words[3], words[4], option != NULL ? words[5] : NULL, NULL};
    setsid(); /* as the agent does it: what it forks can be killed with it */
    if (fd != 3)
        dup2(fd, 3);
    else
        fcntl(fd, F_SETFD, 0);
    _exit(qmon_receive_main(option != NULL ? 6 : 5, arguments));
}

pid_t bench_receive(const struct made_record *made, const char *why, const char *path, unsigned deadline_ms,
                    bool hold) {
    int fd = path[0] != '\0' ? open(path, O_RDWR | O_CLOEXEC) : sealed_copy(made);
    pid_t receiver = fd >= 0 ? fork() : -1;
    if (receiver == 0)
        receive(made, why, path, fd, hold ? "--hold" : NULL, deadline_ms);
    close(fd);
    return receiver;
}

pid_t bench_receive_with_release(const struct made_record *made, int *ret_release) {
    int ends[2];
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    *ret_release = ends[0];
    pid_t receiver = fork();
    if (receiver == 0) {
        int end = fcntl(ends[1], F_DUPFD, 5), fd = fcntl(open(made->path, O_RDWR), F_DUPFD, 5);
        close(ends[0]);
        close(ends[1]);
        dup2(end, 4);
        close(end);
        receive(made, "crash", made->path, fd, "--release", 5000);
    }
    close(ends[1]);
    return receiver;
}

int bench_wait(pid_t receiver) {
    int status = 0;
    if (receiver > 0)
        cr_assert_eq(waitpid(receiver, &status, 0), receiver);
    return status;
}
