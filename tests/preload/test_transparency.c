/*
 * Tests that other programs bring along for themselves, run with and without the agent: each must go the same way. Here it is
 * CPython's (libpython3.11-testsuite), those that have to do with signals, processes, threads and terminals. Children that are to die
 * in them are reported, as many as there are. Rows for what is not installed are skipped.
 */
#include <criterion/criterion.h>

#include "victim.h"

TestSuite(transparency, .timeout = 200);

#define PYTHON_TESTS(...)                                                                                              \
    .program = "/usr/bin/python3", .needs = {"/usr/bin/python3.11", "/usr/lib/python3.11/test/test_signal.py"},        \
    .arguments = {QMON_SOURCE_DIR "/tests/victims/runtimes/suite.py", __VA_ARGS__}, .any_errors = true,                \
    .kind = "exit", .any_others = true, .limit_ms = 90000, .slower_ms = 45000

VICTIM(transparency, of_errno_after_a_throw_and_others, .program = "errno_after_calls", .prints = "a throw: 77")
VICTIM(transparency, of_places_that_are_none, .program = "bad_pointers", .prints = "waitpid at 0x1: -1, 14",
       .any_others = true)
VICTIM(transparency, of_signals_in_python,
       PYTHON_TESTS("test_signal:PosixTests.*", "test_signal:GenericTests.*", "test_signal:WakeupFDTests.*",
                    "test_signal:PendingSignalsTests.*", "test_threadsignals:*lock*"),
       .prints = "PendingSignalsTests.test_sigtimedwait passes\n")
VICTIM(transparency, of_python_s_fault_handler, PYTHON_TESTS("test_faulthandler:*.test_[efgs]*"),
       .prints = "FaultHandlerTests.test_sigsegv passes\n")
VICTIM(transparency, of_processes_in_python,
       PYTHON_TESTS("test_subprocess:POSIX*.test_*[kpy]*", "test_posix:*spawn*", "test_posix:*fork*", "test_fork1",
                    "test_wait3", "test_wait4", "test_popen"),
       .prints = "POSIXProcessTestCase.test_kill passes\n")
VICTIM(transparency, of_threads_and_terminals_in_python,
       PYTHON_TESTS("test_thread", "test_pty", "test_mmap", "test_os:*Pidfd*", "test_os:*[Ww]ait*"),
       .prints = "ThreadRunningTests.test_starting_threads passes\n")
