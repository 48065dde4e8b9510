/*
 * Programs whose runtime has handlers of its own: what it deals with is no report, what it dies of is one, and it never knows that
 * somebody was there. Rows for what is not installed are skipped.
 */
#include <criterion/criterion.h>
#include <sys/resource.h>

#include "victim.h"

TestSuite(runtime, .timeout = 120);

#define SOURCES QMON_SOURCE_DIR "/tests/victims/runtimes/"

/* A virtual machine writes big cores. */
static void no_core(void) {
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
}

#define JAVA(option, how)                                                                                              \
    .program = "/usr/bin/java", .needs = {"/usr/bin/java", "/usr/bin/javac"},                                          \
    .arguments = {"-XX:ErrorFile=hs_err", option, SOURCES "Faults.java", how}, .prepare = no_core, .any_errors = true, \
    .limit_ms = 40000, .slower_ms = 8000

VICTIM(runtime, java_that_recovers, JAVA("-Xshare:auto", "recover"), .prints = "500000 20\nin a thread 5\n")
VICTIM(runtime, java_that_crashes, JAVA("-Xshare:auto", "crash"), .death = "SIGABRT", .code = "SIGSEGV",
       .any_output = true, .prints = "# hs_err")
VICTIM(runtime, java_that_crashes_without_a_core, JAVA("-XX:-CreateCoredumpOnCrash", "crash"), .death = "exit 1",
       .code = "SIGSEGV", .any_output = true, .prints = "# hs_err")
VICTIM(runtime, java_that_is_stopped, .program = "/usr/bin/java", .needs = {"/usr/bin/java", "/usr/bin/javac"},
       .arguments = {"-Xshare:auto", SOURCES "Faults.java", "stop", "TERM"}, .prepare = no_core, .any_errors = true,
       .limit_ms = 40000, .slower_ms = 8000, .death = "exit 143", .prints = "in a shutdown hook", .stops = "SIGTERM")
VICTIM(runtime, java_that_exits, JAVA("-Xshare:auto", "exit"), .code = "exit:3")

#define NODE .program = "/usr/bin/node", .needs = {"/usr/bin/node"}, .any_errors = true, .slower_ms = 4000

VICTIM(runtime, node_that_traps, NODE, .arguments = {SOURCES "traps.js"}, .prints = "20000 memory access out of bounds")
VICTIM(runtime, node_that_aborts, NODE, .arguments = {"-e", "process.abort()"}, .code = "SIGABRT")
VICTIM(runtime, node_that_kills_itself, NODE,
       .arguments = {"-e", "process.kill(process.pid, 'SIGSEGV'); setTimeout(() => {}, 9999)"}, .code = "SIGSEGV")
VICTIM(runtime, node_that_throws, NODE, .arguments = {"-e", "throw 1"}, .code = "exit:1")

#define PYTHON .program = "/usr/bin/python3", .needs = {"/usr/bin/python3"}, .any_errors = true

VICTIM(runtime, python_that_reads_wildly, PYTHON, .arguments = {"-c", "import ctypes; ctypes.string_at(1)"},
       .code = "SIGSEGV")
VICTIM(runtime, python_under_its_own_calls, PYTHON, .arguments = {SOURCES "boom.py"}, .code = "SIGSEGV",
       .tells = {"\"title\":\"SIGSEGV in Shop.price (boom.py:9)\"", "boom.py\",\"line\":13", "wait_for_ever"})
VICTIM(runtime, python_with_a_fault_handler, PYTHON,
       .arguments = {"-X", "faulthandler", "-c", "import ctypes; ctypes.string_at(1)"}, .code = "SIGSEGV")
VICTIM(runtime, python_that_handles_its_signals, PYTHON,
       .arguments = {"-c", "import os, signal\n"
                           "signal.signal(signal.SIGSEGV, lambda *a: print('handled'))\n"
                           "os.kill(os.getpid(), signal.SIGSEGV)\n"
                           "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\n"
                           "print(sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])))\n"
                           "os.kill(os.getpid(), signal.SIGBUS)\n"
                           "print(signal.sigpending(), signal.sigwait([signal.SIGBUS]))\n"},
       .prints = "handled")
VICTIM(runtime, perl_that_dies_in_a_handler, .program = "/usr/bin/perl", .needs = {"/usr/bin/perl"},
       .arguments = {"-e", "$SIG{SEGV} = sub { die 'handled' }; kill 11, $$; print 'not here'"}, .code = "exit:255",
       .any_errors = true)

#define GO(how) .program = "runtimes/faults_go", .needs = {"runtimes/faults_go"}, .arguments = {how}, .any_errors = true

VICTIM(runtime, go_that_recovers, GO("recover"), .prints = "[5000 5000", .any_lifecycle = true)
VICTIM(runtime, go_that_panics, GO("panic"), .death = "exit 2", .any_lifecycle = true)
VICTIM(runtime, go_whose_c_code_faults, GO("crash"), .death = "exit 2", .code = "SIGSEGV", .origin = "crash_in_c")
VICTIM(runtime, go_whose_c_thread_faults, GO("crash in a thread of C's"), .code = "SIGSEGV", .origin = "crash_in_c",
       .racy = true)
VICTIM(runtime, go_whose_c_code_changes_its_handlers, GO("without restart"), .prints = "true\n", .any_lifecycle = true,
       .racy = true)
VICTIM(runtime, go_whose_c_code_aborts, GO("abort"), .death = "exit 2", .code = "SIGABRT", .origin = "abort_in_c")
VICTIM(runtime, go_whose_c_code_exits, GO("exit in C"), .code = "exit:8")
VICTIM(runtime, go_that_exits, GO("exit"), .death = "exit 5", .any_lifecycle = true)
VICTIM(runtime, go_that_is_notified, GO("notify"), .prints = "user defined signal 1", .any_lifecycle = true)
VICTIM(runtime, go_that_runs_a_program, GO("exec"), .prints = "child\n<nil>", .any_lifecycle = true)

#define RUST(variant, how)                                                                                             \
    .program = "runtimes/panics_" variant, .needs = {"runtimes/panics_" variant}, .arguments = {how}, .any_errors = true

VICTIM(runtime, rust_that_catches_panics, RUST("unwind", "caught"), .prints = "100\n")
VICTIM(runtime, rust_that_panics, RUST("unwind", "panic"), .code = "exit:101", .origin = "main",
       .tells = {"Rust panic: given up in panics::main"})
VICTIM(runtime, rust_that_panics_at_length, RUST("unwind", "panic with numbers"), .code = "exit:101", .origin = "main",
       .tells = {"\"type\":\"panic\"", "\xc3\xa4\"}"})
VICTIM(runtime, rust_that_panics_without_words, RUST("unwind", "panic with a number"), .code = "exit:101",
       .origin = "main", .tells = {"A Rust panic ended the program."})
VICTIM(runtime, rust_whose_thread_panics_and_is_unwrapped, RUST("unwind", "panic that is unwrapped"),
       .code = "exit:101", .origin = "main",
       .tells = {"Rust panic: no room for 7 in panics::fail_in_thread", "The main thread's own panic: called"})
VICTIM(runtime, rust_whose_thread_panics_and_is_taken_on, RUST("unwind", "panic that is taken on"), .code = "exit:101",
       .origin = "main", .tells = {"Rust panic: no room for 8 in panics::fail_in_thread"})
VICTIM(runtime, rust_whose_thread_panics_in_a_scope, RUST("unwind", "panic in a scope"), .code = "exit:101",
       .origin = "main", .tells = {"Rust panic: no room for 9 in panics::fail_in_thread"})
VICTIM(runtime, rust_that_exits_as_if_it_had_panicked, RUST("unwind", "panic in another and exit"), .code = "exit:101",
       .tells = {"\"exit status 101\""})
VICTIM(runtime, rust_whose_thread_panics, RUST("unwind", "panic in a thread"), .prints = "true")
VICTIM(runtime, rust_that_overflows, RUST("unwind", "overflow"), .death = "SIGABRT", .code = "SIGSEGV",
       .origin = "recurse", .tells = {"Stack overflow"})
VICTIM(runtime, rust_whose_thread_overflows, RUST("unwind", "overflow in a thread"), .death = "SIGABRT",
       .code = "SIGSEGV", .origin = "recurse", .tells = {"Stack overflow"})
VICTIM(runtime, rust_that_faults, RUST("unwind", "fault"), .code = "SIGSEGV", .origin = "write")
VICTIM(runtime, rust_whose_thread_faults, RUST("unwind", "fault in a thread"), .code = "SIGSEGV", .origin = "write")
VICTIM(runtime, rust_that_aborts, RUST("unwind", "abort"), .code = "SIGABRT", .origin = "main")
VICTIM(runtime, rust_that_exits, RUST("unwind", "exit"), .code = "exit:6")
VICTIM(runtime, rust_that_panics_without_unwinding, RUST("abort", "panic"), .code = "SIGABRT", .origin = "main")

#define ALLOCATOR(place, library, ...) .place = library, .needs = {library}, __VA_ARGS__
#define JEMALLOC "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2"
#define TCMALLOC "/usr/lib/x86_64-linux-gnu/libtcmalloc_minimal.so.4"

VICTIM(runtime, jemalloc_before_the_agent, ALLOCATOR(preload_before, JEMALLOC, .program = "null_read"),
       .code = "SIGSEGV")
VICTIM(runtime, jemalloc_after_the_agent, ALLOCATOR(preload_after, JEMALLOC, .program = "null_read"), .code = "SIGSEGV")
VICTIM(runtime, tcmalloc_before_the_agent, ALLOCATOR(preload_before, TCMALLOC, .program = "null_read"),
       .code = "SIGSEGV")
VICTIM(runtime, tcmalloc_after_the_agent, ALLOCATOR(preload_after, TCMALLOC, .program = "null_read"), .code = "SIGSEGV")

/* The agent is in the emulator, and the one in what that runs leaves the matter to it: they are one process. */
VICTIM(runtime, an_emulator_of_user_space, .program = "/usr/bin/qemu-x86_64", .needs = {"/usr/bin/qemu-x86_64"},
       .arguments = {QMON_BUILD_DIR "/victims/null_read"}, .code = "SIGSEGV", .any_errors = true, .prepare = no_core)

/* Its constructor runs after ours; it is not to be asked before, and not to be believed afterwards. */
VICTIM(runtime, a_library_that_fakes_the_time, .preload_before = QMON_BUILD_DIR "/victims/libfakes_clock.so",
       .program = "fork_crashes", .arguments = {"cp"}, .code = "SIGSEGV", .reports = 2)

VICTIM(runtime, valgrind_that_runs_a_program, .program = "/usr/bin/valgrind", .needs = {"/usr/bin/valgrind"},
       .arguments = {"-q", QMON_BUILD_DIR "/victims/ends", "return", "3"}, .death = "exit 3", .any_lifecycle = true,
       .any_errors = true, .code = "exit:3", .slower_ms = 8000)
#define VALGRIND(...)                                                                                                  \
    .program = "/usr/bin/valgrind", .needs = {"/usr/bin/valgrind"},                                                    \
    .arguments = {"-q", "--log-file=/dev/null", __VA_ARGS__}, .any_lifecycle = true, .slower_ms = 8000

VICTIM(runtime, valgrind_and_a_handler_that_repairs, VALGRIND(QMON_BUILD_DIR "/victims/handler_repairs"),
       .prints = "went on 19")
VICTIM(runtime, valgrind_and_a_handler_that_changes_the_context, VALGRIND(QMON_BUILD_DIR "/victims/handler_skips"),
       .prints = "4711000")
#define VALGRIND_TOOL(tool) VALGRIND("--tool=" tool, QMON_BUILD_DIR "/victims/handler_repairs"), .prints = "went on 19"

VICTIM(runtime, valgrind_and_its_race_detector, VALGRIND_TOOL("drd"))
VICTIM(runtime, valgrind_and_its_other_race_detector, VALGRIND_TOOL("helgrind"))
VICTIM(runtime, valgrind_and_masks_that_jumps_restore, VALGRIND(QMON_BUILD_DIR "/victims/jumps_keep_mask"))
VICTIM(runtime, valgrind_and_a_handler_that_gives_up, VALGRIND(QMON_BUILD_DIR "/victims/handler_gives_up", "reraise"),
       .code = "SIGSEGV", .origin = "original_fault")
/* At its start it tries out what ptrace can do, on children that it kills; so does gdb. */
VICTIM(runtime, strace_that_runs_a_program, .program = "/usr/bin/strace", .needs = {"/usr/bin/strace"},
       .environment = {"QMON_IGNORED_ERROR_CODES=SIGKILL"},
       .arguments = {"-f", "-o", "/dev/null", QMON_BUILD_DIR "/victims/null_read"}, .death = "SIGSEGV",
       .code = "SIGSEGV", .any_lifecycle = true, .slower_ms = 8000)
VICTIM(runtime, gdb_that_runs_a_program, .program = "/usr/bin/gdb", .needs = {"/usr/bin/gdb"},
       .environment = {"QMON_IGNORED_ERROR_CODES=SIGKILL"},
       .arguments = {"-q", "-batch", "-nx", "-ex", "run", "-ex", "continue", QMON_BUILD_DIR "/victims/null_read"},
       .code = "SIGSEGV", .death = "exit 0", .any_output = true, .any_errors = true, .any_lifecycle = true,
       .slower_ms = 8000)
