/*
 * The agent is tried on real programs: /bin/true with the library preloaded must end well and say nothing, and a shell that
 * kills itself must be reported. The second works in a directory of its own, with an environment that knows no channel, so
 * that nobody is alerted.
 */
#include "doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qmon/clock.h>
#include <qmon/paths.h>
#include <qmon/receiver.h>

#include "program.h"
#include "when.h"

#define TRIAL_MS 5000
#define OUTPUT_BYTES 512

struct trial {
    const char *const *argv;
    const char *const *environment;
    char output[OUTPUT_BYTES]; /* what it wrote, its beginning */
    int status;
    pid_t pid;
};

_Noreturn static void become(const struct trial *trial, int output) {
    struct rlimit none = {0, 0};
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    setrlimit(RLIMIT_CORE, &none);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0)
        _exit(127);
    execve(trial->argv[0], (char *const *) trial->argv, (char *const *) trial->environment);
    _exit(127);
}

/* Reads until the other side is closed or the time is up; the rest of what does not fit is dropped. */
static void read_output(int fd, char *ret_output, uint64_t deadline_ms) {
    size_t used = 0;

    for (;;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        uint64_t now_ms = qmon_monotonic_ms();
        char rest[256];
        ssize_t n;

        if (now_ms >= deadline_ms || poll(&wait, 1, (int) (deadline_ms - now_ms)) <= 0)
            break;
        if (used + 1 < OUTPUT_BYTES)
            n = read(fd, ret_output + used, OUTPUT_BYTES - 1 - used);
        else
            n = read(fd, rest, sizeof rest);
        if (n <= 0)
            break;
        if (used + 1 < OUTPUT_BYTES)
            used += (size_t) n;
    }
    ret_output[used] = '\0';
    ret_output[strcspn(ret_output, "\n")] = '\0';
}

/* Runs it; killed when it takes too long. Returns 0 or a negative errno. */
static int run_trial(struct trial *trial) {
    uint64_t deadline_ms = qmon_monotonic_ms() + TRIAL_MS;
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    trial->pid = fork();
    if (trial->pid == 0)
        become(trial, ends[1]);
    close(ends[1]);
    if (trial->pid < 0) {
        close(ends[0]);
        return -errno;
    }
    read_output(ends[0], trial->output, deadline_ms);
    close(ends[0]);
    if (qmon_monotonic_ms() >= deadline_ms)
        kill(trial->pid, SIGKILL);
    while (waitpid(trial->pid, &trial->status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

static bool loads(struct qmon__cli_doctor *doctor) {
    static const char *const argv[] = {"/bin/true", NULL};
    char preload[PATH_MAX + 16];
    const char *const environment[] = {preload, "QMON_DISABLE=1", NULL};
    struct trial trial = {.argv = argv, .environment = environment};
    int r;

    snprintf(preload, sizeof preload, "LD_PRELOAD=%s", doctor->library);
    r = run_trial(&trial);
    if (r < 0) {
        qmon__cli_finding(doctor, QMON_FINDING_BAD, "agent", NULL, "/bin/true could not be started: %s", strerror(-r));
        return false;
    }
    if (trial.status != 0 || trial.output[0]) {
        qmon__cli_finding(doctor, QMON_FINDING_BAD, "agent", "install the libqmon.so that was built with this qmon",
                          "%s does not load into /bin/true: %s", doctor->library,
                          trial.output[0] ? trial.output : "the program failed");
        return false;
    }
    return true;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where) {
    (void) status, (void) type, (void) where;
    return remove(path), 0;
}

static void remove_trial(const char *directory) {
    char records[QMON_RECORD_DIRECTORY_BYTES];

    qmon_record_directory_shm((uint32_t) getuid(), directory, records, sizeof records);
    nftw(records, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static bool count_crash(void *context, const struct qmon_event_row *row) {
    (void) row;
    ++*(unsigned *) context;
    return true;
}

static unsigned crashes_in(const char *directory) {
    struct qmon_event_query query = {.kind = QMON_KIND_CRASH};
    const char *problem = NULL;
    struct qmon_store *store = qmon_store_open(directory, &problem);
    unsigned crashes = 0;

    if (store) {
        qmon_store_query(store, &query, count_crash, &crashes);
        qmon_store_close(store);
    }
    return crashes;
}

/* Receivers of the trial that nobody waits for come to us as orphans, see below; waits for their end, so that none works in
 * a directory that is about to go. */
static void await_orphans(void) {
    uint64_t deadline_ms = qmon_monotonic_ms() + TRIAL_MS;
    sigset_t children;

    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_BLOCK, &children, NULL);
    for (;;) {
        uint64_t now_ms = qmon_monotonic_ms();
        pid_t pid = waitpid(-1, NULL, WNOHANG);
        struct timespec left;

        if ((pid < 0 && errno != EINTR) || now_ms >= deadline_ms)
            break;
        left.tv_sec = (time_t) ((deadline_ms - now_ms) / 1000);
        left.tv_nsec = (long) ((deadline_ms - now_ms) % 1000) * 1000000;
        if (pid == 0)
            sigtimedwait(&children, NULL, &left);
    }
    sigprocmask(SIG_UNBLOCK, &children, NULL);
}

static void catches_a_crash(struct qmon__cli_doctor *doctor) {
    static const char *const argv[] = {"/bin/sh", "-c", "kill -SEGV $$", NULL};
    const char *temporary = getenv("TMPDIR");
    char directory[PATH_MAX], preload[PATH_MAX + 16], state[PATH_MAX + 16], took[QMON_WHEN_BYTES];
    const char *const environment[] = {preload, state, "PATH=/usr/bin:/bin", NULL};
    struct trial trial = {.argv = argv, .environment = environment};
    uint64_t start_ms = qmon_monotonic_ms();
    unsigned crashes;

    snprintf(directory, sizeof directory, "%s/qmon-doctor-XXXXXX", temporary && *temporary ? temporary : "/tmp");
    if (!mkdtemp(directory)) {
        qmon__cli_finding(doctor, QMON_FINDING_WARNING, "agent", NULL,
                          "it was not tried on a crash: no temporary directory: %s", strerror(errno));
        return;
    }
    snprintf(preload, sizeof preload, "LD_PRELOAD=%s", doctor->library);
    snprintf(state, sizeof state, "QMON_STATE_DIR=%s", directory);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (run_trial(&trial) == 0)
        qmon_await(directory, (uint32_t) trial.pid, TRIAL_MS);
    crashes = crashes_in(directory);
    snprintf(took, sizeof took, "%" PRIu64 " ms", qmon_monotonic_ms() - start_ms);
    await_orphans();
    if (!WIFSIGNALED(trial.status) || WTERMSIG(trial.status) != SIGSEGV)
        qmon__cli_finding(doctor, QMON_FINDING_BAD, "agent", "report this as a bug of qmon",
                          "a shell that sends itself SIGSEGV did not die of it (status 0x%x)", (unsigned) trial.status);
    else if (crashes != 1)
        qmon__cli_finding(doctor, QMON_FINDING_BAD, "agent", "run with QMON_LOG=stderr to see what stops it",
                          "a trial crash gave %u reports, and should have given one", crashes);
    else
        qmon__cli_finding(doctor, QMON_FINDING_GOOD, "agent", NULL, "%s; a trial crash was caught and stored in %s",
                          doctor->library, took);
    remove_trial(directory);
}

void qmon__cli_check_agent(struct qmon__cli_doctor *doctor) {
    if (qmon__cli_library(doctor->library, sizeof doctor->library) < 0) {
        doctor->library[0] = '\0';
        qmon__cli_finding(doctor, QMON_FINDING_BAD, "agent",
                          "install qmon and libqmon.so under one prefix (bin and lib)",
                          "libqmon.so was not found near this qmon");
        return;
    }
    if (strpbrk(doctor->library, ": \t\n")) {
        qmon__cli_finding(doctor, QMON_FINDING_BAD, "agent", "install qmon elsewhere",
                          "%s has a blank or a colon in its path, which LD_PRELOAD cannot carry", doctor->library);
        return;
    }
    if (loads(doctor))
        catches_a_crash(doctor);
}
