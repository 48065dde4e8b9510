#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "help.h"
#include "run_report.h"
#include "session.h"

#define DEFAULT_WAIT_MS 5000u
#define CANNOT_RUN 126
#define NOT_FOUND 127

struct run_options {
    bool quiet, json;
    uint64_t wait_ms;
};

static const struct qmon__cli_option options[] = {
    {'q', "quiet", QMON_ARG_SWITCH, NULL, "say nothing; events are kept and alerts sent all the same",
     offsetof(struct run_options, quiet)},
    {'w', "wait", QMON_ARG_DURATION, "TIME", "longest wait for the report after the program's death (5s)",
     offsetof(struct run_options, wait_ms)},
    {'\0', "json", QMON_ARG_SWITCH, NULL, "the events as JSON, one a line, in place of the report",
     offsetof(struct run_options, json)},
    {0},
};

static int run_run(int argc, char **argv);

const struct qmon__cli_command qmon__cli_run = {
    .name = "run",
    .summary = "start a program with the agent in it, and report how it dies",
    .synopsis = "[OPTIONS] [--] PROGRAM [ARGUMENTS]",
    .details =
        "The program gets the terminal, the signals and the exit status of qmon as if it ran alone; the report goes to\n"
        "stderr once it is dead. 127 is the exit status where there is no such program, 126 where it cannot be run;\n"
        "else qmon ends as the program did, by the same signal if it was one.\n",
    .options = options,
    .stops_at_operand = true,
    .min_operands = 1,
    .operand_help = "the program to run",
    .run = run_run,
};

/* The setting that loads the agent, to be freed; NULL: it cannot be loaded, and *ret_why says why not (static). */
static char *preload_setting(const char **ret_why) {
    const char *before = getenv("LD_PRELOAD");
    char library[PATH_MAX];
    char *setting = NULL;

    *ret_why = "is not watched: out of memory";
    if (qmon__cli_library(library, sizeof library) < 0)
        *ret_why = "is not watched: libqmon.so was not found next to qmon; install both under one prefix";
    else if (strpbrk(library, ": \t\n"))
        *ret_why = "is not watched: the path of libqmon.so has a blank or a colon in it, which LD_PRELOAD cannot carry";
    else if (asprintf(&setting, "LD_PRELOAD=%s%s%s", library, before && *before ? ":" : "", before ? before : "") < 0)
        setting = NULL;
    return setting;
}

static void say_obstacle(const struct qmon__cli_run *run, const char *why) {
    fprintf(stderr, "qmon run: %s %s; only the way it ends will be known\n", run->argv[0], why);
}

static int cannot_run(const char *name, int error) {
    if (error == -ENOENT && !strchr(name, '/'))
        fprintf(stderr, "qmon run: there is no program '%s' in PATH\n", name);
    else if (error == -ENOENT)
        fprintf(stderr,
                "qmon run: there is no program %s, or what its first line names as its interpreter is missing\n", name);
    else if (error == -EACCES)
        fprintf(stderr,
                "qmon run: %s may not be executed: no x permission, a directory, or a file system mounted noexec\n",
                name);
    else if (error == -ENOEXEC)
        fprintf(stderr, "qmon run: %s is not a program that this machine can run\n", name);
    else
        fprintf(stderr, "qmon run: %s cannot be run: %s\n", name, strerror(-error));
    return error == -ENOENT ? NOT_FOUND : CANNOT_RUN;
}

static bool is_left_alone(const struct qmon__cli_run *run) {
    struct qmon_config *config = qmon_config_load(environ);
    bool alone = config && (config->disable || (run->inspected && qmon__cli_excluded(config, run->program.path)));

    qmon_config_free(config);
    return alone;
}

static int start_and_report(struct qmon__cli_run *run) {
    char *settings[] = {NULL, NULL};
    struct qmon__cli_child child;
    const char *why = NULL;
    char words[256];
    int r;

    run->inspected = qmon__cli_program_inspect(run->argv[0], getenv("PATH"), &run->program) == 0;
    run->left_alone = is_left_alone(run);
    if (run->inspected)
        run->obstacle = qmon__cli_program_obstacle(&run->program, getuid(), getgid(), words, sizeof words);
    if (!run->obstacle) {
        settings[0] = preload_setting(&why);
        run->obstacle = settings[0] ? NULL : why;
    }
    if (run->obstacle && run->inspected && !run->left_alone && !run->quiet)
        say_obstacle(run, run->obstacle);
    r = qmon__cli_run_child(run->argv, settings, &child);
    free(settings[0]);
    if (r < 0)
        return cannot_run(run->argv[0], r);
    qmon__cli_run_report(run, &child);
    qmon__cli_reap(&child);
    fflush(NULL);
    qmon__cli_end_as(child.wait_status);
}

static int run_run(int argc, char **argv) {
    struct run_options wanted = {.wait_ms = DEFAULT_WAIT_MS};
    struct qmon__cli_run *run;
    int first, status = qmon__cli_parse(&qmon__cli_run, argc, argv, &wanted, &first);

    if (status >= 0)
        return status;
    run = calloc(1, sizeof *run);
    if (!run) {
        fputs("qmon run: out of memory\n", stderr);
        return 1;
    }
    run->argv = argv + first;
    run->wait_ms = wanted.wait_ms;
    run->json = wanted.json;
    run->quiet = wanted.quiet;
    status = start_and_report(run);
    free(run);
    return status;
}
