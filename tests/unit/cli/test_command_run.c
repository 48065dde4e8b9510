/* `qmon run`: to the program, and to whoever started it, qmon is not there. */
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command_case.h"

static pid_t on_terminal; /* 0: none */

/* A test that has failed may have left it behind, and nobody types what it waits for. */
static void end_terminal(void) {
    if (on_terminal > 0)
        kill(on_terminal, SIGKILL);
    teardown();
}

TestSuite(command_run, .init = setup, .fini = end_terminal, .timeout = 90);

Test(command_run, ends_with_the_programs_exit_status) {
    COMMAND(&command, 0, "run", "true");
    cr_expect_str_empty(command.err, "nothing happened, so nothing is said");
    command_free(&command);
    COMMAND(&command, 3, "run", "--", "sh", "-c", "exit 3");
    command_expect_err(&command, "exited with status 3");
    command_expect_err(&command, "tells more.");
    cr_expect_eq(occurrences_of(command.err, "\n"), 2, "two lines for what is no crash:\n%s", command.err);
    command_free(&command);
    COMMAND(&command, 255, "run", "--quiet", "--", "sh", "-c", "exit 255");
    cr_expect_str_empty(command.err);
}

static void expect_killed_by(int number, const char *name) {
    char script[32], words[64];

    snprintf(script, sizeof script, "kill -%d $$", number);
    command_start(&command, (const char *const[]){"run", "--", "sh", "-c", script, NULL});
    command_finish(&command);
    cr_assert(WIFSIGNALED(command.wait_status), "0x%x, %s", (unsigned) command.wait_status, command.err);
    cr_expect_eq(WTERMSIG(command.wait_status), number);
    snprintf(words, sizeof words, "was ended by %s", name);
    command_expect_err(&command, words);
    command_free(&command);
}

Test(command_run, ends_by_the_signal_that_ended_the_program) {
    expect_killed_by(SIGTERM, "SIGTERM");
    expect_killed_by(SIGKILL, "SIGKILL");
    expect_killed_by(SIGINT, "SIGINT");
    expect_killed_by(SIGPIPE, "SIGPIPE");
}

static void allow_cores(void) {
    struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};

    setrlimit(RLIMIT_CORE, &all);
}

Test(command_run, leaves_no_core_of_its_own) {
    command.prepare = allow_cores;
    command_start(&command, (const char *const[]){"run", "--", "sh", "-c", "ulimit -c 0; kill -SEGV $$", NULL});
    command_finish(&command);
    cr_assert(WIFSIGNALED(command.wait_status));
    cr_expect_eq(WTERMSIG(command.wait_status), SIGSEGV);
    cr_expect_not(WCOREDUMP(command.wait_status));
}

Test(command_run, tells_what_cannot_be_run) {
    const char *path = scratch_write(&scratch, "data", "text");

    COMMAND(&command, 127, "run", "--", "no-such-program-anywhere");
    command_expect_err(&command, "there is no program 'no-such-program-anywhere' in PATH");
    command_free(&command);
    COMMAND(&command, 127, "run", "--", "/nonexistent/program");
    command_free(&command);
    COMMAND(&command, 126, "run", "--", path);
    command_expect_err(&command, "may not be executed");
    command_free(&command);
    COMMAND(&command, 126, "run", "--", scratch.path);
    command_free(&command);
    COMMAND(&command, 2, "run");
    command_expect_err(&command, "the program to run is missing");
}

Test(command_run, adds_nothing_to_the_output) {
    COMMAND(&command, 0, "run", "--", "sh", "-c", "printf out; printf err >&2");
    cr_expect_str_eq(command.out, "out");
    cr_expect_str_eq(command.err, "err");
}

Test(command_run, puts_the_agent_before_what_is_preloaded_already) {
    /* The second is for a qmon that is itself built with a sanitizer. */
    const char *const environment[] = {"LD_PRELOAD=libm.so.6", "ASAN_OPTIONS=verify_asan_link_order=0", NULL};

    command.environment = environment;
    COMMAND(&command, 0, "run", "--", "sh", "-c", "echo \"$LD_PRELOAD\"");
    command_expect_out(&command, "/libqmon.so:libm.so.6\n");
}

static void ignore_chld_block_usr1(void) {
    sigset_t set;

    signal(SIGCHLD, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

/* What /proc/self/status says of signals, in a program that qmon runs and in one that it does not. */
Test(command_run, hands_on_signal_mask_and_dispositions_as_they_were) {
    static const char script[] = "grep -E '^Sig(Blk|Ign)' /proc/self/status";
    char *with;

    command.prepare = ignore_chld_block_usr1;
    COMMAND(&command, 0, "run", "--", "grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status");
    with = command.out;
    cr_expect_str_eq(with, "SigBlk:\t0000000000000200\nSigIgn:\t0000000000010001\n", "%s: %s", script, with);
}

Test(command_run, hands_on_every_descriptor) {
    COMMAND(&command, 0, "run", "--", "ls", "/proc/self/fd");
    cr_expect_str_eq(command.out, "0\n1\n2\n3\n", "3 is ls reading the directory");
}

Test(command_run, sends_on_what_another_process_sends_to_it) {
    static const struct {
        int number;
        const char *name;
    } signals[] = {{SIGTERM, "TERM"}, {SIGHUP, "HUP"}, {SIGUSR1, "USR1"}, {SIGINT, "INT"}, {SIGWINCH, "WINCH"}};

    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        char script[160];
        snprintf(script, sizeof script, "trap 'echo got it; exit 7' %s; echo ready; while :; do sleep 0.02; done",
                 signals[i].name);
        command_start(&command, (const char *const[]){"run", "-q", "--", "sh", "-c", script, NULL});
        command_await_output(&command, "ready");
        cr_assert_eq(kill(command.pid, signals[i].number), 0);
        command_finish(&command);
        cr_assert(WIFEXITED(command.wait_status) && WEXITSTATUS(command.wait_status) == 7, "%s: 0x%x %s",
                  signals[i].name, (unsigned) command.wait_status, command.err);
        cr_expect_eq(occurrences_of(command.out, "got it"), 1);
        command_free(&command);
    }
}

Test(command_run, takes_the_program_along_when_it_is_killed) {
    struct pollfd closed;

    command_start(&command, (const char *const[]){"run", "--", "sh", "-c", "echo ready; exec sleep 60", NULL});
    command_await_output(&command, "ready");
    cr_assert_eq(kill(command.pid, SIGKILL), 0);
    /* The program holds the other end of the pipe; it is closed when that is gone too. */
    closed = (struct pollfd){.fd = command.out_fd};
    cr_expect_eq(poll(&closed, 1, 20000), 1, "the program lives on");
    command_finish(&command);
}

/* Reads from the terminal until `text` comes. */
static void await_terminal(int fd, char *ret_seen, size_t bytes, const char *text) {
    size_t used = strlen(ret_seen);

    while (!strstr(ret_seen, text)) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        ssize_t n;
        cr_assert_eq(poll(&wait, 1, 20000), 1, "'%s' did not come: %s", text, ret_seen);
        n = read(fd, ret_seen + used, bytes - 1 - used);
        cr_assert_gt(n, 0, "'%s' did not come: %s", text, ret_seen);
        used += (size_t) n;
        ret_seen[used] = '\0';
    }
}

static int wait_for_terminal(void) {
    int status;

    cr_assert_eq(waitpid(on_terminal, &status, 0), on_terminal);
    on_terminal = 0;
    return status;
}

static int run_on_terminal(const char *script) {
    int terminal;

    on_terminal = forkpty(&terminal, NULL, NULL, NULL);
    cr_assert_geq(on_terminal, 0);
    if (on_terminal == 0) {
        setenv("QMON_STATE_DIR", scratch_path(&scratch, "state"), 1);
        execl(QMON_BUILD_DIR "/qmon", "qmon", "run", "--", "sh", "-c", script, (char *) NULL);
        _exit(124);
    }
    return terminal;
}

Test(command_run, leaves_ctrl_c_to_the_program) {
    char seen[4096] = "";
    int status, terminal = run_on_terminal("trap 'echo caught' INT; echo ready; read x; echo x=$x; exit 5");

    await_terminal(terminal, seen, sizeof seen, "ready");
    cr_assert_eq(write(terminal, "\003", 1), 1);
    await_terminal(terminal, seen, sizeof seen, "caught");
    cr_assert_eq(write(terminal, "yes\n", 4), 4);
    await_terminal(terminal, seen, sizeof seen, "x=");
    status = wait_for_terminal();
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 5, "0x%x", (unsigned) status);
    cr_expect_eq(occurrences_of(seen, "caught"), 1, "%s", seen);
    close(terminal);
}

Test(command_run, stops_and_goes_on_with_the_program_on_ctrl_z) {
    char seen[4096] = "";
    int status, terminal = run_on_terminal("echo ready; read x; echo x=$x; exit 6");

    await_terminal(terminal, seen, sizeof seen, "ready");
    /* The session has no shell to be orphaned from: a stop character would be discarded, so the signal is sent. */
    cr_assert_eq(kill(on_terminal, SIGSTOP), 0);
    cr_assert_eq(waitpid(on_terminal, &status, WUNTRACED), on_terminal);
    cr_expect(WIFSTOPPED(status));
    cr_assert_eq(kill(on_terminal, SIGCONT), 0);
    cr_assert_eq(write(terminal, "yes\n", 4), 4);
    await_terminal(terminal, seen, sizeof seen, "x=");
    status = wait_for_terminal();
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 6, "0x%x", (unsigned) status);
    close(terminal);
}

/* Compiles a program into the scratch directory and returns its path. */
static const char *compile(const char *name, const char *source, const char *flags) {
    char text[1024];
    const char *path = scratch_path(&scratch, name);

    scratch_write(&scratch, "program.c", source);
    snprintf(text, sizeof text, "cd %s && cc -g -o %s program.c %s", scratch.path, name, flags);
    cr_assert_eq(system(text), 0);
    return path;
}

static const char null_pointer[] = "#include <stddef.h>\n"
                                   "struct item { long a, b; };\n"
                                   "static volatile long sum;\n"
                                   "__attribute__((noinline)) static void add(struct item *item) {\n"
                                   "    sum += item->b;\n"
                                   "}\n"
                                   "int main(void) {\n"
                                   "    add(NULL);\n"
                                   "    return 0;\n"
                                   "}\n";

Test(command_run, reports_a_crash_with_its_cause_and_source_line) {
    const char *path = compile("null", null_pointer, "");

    command_start(&command, (const char *const[]){"run", path, NULL});
    command_finish(&command);
    cr_assert(WIFSIGNALED(command.wait_status) && WTERMSIG(command.wait_status) == SIGSEGV);
    command_expect_err(&command, "was ended by SIGSEGV");
    command_expect_err(&command, "> 5 |     sum += item->b;");
    command_expect_err(&command, "Cause");
    cr_expect_eq(occurrences_of(command.err, "tells more"), 1, "one report:\n%s", command.err);
}

Test(command_run, gives_the_events_to_scripts) {
    const char *path = compile("null", null_pointer, "");

    command_start(&command, (const char *const[]){"run", "--json", path, NULL});
    command_finish(&command);
    cr_expect_eq(occurrences_of(command.err, "\n"), 1, "%s", command.err);
    command_expect_err(&command, "\"schema\":\"qmon.event/1\"");
    command_expect_err(&command, "\"code\":\"SIGSEGV\"");
}

Test(command_run, reports_crashes_of_the_programs_descendants) {
    const char *path = compile("null", null_pointer, "");
    char script[256];

    snprintf(script, sizeof script, "sh -c '%s; true'; exit 0", path);
    COMMAND(&command, 0, "run", "--", "sh", "-c", script);
    command_expect_err(&command, "> 5 |     sum += item->b;");
}

static void expect_stored(const char *state_text) {
    struct command list = {.scratch = &scratch};

    COMMAND(&list, 0, "list");
    cr_expect_eq(occurrences_of(list.out, "\n"), 2, "one event:\n%s", list.out);
    command_expect_out(&list, state_text);
    command_free(&list);
}

Test(command_run, says_that_a_static_program_cannot_be_watched_and_reports_its_death) {
    const char *path = compile("static", null_pointer, "-static");

    command_start(&command, (const char *const[]){"run", path, NULL});
    command_finish(&command);
    cr_assert(WIFSIGNALED(command.wait_status) && WTERMSIG(command.wait_status) == SIGSEGV);
    command_expect_err(&command, "is statically linked");
    command_expect_err(&command, "only the way it ends will be known");
    command_expect_err(&command, "SIGSEGV in static");
    expect_stored("SIGSEGV");
}

Test(command_run, reports_a_static_programs_exit_status_once) {
    const char *path = compile("static", "int main(void) { return 4; }\n", "-static");

    COMMAND(&command, 4, "run", path);
    expect_stored("exit");
    command_free(&command);
    COMMAND(&command, 0, "flush");
    expect_stored("exit");
}

Test(command_run, finds_a_sigkill_at_once) {
    command_start(&command, (const char *const[]){"run", "--", "sh", "-c", "kill -KILL $$", NULL});
    command_finish(&command);
    cr_assert(WIFSIGNALED(command.wait_status) && WTERMSIG(command.wait_status) == SIGKILL);
    command_expect_err(&command, "killed itself (SIGKILL)");
    expect_stored("SIGKILL");
    command_free(&command);
    COMMAND(&command, 0, "flush");
    command_expect_out(&command, "0 events recovered");
    expect_stored("SIGKILL");
}

#define WORD(number) #number
#define TEXT(number) WORD(number)
#define KILL_BY_A_BARE_CALL "syscall(" TEXT(__NR_kill) ", $$ + 0, 9); sleep 9"

Test(command_run, finds_a_sigkill_that_nobody_owns_up_to) {
    command_start(&command, (const char *const[]){"run", "--", "perl", "-e", KILL_BY_A_BARE_CALL, NULL});
    command_finish(&command);
    cr_assert(WIFSIGNALED(command.wait_status) && WTERMSIG(command.wait_status) == SIGKILL);
    command_expect_err(&command, "was killed (SIGKILL)");
    expect_stored("SIGKILL");
}

Test(command_run, is_quiet_about_a_program_that_is_left_alone) {
    const char *const environment[] = {"QMON_DISABLE=1", NULL};

    command.environment = environment;
    COMMAND(&command, 3, "run", "--", "sh", "-c", "exit 3");
    cr_expect_eq(occurrences_of(command.err, "\n"), 1, "the summary alone:\n%s", command.err);
}
