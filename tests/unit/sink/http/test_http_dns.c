/*
 * A name server that never answers. In a network and mount namespace of its own, with a resolv.conf that leads to a socket
 * nobody reads from; where such namespaces are not to be had the test is skipped.
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "dial.h"
#include "scratch.h"
#include <qmon/http.h>

static bool raise_loopback(int fd) {
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};

    return ioctl(fd, SIOCSIFFLAGS, &request) == 0;
}

/* Returns the silent name server's socket, -1 where this cannot be set up. */
static int silence_dns(const struct scratch *scratch) {
    const char *file = scratch_write(scratch, "resolv.conf", "nameserver 127.0.0.1\noptions timeout:5 attempts:2\n");
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(53)};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (unshare(CLONE_NEWNS | CLONE_NEWNET) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount(file, "/etc/resolv.conf", NULL, MS_BIND, NULL) != 0)
        return -1;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && raise_loopback(fd) && bind(fd, (struct sockaddr *) &address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

static uint64_t now_ms(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

Test(http_dns, a_name_server_that_never_answers_costs_no_more_than_the_time_out, .timeout = 30) {
    struct qmon__http_request request = {.method = "POST", .url = "https://hooks.example/T0KEN", .timeout_ms = 400};
    struct qmon__http_response response;
    struct scratch scratch = scratch_make();
    int fd = silence_dns(&scratch);

    if (fd < 0) {
        scratch_remove(&scratch);
        cr_skip_test("namespaces are not to be had here");
    }
    uint64_t begin_ms = now_ms();
    bool answered = qmon__http_send(&request, &response);
    uint64_t took_ms = now_ms() - begin_ms;
    char question[512];
    ssize_t asked = recv(fd, question, sizeof question, MSG_DONTWAIT);
    close(fd);
    scratch_remove(&scratch);
    cr_assert_not(answered);
    cr_assert_gt(asked, 0, "the name server was not asked");
    cr_assert_eq(response.failure, QMON__HTTP_TIMEOUT, "%s", response.reason);
    cr_assert_str_eq(response.reason, "timeout: no answer from hooks.example within 400 ms");
    cr_assert(took_ms >= 380 && took_ms < 1800, "%lu ms", took_ms);
    qmon__http_clear(&response);
}

/* The channels that do not speak HTTP ask in their own way. */
Test(http_dns, nor_does_it_hold_up_the_others, .timeout = 30) {
    struct qmon__dial dial = {.host = "zabbix.example", .port = "10051"};
    struct scratch scratch = scratch_make();
    char reason[256] = "";
    int fd = silence_dns(&scratch);

    if (fd < 0) {
        scratch_remove(&scratch);
        cr_skip_test("namespaces are not to be had here");
    }
    uint64_t begin_ms = now_ms();
    int to = qmon__dial(&dial, SOCK_STREAM, begin_ms + 400, reason, sizeof reason);
    uint64_t took_ms = now_ms() - begin_ms;
    close(fd);
    scratch_remove(&scratch);
    cr_assert_lt(to, 0);
    cr_assert_str_eq(reason, "timeout: the address of zabbix.example was not found in time");
    cr_assert(took_ms >= 380 && took_ms < 1800, "%lu ms", took_ms);
}
