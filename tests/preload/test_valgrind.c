/* Under valgrind: the same end, one report, and no error told of the agent's own work. */
#include <criterion/criterion.h>
#include <unistd.h>

#include "victim.h"

TestSuite(valgrind, .timeout = 120);

#define UNDER_VALGRIND(sentence, name, ending, function)                                                               \
    Test(valgrind, sentence) {                                                                                         \
        if (access("/usr/bin/valgrind", X_OK) != 0)                                                                    \
            cr_skip_test("valgrind is not there");                                                                     \
        victim_check(&(const struct victim){                                                                           \
            .program = "/bin/sh",                                                                                      \
            .arguments = {"-c", "valgrind -q " QMON_BUILD_DIR "/victims/" name " 2>errors; echo $?;"                   \
                                " grep -Ec 'libqmon|error reporting disabled' errors"},                                \
            .death = "exit 1", /* grep finds nothing */                                                                \
            .prints = "\n0\n",                                                                                         \
            .kind = "crash",                                                                                           \
            .code = ending,                                                                                            \
            .origin = function,                                                                                        \
            .other_kinds = 1, /* the shell's exit */                                                                   \
            .any_errors = true,                                                                                        \
            .slower_ms = 10000,                                                                                        \
            .limit_ms = 60000});                                                                                       \
    }

UNDER_VALGRIND(a_null_pointer_is_read, "null_read", "SIGSEGV", "read_null")
UNDER_VALGRIND(an_assertion_fails, "asserts", "SIGABRT", "")
UNDER_VALGRIND(a_thread_overflows_its_stack, "stack_overflow_thread", "SIGSEGV", "")
UNDER_VALGRIND(a_breakpoint_is_hit, "breakpoint", "SIGTRAP", "stop_here")
UNDER_VALGRIND(an_exception_is_thrown_on, "rethrows", "SIGABRT", "pass_on")
