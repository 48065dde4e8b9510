/*
 * glog.cc: glog log GROUPS DIRECTORY: LOG(ERROR) to a file there. glog dies: its failure handler, then a null pointer; prints the
 * time of the fault first, as subjects/dies.c does.
 */
#include <glog/logging.h>
#include <string.h>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

#include "peer.h"

static void call() {
    LOG(ERROR) << "it did not work, of user u1 at /bench";
}

static int die() {
    char text[32];
    struct timespec now;
    struct rlimit none = {};
    volatile int *volatile nowhere = nullptr;

    setrlimit(RLIMIT_CORE, &none);
    if (freopen("/dev/null", "w", stderr) == nullptr)
        return 1;
    google::InstallFailureSignalHandler();
    clock_gettime(CLOCK_MONOTONIC, &now);
    int bytes = snprintf(text, sizeof text, "%lld%09ld\n", (long long) now.tv_sec, now.tv_nsec);
    if (write(STDOUT_FILENO, text, (size_t) bytes) == bytes)
        *nowhere = 1;
    return 1;
}

int main(int count, char **arguments) {
    FLAGS_stderrthreshold = google::GLOG_FATAL + 1;
    if (count == 4)
        FLAGS_log_dir = arguments[3];
    google::InitGoogleLogging(arguments[0]);
    if (count == 2 && strcmp(arguments[1], "dies") == 0)
        return die();
    if (count == 4)
        peer_deeper(PEER_DEPTH, call, (unsigned) atoi(arguments[2]));
    return 0;
}
