#include "command.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <qmon/paths.h>

#define MOST_ENVIRONMENT 32
#define MOST_ARGUMENTS 32

static uint64_t now_ms(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

_Noreturn static void become(const struct command *command, const char *const *arguments, int out, int err) {
    char home[160], state[160];
    const char *const usual[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "TZ=UTC", home, state, NULL};
    const char *environment[MOST_ENVIRONMENT] = {NULL};
    const char *argv[MOST_ARGUMENTS] = {"qmon"};
    size_t count = 0;

    snprintf(home, sizeof home, "HOME=%s", command->scratch->path);
    snprintf(state, sizeof state, "QMON_STATE_DIR=%s/state", command->scratch->path);
    for (const char *const *at = command->environment; at && *at && count + 8 < MOST_ENVIRONMENT; at++)
        environment[count++] = *at;
    for (const char *const *at = usual; *at; at++)
        environment[count++] = *at;
    for (size_t i = 0; arguments[i] && i + 2 < MOST_ARGUMENTS; i++)
        argv[i + 1] = arguments[i];
    if (dup2(open("/dev/null", O_RDONLY), STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
        dup2(err, STDERR_FILENO) < 0 || chdir(command->scratch->path) < 0)
        _exit(125);
    closefrom(3);
    if (command->prepare)
        command->prepare();
    execve(QMON_BUILD_DIR "/qmon", (char *const *) argv, (char *const *) environment);
    _exit(124);
}

/* What a build server or nohup may have ignored is not ignored by what the tests start. */
struct scratch command_setup(void) {
    static const int usual[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGCHLD};

    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        signal(usual[i], SIG_DFL);
    cr_assert_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    return scratch_make();
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place) {
    (void) status, (void) type, (void) place;
    remove(path);
    return 0;
}

static void kill_children(void) {
    FILE *children = fopen("/proc/thread-self/children", "re");
    int pid;

    while (children != NULL && fscanf(children, "%d", &pid) == 1)
        kill(pid, SIGKILL);
    if (children != NULL)
        fclose(children);
}

/* A test that failed may have left something that would run for ever. */
static void wait_for_all(void) {
    const uint64_t deadline_ms = now_ms() + COMMAND_MS;
    const struct timespec pause = {.tv_nsec = 2000000};
    pid_t ended;

    while ((ended = waitpid(-1, NULL, WNOHANG)) >= 0 || errno == EINTR) {
        if (ended > 0)
            continue;
        if (now_ms() >= deadline_ms)
            kill_children();
        nanosleep(&pause, NULL);
    }
}

void command_teardown(const struct scratch *scratch) {
    char state[SCRATCH_BYTES + 16], records[QMON_RECORD_DIRECTORY_BYTES];

    wait_for_all();
    snprintf(state, sizeof state, "%s/state", scratch->path);
    qmon_record_directory_shm((uint32_t) getuid(), state, records, sizeof records);
    nftw(records, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    scratch_remove(scratch);
}

static char *empty(void) {
    char *text = calloc(1, 1);

    cr_assert_not_null(text);
    return text;
}

void command_start(struct command *command, const char *const *arguments) {
    int out[2], err[2];

    command_free(command); /* of the run before */
    cr_assert_eq(access(QMON_BUILD_DIR "/qmon", X_OK), 0, "qmon is not built");
    cr_assert_eq(pipe2(out, O_CLOEXEC), 0);
    cr_assert_eq(pipe2(err, O_CLOEXEC), 0);
    command->pid = fork();
    if (command->pid == 0)
        become(command, arguments, out[1], err[1]);
    cr_assert_gt(command->pid, 0);
    close(out[1]);
    close(err[1]);
    command->out_fd = out[0];
    command->err_fd = err[0];
    command->out = empty();
    command->err = empty();
}

/* Appends what can be read to *text; closes *fd and makes it -1 at its end. */
static void append(int *fd, char **text) {
    char buffer[4096];
    ssize_t n = read(*fd, buffer, sizeof buffer);
    size_t length = strlen(*text);

    if (n <= 0) {
        close(*fd);
        *fd = -1;
        return;
    }
    *text = realloc(*text, length + (size_t) n + 1);
    cr_assert_not_null(*text);
    memcpy(*text + length, buffer, (size_t) n);
    (*text)[length + (size_t) n] = '\0';
}

/* Reads once from whatever has something; false when the deadline is over or both are at their end. */
static bool read_some(struct command *command, uint64_t deadline_ms) {
    struct pollfd wait[] = {{.fd = command->out_fd, .events = POLLIN}, {.fd = command->err_fd, .events = POLLIN}};
    uint64_t now = now_ms();

    if ((command->out_fd < 0 && command->err_fd < 0) || now >= deadline_ms ||
        poll(wait, 2, (int) (deadline_ms - now)) <= 0)
        return false;
    if (wait[0].revents)
        append(&command->out_fd, &command->out);
    if (wait[1].revents)
        append(&command->err_fd, &command->err);
    return true;
}

void command_await_output(struct command *command, const char *text) {
    uint64_t deadline_ms = now_ms() + COMMAND_MS;

    while (!strstr(command->out, text))
        if (!read_some(command, deadline_ms))
            cr_assert_fail("'%s' did not come; stdout is '%s', stderr '%s'", text, command->out, command->err);
}

void command_finish(struct command *command) {
    uint64_t deadline_ms = now_ms() + COMMAND_MS;
    bool late;

    while (read_some(command, deadline_ms))
        continue;
    late = command->out_fd >= 0 || command->err_fd >= 0;
    if (late)
        kill(command->pid, SIGKILL);
    cr_assert_eq(waitpid(command->pid, &command->wait_status, 0), command->pid);
    if (command->out_fd >= 0)
        close(command->out_fd);
    if (command->err_fd >= 0)
        close(command->err_fd);
    cr_assert_not(late, "it did not end in time; stdout '%s', stderr '%s'", command->out, command->err);
}

void command_free(struct command *command) {
    free(command->out);
    free(command->err);
    command->out = command->err = NULL;
}

void command_run(struct command *command, int exit_status, const char *const *arguments) {
    command_start(command, arguments);
    command_finish(command);
    cr_assert(WIFEXITED(command->wait_status), "it was ended by signal %d; stderr '%s'", WTERMSIG(command->wait_status),
              command->err);
    cr_assert_eq(WEXITSTATUS(command->wait_status), exit_status, "exit status %d, not %d; stdout '%s', stderr '%s'",
                 WEXITSTATUS(command->wait_status), exit_status, command->out, command->err);
}

void command_expect_out(const struct command *command, const char *text) {
    cr_expect_not_null(strstr(command->out, text), "stdout has no '%s':\n%s", text, command->out);
}

void command_expect_err(const struct command *command, const char *text) {
    cr_expect_not_null(strstr(command->err, text), "stderr has no '%s':\n%s", text, command->err);
}

unsigned occurrences_of(const char *in, const char *text) {
    unsigned count = 0;

    for (; (in = strstr(in, text)); in += strlen(text))
        count++;
    return count;
}
