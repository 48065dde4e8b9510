/*
 * process_tree.h: runs a program and whatever it starts, within bounds.
 *
 * The calling process becomes a subreaper, so what the program leaves running comes to us: we wait for it, and end what does
 * not end in time. A cgroup with a limit (or, where there is none to be had, a limit of the user's) keeps a program that
 * multiplies from taking the machine along.
 */
#ifndef QMON_TEST_PROCESS_TREE_H
#define QMON_TEST_PROCESS_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct tree_request {
    const char *const *arguments;   /* NULL-terminated; the first is the path */
    const char *const *environment; /* NULL-terminated: all of it */
    const char *directory;          /* to work in */
    void (*prepare)(void);          /* runs in the child right before exec; may be NULL */
    unsigned limit_ms;              /* for the whole tree */
};

struct tree_result {
    int wait_status;     /* of the program itself, as from waitpid */
    pid_t pid;           /* which it had */
    bool timed_out;      /* something had to be killed */
    unsigned elapsed_ms; /* until the program itself ended */
    unsigned settled_ms; /* until all it started had ended too */
    char *output;        /* stdout and stderr, terminated; whatever goes beyond 1 MiB is dropped */
    char *errors;
};

/* Fails the test where the program cannot be started. The program gets /dev/null as its input, no descriptor beyond 2, default
 * signals, none blocked, a process group of its own, and no limit on core files. */
void tree_run(const struct tree_request *request, struct tree_result *ret_result);
void tree_free(struct tree_result *result);

#endif
