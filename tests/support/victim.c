#include "victim.h"

#include <criterion/criterion.h>
#include <criterion/hooks.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reports.h"
#include "victim_place.h"

struct trial {
    const struct victim *victim;
    struct victim_place place;
    struct tree_result plain, run;
    struct report_list list;
    bool other; /* it ended the other way */
    char problems[16384];
    size_t problem_bytes;
};

__attribute__((format(printf, 2, 3))) static void problem(struct trial *trial, const char *format, ...) {
    va_list arguments;
    size_t room = sizeof trial->problems - trial->problem_bytes;
    va_start(arguments, format);
    int count = vsnprintf(trial->problems + trial->problem_bytes, room, format, arguments);
    va_end(arguments);
    trial->problem_bytes += count < (int) room ? (size_t) count : room - 1;
}

/* "exit 3", "SIGSEGV", "SIGSEGV, core". */
static const char *death_words(int status, bool with_core, char *ret_words, size_t bytes) {
    if (WIFEXITED(status))
        snprintf(ret_words, bytes, "exit %d", WEXITSTATUS(status));
    else if (sigabbrev_np(WTERMSIG(status)) != NULL)
        snprintf(ret_words, bytes, "SIG%s%s", sigabbrev_np(WTERMSIG(status)),
                 with_core && WCOREDUMP(status) ? ", core" : "");
    else
        snprintf(ret_words, bytes, "signal %d%s", WTERMSIG(status), with_core && WCOREDUMP(status) ? ", core" : "");
    return ret_words;
}

/* How the row says that the program ends. */
static const char *expected_death(const struct victim *victim, char *ret_words, size_t bytes) {
    if (victim->death != NULL)
        return victim->death;
    if (victim->code == NULL)
        return "exit 0";
    if (strncmp(victim->code, "exit:", 5) != 0)
        return victim->code;
    snprintf(ret_words, bytes, "exit %s", victim->code + 5);
    return ret_words;
}

static const char *expected_kind(const struct victim *victim) {
    if (victim->kind != NULL)
        return victim->kind;
    return victim->code != NULL && strncmp(victim->code, "exit:", 5) == 0 ? "exit" : "crash";
}

static const char *expected_code(const struct trial *trial) {
    if (!trial->other)
        return trial->victim->code;
    return strncmp(trial->victim->other_death, "SIG", 3) == 0 ? trial->victim->other_death : NULL;
}

static unsigned expected_reports(const struct trial *trial) {
    if (trial->victim->reports != 0 && !trial->other)
        return trial->victim->reports;
    return expected_code(trial) != NULL;
}

/* Without `qmon` no receiver runs: the records themselves are looked at. */
static bool has_receiver(void) {
    return access(VICTIM_COMMAND, X_OK) == 0 && getenv("QMON_TEST_RECORDS") == NULL;
}

static void flush(struct trial *trial) {
    struct tree_result result;
    victim_place_flush(&trial->place, &result);
    if (!WIFEXITED(result.wait_status) || result.timed_out)
        problem(trial, "qmon flush itself failed: %s\n", result.errors);
    tree_free(&result);
}

static bool is_other_death(const struct victim *victim, const struct tree_result *result) {
    char words[64];
    return victim->other_death != NULL &&
           strcmp(death_words(result->wait_status, false, words, sizeof words), victim->other_death) == 0;
}

/* Is the scenario what it claims to be? */
static void check_plain(struct trial *trial) {
    const struct victim *victim = trial->victim;
    const struct tree_result *plain = &trial->plain;
    char wanted[64], found[64];
    if (plain->timed_out)
        problem(trial, "without the agent it does not end in time\n");
    death_words(plain->wait_status, false, found, sizeof found);
    if (strcmp(found, expected_death(victim, wanted, sizeof wanted)) != 0 && !is_other_death(victim, plain))
        problem(trial, "without the agent it ends by %s, not by %s\n", found,
                expected_death(victim, wanted, sizeof wanted));
    if (victim->prints != NULL && strstr(plain->output, victim->prints) == NULL)
        problem(trial, "without the agent it does not print \"%s\" but \"%s\"\n", victim->prints, plain->output);
}

/* The first lines in which two outputs differ. */
static void problem_difference(struct trial *trial, const char *where, const char *with, const char *without) {
    unsigned shown = 0;
    problem(trial, "prints other lines to %s (with the agent, and without):\n", where);
    while ((*with != '\0' || *without != '\0') && shown < 12) {
        size_t first = strcspn(with, "\n"), second = strcspn(without, "\n");
        if (first != second || memcmp(with, without, first) != 0) {
            problem(trial, "  + %.*s\n  - %.*s\n", (int) first, with, (int) second, without);
            shown++;
        }
        with += first + (with[first] == '\n');
        without += second + (without[second] == '\n');
    }
}

/* Where threads race the plain run is no measure of this one: it ends in one of the two ways. */
static void check_race(struct trial *trial) {
    char wanted[64], found[64];
    trial->other = is_other_death(trial->victim, &trial->run);
    death_words(trial->run.wait_status, false, found, sizeof found);
    if (!trial->other && strcmp(found, expected_death(trial->victim, wanted, sizeof wanted)) != 0)
        problem(trial, "ends by %s, neither by %s nor by %s\n", found,
                expected_death(trial->victim, wanted, sizeof wanted), trial->victim->other_death);
}

static void check_host(struct trial *trial) {
    const struct victim *victim = trial->victim;
    const struct tree_result *plain = &trial->plain, *now = &trial->run;
    const unsigned slower_ms = victim->slower_ms != 0 ? victim->slower_ms : VICTIM_SLOWER_MS;
    char before[64], after[64];
    death_words(plain->wait_status, true, before, sizeof before);
    death_words(now->wait_status, true, after, sizeof after);
    if (victim->other_death != NULL)
        check_race(trial);
    else if (strcmp(before, after) != 0)
        problem(trial, "ends by \"%s\", without the agent by \"%s\"\n", after, before);
    if (victim->any_output && strstr(now->output, victim->prints != NULL ? victim->prints : "") == NULL)
        problem(trial, "does not print \"%s\" but \"%s\"\n", victim->prints, now->output);
    if (!victim->any_output && strcmp(plain->output, now->output) != 0)
        problem_difference(trial, "stdout", now->output, plain->output);
    if (!victim->any_errors && strcmp(plain->errors, now->errors) != 0)
        problem_difference(trial, "stderr", now->errors, plain->errors);
    if (now->timed_out)
        problem(trial, "something that it started does not end in time\n");
    if (now->elapsed_ms > 2 * plain->elapsed_ms + slower_ms)
        problem(trial, "takes %u ms, without the agent %u ms\n", now->elapsed_ms, plain->elapsed_ms);
}

static void check_report(struct trial *trial, const struct report *report) {
    const struct victim *victim = trial->victim;
    const bool judged = has_receiver() || victim->afterwards == 0; /* a record alone does not know of a SIGKILL */
    const char *code = expected_code(trial);
    if (judged && (report->code == NULL || strcmp(report->code, code) != 0))
        problem(trial, "the report's code is %s, not %s\n", report->code != NULL ? report->code : "none", code);
    if (victim->origin != NULL && (report->origin == NULL || strstr(report->origin, victim->origin) == NULL))
        problem(trial, "its origin is %s, not %s\n", report->origin != NULL ? report->origin : "unknown",
                victim->origin);
    for (size_t i = 0; i < sizeof victim->tells / sizeof victim->tells[0]; i++)
        if (victim->tells[i] != NULL && strstr(report->text, victim->tells[i]) == NULL)
            problem(trial, "it does not say \"%s\"\n", victim->tells[i]);
}

/* At most so many, of which `later` may still be to come. */
static void check_reports(struct trial *trial, unsigned wanted, unsigned later) {
    const char *kind = expected_kind(trial->victim);
    const struct report *first = NULL, *other = NULL;
    const size_t found = reports_count(&trial->list, kind, NULL, &first);
    size_t all = reports_count(&trial->list, "crash", NULL, &other) +
                 reports_count(&trial->list, "exit", NULL, &other) + reports_count(&trial->list, "error", NULL, &other);
    if (found > wanted || found + later < wanted)
        problem(trial, "%zu reports of kind %s, expected %u\n", found, kind, wanted);
    if (trial->victim->any_others)
        all = found + trial->victim->other_kinds;
    if (all - found > trial->victim->other_kinds || all + later < wanted + trial->victim->other_kinds)
        problem(trial, "%zu reports of other kinds, expected %u\n", all - found, trial->victim->other_kinds);
    if (found != 0 && wanted != 0)
        check_report(trial, first);
}

static void check_lifecycle(struct trial *trial) {
    const struct victim *victim = trial->victim;
    const struct report *first;
    const size_t wanted = victim->starts == 0 ? 1 : victim->starts == NO_STARTS ? 0 : (size_t) victim->starts;
    size_t starts = reports_count(&trial->list, "lifecycle", "startup", &first);
    size_t stops = reports_count(&trial->list, "lifecycle", "shutdown", &first);
    if (starts != wanted || stops != wanted)
        problem(trial, "%zu starts and %zu stops are told, expected %zu each\n", starts, stops, wanted);
    if (victim->stops != NULL && stops > 0 && strstr(first->text, victim->stops) == NULL)
        problem(trial, "its stop does not say \"%s\" but %.300s\n", victim->stops, first->text);
}

static void check_events(struct trial *trial) {
    const struct victim *victim = trial->victim;
    if (!has_receiver()) {
        reports_of_records(trial->place.state, &trial->list);
        check_reports(trial, expected_reports(trial), 0);
        return;
    }
    reports_of_events(trial->place.events, &trial->list);
    check_reports(trial, expected_reports(trial), victim->afterwards);
    reports_free(&trial->list);
    flush(trial);
    reports_of_events(trial->place.events, &trial->list);
    check_reports(trial, expected_reports(trial), 0);
    if (!victim->any_lifecycle)
        check_lifecycle(trial);
    unsigned left = records_sweep(trial->place.state);
    if (left != 0)
        problem(trial, "%u records are left\n", left);
}

static void show(struct trial *trial, unsigned round) {
    char *log = scratch_read(scratch_path(&trial->place.scratch, "log"));
    problem(trial, "(run %u)\n", round + 1);
    for (size_t i = 0; i < trial->list.count; i++)
        problem(trial, "event: %.600s\n", trial->list.items[i].text);
    problem(trial, "its stdout: %.300s\nits stderr: %.300s\nlog: %.2000s\n", trial->run.output, trial->run.errors,
            log != NULL ? log : "");
    free(log);
}

static unsigned rounds_of_racy(void) {
    const char *wanted = getenv("QMON_TEST_REPEAT");
    unsigned rounds = wanted != NULL ? (unsigned) strtoul(wanted, NULL, 10) : VICTIM_REPEAT;
    return rounds > 0 ? rounds : 1;
}

static unsigned rounds_of(const struct victim *victim) {
    return victim->racy ? rounds_of_racy() : 1;
}

/* The suites' time is meant for VICTIM_REPEAT rounds: who asks for more has the more patience. */
ReportHook(PRE_ALL)(struct criterion_test_set *tests) {
    const double factor = (double) rounds_of_racy() / VICTIM_REPEAT;
    if (factor <= 1)
        return;
    FOREACH_SET(struct criterion_suite_set * set, tests->suites) {
        if (set->suite.data != NULL)
            set->suite.data->timeout *= factor;
        FOREACH_SET(struct criterion_test * test, set->tests)
        test->data->timeout *= factor;
    }
}

/* Some kernels and hypervisors have no 32-bit programs, whatever libraries are installed. */
static bool is_refused_by_kernel(const char *path) {
    char *const arguments[] = {(char *) (uintptr_t) path, NULL};
    unsigned char head[EI_NIDENT] = {0};
    posix_spawn_file_actions_t actions;
    pid_t child;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const bool has_head = fd >= 0 && read(fd, head, sizeof head) == sizeof head;
    if (fd >= 0)
        close(fd);
    if (!has_head || memcmp(head, ELFMAG, SELFMAG) != 0 || head[EI_CLASS] != ELFCLASS32)
        return false;
    posix_spawn_file_actions_init(&actions);
    for (int standard = 0; standard <= 2; standard++)
        posix_spawn_file_actions_addopen(&actions, standard, "/dev/null", O_RDWR, 0);
    const int problem = posix_spawn(&child, path, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (problem == 0)
        waitpid(child, NULL, 0);
    return problem == ENOEXEC;
}

static void skip_without(const char *name) {
    char path[512];
    victim_file(name, path, sizeof path);
    if (access(path, R_OK) != 0)
        cr_skip_test("there is no %s here", name);
    if (is_refused_by_kernel(path))
        cr_skip_test("the kernel runs no 32-bit programs");
}

/* One that is started as another user must be able to get at what was built, which a checkout in somebody's home does not let. */
static void skip_where_closed(void) {
    char path[512] = QMON_BUILD_DIR "/";
    struct stat status;
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (stat(path, &status) != 0 || (status.st_mode & S_IXOTH) == 0)
            cr_skip_test("%s is closed to other users", path);
        *slash = '/';
    }
}

const char *victim_problems(const struct victim *victim) {
    static struct trial trial;
    for (size_t i = 0; i < sizeof victim->needs / sizeof victim->needs[0] && victim->needs[i] != NULL; i++)
        skip_without(victim->needs[i]);
    if (victim->open_place && victim->prepare != NULL)
        skip_where_closed();
    memset(&trial, 0, sizeof trial);
    trial.victim = victim;
    victim_place_make(&trial.place, victim);
    victim_place_run(&trial.place, false, &trial.plain);
    check_plain(&trial);
    victim_place_drop(&trial.place);
    for (unsigned i = 0; i < rounds_of(victim) && trial.problem_bytes == 0; i++) {
        victim_place_make(&trial.place, victim);
        victim_place_run(&trial.place, true, &trial.run);
        check_host(&trial);
        check_events(&trial);
        if (trial.problem_bytes != 0)
            show(&trial, i);
        reports_free(&trial.list);
        tree_free(&trial.run);
        victim_place_drop(&trial.place);
    }
    tree_free(&trial.plain);
    return trial.problem_bytes != 0 ? trial.problems : NULL;
}

void victim_check(const struct victim *victim) {
    const char *problems = victim_problems(victim);
    cr_assert_null(problems, "%s\n%s", victim->program, problems);
}
