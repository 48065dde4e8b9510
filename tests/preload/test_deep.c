/*
 * Libraries that a program loads with RTLD_DEEPBIND: what they call of libc is seen as what the program calls, whether it is
 * bound when they are loaded or at the first call.
 */
#include <criterion/criterion.h>

#include "victim.h"

TestSuite(deep, .timeout = 60);

#define HANDLER(when)                                                                                                  \
    .program = "loads_deep", .arguments = {"handler", when}, .death = "SIGABRT", .code = "SIGSEGV",                    \
    .origin = "original_fault", .prints = "loaded 1, well\nits handler 1, seen 1\n"
#define KILL(when)                                                                                                     \
    .program = "loads_deep", .arguments = {"kill", when}, .death = "exit 0", .code = "SIGKILL",                        \
    .tells = {"killed itself (SIGKILL)"}, .prints = "loaded 1, well\nended by 9\n"

VICTIM(deep, handler_of_a_library_that_is_bound_at_once, HANDLER("now"))
VICTIM(deep, handler_of_a_library_that_is_bound_late, HANDLER("lazy"))
VICTIM(deep, child_of_a_library_that_is_bound_at_once, KILL("now"))
VICTIM(deep, child_of_a_library_that_is_bound_late, KILL("lazy"))
