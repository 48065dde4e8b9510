// What errno is after each call that the agent stands in for, where the call leaves it alone or sets it.
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <dlfcn.h>
#include <link.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <threads.h>
#include <unistd.h>

extern char **environ;

static char stack[65536];
static int status;

static void on_signal(int) {
}

static void *nothing(void *unused) {
    return unused;
}

static int no_thread(void *) {
    return 0;
}

static int no_object(dl_phdr_info *, size_t, void *) {
    return 0;
}

static void actions() {
    struct sigaction action = {};
    action.sa_handler = on_signal;
    sigaction(SIGUSR1, &action, nullptr);
    signal(SIGSEGV, on_signal);
    raise(SIGUSR1);
}

static void masks() {
    sigset_t set;
    sigfillset(&set);
    sigprocmask(SIG_BLOCK, &set, &set);
    sigprocmask(SIG_SETMASK, &set, nullptr);
    stack_t own = {};
    own.ss_sp = stack;
    own.ss_size = sizeof stack;
    sigaltstack(&own, nullptr);
}

static void waits() {
    const timespec moment = {0, 1000};
    sigset_t set;
    sigfillset(&set);
    ppoll(nullptr, 0, &moment, &set);
    pselect(0, nullptr, nullptr, nullptr, &moment, &set);
}

static void makes_threads() {
    pthread_t thread;
    thrd_t other;
    timer_t timer;
    struct sigevent event = {};
    pthread_create(&thread, nullptr, nothing, nullptr);
    pthread_join(thread, nullptr);
    thrd_create(&other, no_thread, nullptr);
    thrd_join(other, nullptr);
    event.sigev_notify = SIGEV_NONE;
    timer_create(CLOCK_MONOTONIC, &event, &timer);
    timer_delete(timer);
}

static void makes_children() {
    char *const words[] = {const_cast<char *>("true"), nullptr};
    pid_t child = fork();
    if (child == 0) {
        std::printf("in the child of fork %d\n", errno);
        std::fflush(stdout);
        _exit(0);
    }
    waitpid(child, &status, 0);
    child = vfork();
    if (child == 0)
        _exit(0);
    waitpid(child, &status, 0);
    if (posix_spawnp(&child, "true", nullptr, nullptr, words, environ) == 0)
        wait4(child, &status, 0, nullptr);
    status = std::system("true");
}

static void throws() {
    try {
        throw std::runtime_error("caught");
    } catch (const std::exception &) {
    }
}

static void loads() {
    void *library = dlopen("libm.so.6", RTLD_NOW);
    dlclose(library);
    dl_iterate_phdr(no_object, nullptr);
}

static void others() {
    kill(getpid(), 0);
    prctl(PR_GET_DUMPABLE);
    unshare(0);
}

static void has_no_child() {
    wait(nullptr);
}

static void execs_in_vain() {
    execl("/nowhere/program", "program", static_cast<char *>(nullptr));
}

static void loads_in_vain() {
    dlopen("/nowhere/library.so", RTLD_NOW);
}

static void asks_for_nothing() {
    sigaction(-1, nullptr, nullptr);
}

static const struct {
    const char *name;
    void (*call)();
} calls[] = {{"actions", actions},
             {"masks", masks},
             {"waits", waits},
             {"threads", makes_threads},
             {"children", makes_children},
             {"a throw", throws},
             {"a library", loads},
             {"others", others},
             {"no child", has_no_child},
             {"no program", execs_in_vain},
             {"no library", loads_in_vain},
             {"no signal", asks_for_nothing}};

int main() {
    for (const auto &one : calls) {
        errno = 77;
        one.call();
        const int after = errno;
        std::printf("%s: %d\n", one.name, after);
        std::fflush(stdout);
    }
}
