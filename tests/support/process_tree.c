#include "process_tree.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "process_limit.h"

#define OUTPUT_LIMIT (1024u * 1024u)
#define EXEC_FAILED 126

enum { OUTPUT, ERRORS, CHILDREN, SOURCES };

struct text {
    char *bytes;
    size_t count, room;
};

struct tree {
    const struct tree_request *request;
    struct tree_result *result;
    struct pollfd sources[SOURCES];
    struct text texts[2];
    uint64_t start_ms;
    bool ended; /* the program itself */
};

static uint64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000u + (uint64_t) now.tv_nsec / 1000000u;
}

static void default_signals(void) {
    sigset_t none;
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void become(const struct tree_request *request, const int outputs[2], const struct process_limit *limit) {
    const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
    process_limit_enter(limit);
    default_signals();
    setpgid(0, 0);
    setrlimit(RLIMIT_CORE, &unlimited);
    int input = open("/dev/null", O_RDONLY);
    if (input < 0 || dup2(input, 0) < 0 || dup2(outputs[0], 1) < 0 || dup2(outputs[1], 2) < 0 ||
        chdir(request->directory) != 0)
        _exit(EXEC_FAILED);
    close_range(3, ~0u, 0);
    if (request->prepare != NULL)
        request->prepare();
    execve(request->arguments[0], (char *const *) request->arguments, (char *const *) request->environment);
    dprintf(2, "exec: %s", strerror(errno));
    _exit(EXEC_FAILED);
}

/* What is there to read, or the end of it. */
static void drain(struct pollfd *source, struct text *text) {
    char bytes[16384];
    for (;;) {
        ssize_t count = read(source->fd, bytes, sizeof bytes);
        if (count < 0)
            return;
        if (count == 0) {
            close(source->fd);
            source->fd = -1;
            return;
        }
        if (text->count + (size_t) count > OUTPUT_LIMIT)
            continue;
        if (text->count + (size_t) count > text->room) {
            text->room = 2 * text->room + (size_t) count;
            text->bytes = realloc(text->bytes, text->room + 1);
            cr_assert_not_null(text->bytes);
        }
        memcpy(text->bytes + text->count, bytes, (size_t) count);
        text->count += (size_t) count;
    }
}

/* Takes those that have ended. False: there is none left. */
static bool reap(struct tree *tree) {
    struct signalfd_siginfo news;
    while (read(tree->sources[CHILDREN].fd, &news, sizeof news) > 0) {
    }
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG | __WALL);
        if (pid <= 0)
            return pid == 0;
        if (pid == tree->result->pid) {
            tree->result->wait_status = status;
            tree->result->elapsed_ms = (unsigned) (now_ms() - tree->start_ms);
            tree->ended = true;
        }
    }
}

/* Ends our children; theirs become ours and are ended by the next call. */
static void kill_children(void) {
    char path[64];
    int pid;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", gettid());
    FILE *file = fopen(path, "re");
    while (file != NULL && fscanf(file, "%d", &pid) == 1)
        kill(pid, SIGKILL);
    if (file != NULL)
        fclose(file);
}

static void watch(struct tree *tree) {
    const uint64_t end_ms = tree->start_ms + tree->request->limit_ms;
    while (reap(tree)) {
        uint64_t at_ms = now_ms();
        if (at_ms >= end_ms) {
            tree->result->timed_out = true;
            kill_children();
        }
        poll(tree->sources, SOURCES, at_ms >= end_ms ? 10 : (int) (end_ms - at_ms));
        for (int i = 0; i < 2; i++)
            if (tree->sources[i].fd >= 0)
                drain(&tree->sources[i], &tree->texts[i]);
    }
    for (int i = 0; i < 2; i++)
        if (tree->sources[i].fd >= 0)
            drain(&tree->sources[i], &tree->texts[i]);
}

static void open_sources(struct tree *tree, int ret_outputs[2]) {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    for (int i = 0; i < 2; i++) {
        int ends[2];
        cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
        tree->sources[i] = (struct pollfd){.fd = ends[0], .events = POLLIN};
        ret_outputs[i] = ends[1];
    }
    sigprocmask(SIG_BLOCK, &child, NULL);
    tree->sources[CHILDREN] = (struct pollfd){.fd = signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC), .events = POLLIN};
    cr_assert_geq(tree->sources[CHILDREN].fd, 0);
}

static char *finished(struct text *text) {
    if (text->bytes == NULL)
        return strdup("");
    text->bytes[text->count] = '\0';
    return text->bytes;
}

void tree_run(const struct tree_request *request, struct tree_result *ret_result) {
    struct tree_result result = {0};
    struct tree tree = {.request = request, .result = &result, .start_ms = now_ms()};
    struct process_limit limit;
    int outputs[2];

    process_limit_make(&limit);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    open_sources(&tree, outputs);
    result.pid = fork();
    cr_assert_geq(result.pid, 0);
    if (result.pid == 0)
        become(request, outputs, &limit);
    close(outputs[0]);
    close(outputs[1]);
    watch(&tree);
    result.settled_ms = (unsigned) (now_ms() - tree.start_ms);
    result.output = finished(&tree.texts[0]);
    result.errors = finished(&tree.texts[1]);
    for (int i = 0; i < SOURCES; i++)
        if (tree.sources[i].fd >= 0)
            close(tree.sources[i].fd);
    process_limit_remove(&limit);
    cr_assert(tree.ended, "the program's end was not seen");
    cr_assert_neq(result.wait_status, EXEC_FAILED << 8, "%s cannot be started: %s", request->arguments[0],
                  result.errors);
    *ret_result = result;
}

void tree_free(struct tree_result *result) {
    free(result->output);
    free(result->errors);
}
