/* redis.c: see redis.h. */
#include "redis.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static uint16_t free_port(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    uint16_t port = 0;

    if (fd >= 0 && bind(fd, (struct sockaddr *) &address, bytes) == 0 &&
        getsockname(fd, (struct sockaddr *) &address, &bytes) == 0)
        port = ntohs(address.sin_port);
    close(fd);
    return port;
}

static void run_server(const char *port) {
    int nowhere = open("/dev/null", O_RDWR);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int fd = 0; fd < 3; fd++)
        dup2(nowhere, fd);
    execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
           "--dir", bench.directory, (char *) NULL);
    _exit(127);
}

bool bench_redis_start(struct bench_redis *ret_redis) {
    char text[8];
    redisContext *client;

    *ret_redis = (struct bench_redis){.port = free_port(), .pid = -1};
    snprintf(text, sizeof text, "%u", ret_redis->port);
    if (ret_redis->port != 0)
        ret_redis->pid = fork();
    if (ret_redis->pid == 0)
        run_server(text);
    bench_spare(ret_redis->pid);
    client = ret_redis->pid > 0 ? bench_redis_reach(ret_redis) : NULL;
    if (client == NULL) {
        printf("(what needs Redis is left out: redis-server did not start)\n");
        return false;
    }
    redisFree(client);
    return true;
}

void bench_redis_stop(struct bench_redis *redis) {
    if (redis->pid <= 0)
        return;
    kill(redis->pid, SIGKILL);
    waitpid(redis->pid, NULL, 0);
    redis->pid = -1;
    bench_spare(0);
}

redisContext *bench_redis_reach(const struct bench_redis *redis) {
    for (int i = 0; i < 500 && waitpid(redis->pid, NULL, WNOHANG) == 0; i++) {
        redisContext *client = redisConnectWithTimeout("127.0.0.1", redis->port, (struct timeval){.tv_sec = 1});
        if (client != NULL && client->err == 0)
            return client;
        if (client != NULL)
            redisFree(client);
        bench_rest_ms(10);
    }
    return NULL;
}

double bench_redis_info(redisContext *client, const char *name) {
    char wanted[64];
    redisReply *reply = redisCommand(client, "INFO");
    const char *at = NULL;
    double value = NAN;

    snprintf(wanted, sizeof wanted, "\n%s:", name);
    if (reply != NULL && reply->str != NULL)
        at = strstr(reply->str, wanted);
    if (at != NULL)
        value = strtod(at + strlen(wanted), NULL);
    freeReplyObject(reply);
    return value;
}
