// A plug-in whose constructor waits for a thread that does everything for the first time, while the loader's lock is held.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void *nothing(void *unused) {
    return unused;
}

static void wait_a_moment() {
    const timespec moment = {0, 1000};
    sigset_t none;
    epoll_event event;
    sigemptyset(&none);
    ppoll(nullptr, 0, &moment, &none);
    pselect(0, nullptr, nullptr, nullptr, &moment, &none);
    const int poll = epoll_create1(EPOLL_CLOEXEC);
    epoll_pwait(poll, &event, 1, 0, &none);
    close(poll);
}

static void make_children() {
    char *const words[] = {const_cast<char *>("true"), nullptr};
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    waitpid(child, &status, 0);
    if (posix_spawn(&child, "/bin/true", nullptr, nullptr, words, environ) == 0)
        waitpid(child, &status, 0);
    if (posix_spawnp(&child, "true", nullptr, nullptr, words, environ) == 0)
        wait4(child, &status, 0, nullptr);
    status = system("true");
    FILE *pipe = popen("true", "r");
    if (pipe != nullptr)
        pclose(pipe);
}

static void *do_everything(void *caught) {
    pthread_t thread;
    timer_t timer;
    try {
        throw std::runtime_error("in a constructor");
    } catch (const std::exception &) {
        *static_cast<bool *>(caught) = true;
    }
    if (pthread_create(&thread, nullptr, nothing, nullptr) == 0)
        pthread_join(thread, nullptr);
    struct sigevent quiet = {};
    quiet.sigev_notify = SIGEV_NONE;
    if (timer_create(CLOCK_MONOTONIC, &quiet, &timer) == 0)
        timer_delete(timer);
    signal(SIGUSR1, SIG_IGN);
    wait_a_moment();
    make_children();
    return nullptr;
}

__attribute__((constructor)) static void wait_for_thread() {
    pthread_t thread;
    bool caught = false;
    if (pthread_create(&thread, nullptr, do_everything, &caught) == 0)
        pthread_join(thread, nullptr);
    std::puts(caught ? "everything done" : "nothing caught");
    std::fflush(stdout);
}
