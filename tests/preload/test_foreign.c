/*
 * Programs that the agent cannot be loaded into (32-bit ones), or does nothing in (of another libc): they run as without it, and
 * nobody is told on stderr that it was not loaded. How one is started does not matter, nor that a script stands in between.
 */
#include <criterion/criterion.h>

#include "victim.h"

TestSuite(foreign, .timeout = 60);

#define VICTIMS QMON_BUILD_DIR "/victims/"
#define THIRTY_TWO VICTIMS "runtimes/thirty_two"
#define STARTS_32(how)                                                                                                 \
    .program = "starts_other", .arguments = {how, THIRTY_TWO}, .needs = {"runtimes/thirty_two", "/lib/ld-linux.so.2"}, \
    .prints = "32 bits\n7\n"

VICTIM(foreign, program_of_32_bits_by_execve, STARTS_32("execve"))
VICTIM(foreign, program_of_32_bits_by_execvp, STARTS_32("execvp"))
VICTIM(foreign, program_of_32_bits_by_execl, STARTS_32("execl"))
VICTIM(foreign, program_of_32_bits_by_fexecve, STARTS_32("fexecve"))
VICTIM(foreign, program_of_32_bits_after_vfork, STARTS_32("vfork"))
VICTIM(foreign, program_of_32_bits_by_posix_spawn, STARTS_32("spawn"))
VICTIM(foreign, program_of_32_bits_by_posix_spawnp, STARTS_32("spawnp"))
/* Libraries before and after ours stay where they are. */
VICTIM(foreign, program_of_32_bits_by_a_shell_with_other_preloads, .program = "/bin/sh",
       .arguments = {"-c", THIRTY_TWO "; echo $? ; echo ${LD_PRELOAD:+loaded}"}, .preload_before = "libm.so.6",
       .preload_after = "libm.so.6", .needs = {"runtimes/thirty_two", "/lib/ld-linux.so.2"},
       .prints = "32 bits\n7\nloaded")
VICTIM(foreign, interpreter_of_32_bits, .program = "/bin/sh",
       .arguments = {"-c",
                     "printf '#! " THIRTY_TWO " -\\n' > script; chmod +x script; exec 3< script; ./script; echo $?"},
       .needs = {"runtimes/thirty_two", "/lib/ld-linux.so.2"}, .prints = "32 bits\n7\n")
VICTIM(foreign, program_of_musl_that_ends_well, .program = "runtimes/of_musl", .needs = {"runtimes/of_musl"},
       .prints = "of musl\n", .starts = NO_STARTS)
VICTIM(foreign, program_of_musl_that_fails, .program = "runtimes/of_musl", .arguments = {"3"},
       .needs = {"runtimes/of_musl"}, .death = "exit 3", .starts = NO_STARTS)
VICTIM(foreign, program_of_musl_that_aborts, .program = "runtimes/of_musl", .arguments = {"abort"},
       .needs = {"runtimes/of_musl"}, .death = "SIGABRT", .starts = NO_STARTS)
VICTIM(foreign, program_of_musl_that_aborts_as_a_child, .program = "starts_other",
       .arguments = {"spawn", VICTIMS "runtimes/of_musl", "abort"}, .needs = {"runtimes/of_musl"}, .death = "exit 0",
       .code = "SIGABRT", .prints = "of musl\n-6\n")
