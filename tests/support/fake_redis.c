#include "fake_redis.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Waits until fd can be read; false when it is time to stop. */
static bool wait_for(const struct fake_redis *fake, int fd, int timeout_ms) {
    struct pollfd both[2] = {{.fd = fake->stop[0], .events = POLLIN}, {.fd = fd, .events = POLLIN}};

    poll(both, fd >= 0 ? 2 : 1, timeout_ms);
    return both[0].revents == 0;
}

static bool send_some(int fd, const char *data, size_t bytes) {
    return send(fd, data, bytes, MSG_NOSIGNAL) == (ssize_t) bytes;
}

static void drip(const struct fake_redis *fake, int fd) {
    for (size_t i = 0; i < fake->answer_bytes && send_some(fd, fake->answer + i, 1); i++)
        if (!wait_for(fake, -1, 10))
            return;
}

static void flood(const struct fake_redis *fake, int fd) {
    while (wait_for(fake, -1, 0) && send_some(fd, fake->answer, fake->answer_bytes))
        continue;
}

/* Answers what was read. False: the conversation is over. */
static bool answer(const struct fake_redis *fake, int fd) {
    switch (fake->behaviour) {
    case FAKE_ANSWERS:
        return send_some(fd, fake->answer, fake->answer_bytes);
    case FAKE_DRIPS:
        drip(fake, fd);
        return false;
    case FAKE_CUTS:
        send_some(fd, fake->answer, fake->answer_bytes / 2);
        return false;
    case FAKE_FLOODS:
        flood(fake, fd);
        return false;
    case FAKE_SAYS_NOTHING:
        return true;
    case FAKE_HANGS_UP:
    case FAKE_NEVER_ACCEPTS:
    default:
        return false;
    }
}

static void converse(const struct fake_redis *fake, int fd) {
    char data[4096];

    if (fake->behaviour == FAKE_HANGS_UP)
        return;
    while (wait_for(fake, fd, -1) && recv(fd, data, sizeof data, 0) > 0)
        if (!answer(fake, fd))
            return;
}

static void *serve(void *context) {
    struct fake_redis *fake = context;

    while (wait_for(fake, fake->behaviour == FAKE_NEVER_ACCEPTS ? -1 : fake->listener, -1)) {
        int fd = accept4(fake->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        atomic_fetch_add(&fake->connections, 1);
        converse(fake, fd);
        close(fd);
    }
    return NULL;
}

static void fill_queue(struct fake_redis *fake, const struct sockaddr_in *address) {
    for (size_t i = 0; i < sizeof fake->fillers / sizeof fake->fillers[0]; i++) {
        fake->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void) !connect(fake->fillers[i], (const struct sockaddr *) address, sizeof *address);
    }
}

void fake_redis_start(struct fake_redis *fake, enum fake_behaviour behaviour, const char *text, size_t bytes) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;

    *fake = (struct fake_redis){.behaviour = behaviour, .answer = text};
    fake->answer_bytes = bytes > 0 ? bytes : strlen(text);
    memset(fake->fillers, -1, sizeof fake->fillers);
    fake->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(fake->listener, (struct sockaddr *) &address, length), 0);
    cr_assert_eq(listen(fake->listener, behaviour == FAKE_NEVER_ACCEPTS ? 0 : 64), 0);
    cr_assert_eq(getsockname(fake->listener, (struct sockaddr *) &address, &length), 0);
    fake->port = ntohs(address.sin_port);
    snprintf(fake->url, sizeof fake->url, "redis://127.0.0.1:%u", fake->port);
    if (behaviour == FAKE_NEVER_ACCEPTS)
        fill_queue(fake, &address);
    cr_assert_eq(pipe2(fake->stop, O_CLOEXEC), 0);
    cr_assert_eq(pthread_create(&fake->thread, NULL, serve, fake), 0);
}

void fake_redis_stop(struct fake_redis *fake) {
    close(fake->stop[1]);
    pthread_join(fake->thread, NULL);
    close(fake->stop[0]);
    close(fake->listener);
    for (size_t i = 0; i < sizeof fake->fillers / sizeof fake->fillers[0]; i++)
        if (fake->fillers[i] >= 0)
            close(fake->fillers[i]);
}
