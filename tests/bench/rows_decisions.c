/* rows_decisions.c: decisions a second, by the host's own store and by a real Redis, beside the bare script by hiredis. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <math.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <qmon/cache.h>
#include <qmon/config.h>
#include <qmon/store.h>

#include "bench.h"
#include "redis_script.h"

#define GROUP 500

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

static pid_t start_redis(uint16_t port) {
    char text[8];
    pid_t pid;

    snprintf(text, sizeof text, "%u", port);
    pid = fork();
    if (pid == 0) {
        int nowhere = open("/dev/null", O_RDWR);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (int fd = 0; fd < 3; fd++)
            dup2(nowhere, fd);
        execlp("redis-server", "redis-server", "--port", text, "--bind", "127.0.0.1", "--save", "", "--appendonly",
               "no", "--dir", bench.directory, (char *) NULL);
        _exit(127);
    }
    return pid;
}

static redisContext *reach(uint16_t port) {
    for (int i = 0; i < 500; i++) {
        redisContext *redis = redisConnectWithTimeout("127.0.0.1", port, (struct timeval){.tv_sec = 1});
        if (redis != NULL && redis->err == 0)
            return redis;
        if (redis != NULL)
            redisFree(redis);
        bench_rest_ms(10);
    }
    return NULL;
}

static uint64_t now_ms(void) {
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

/* Decisions a second, over a group of a hundred keys; NaN where one failed. */
static double decide(struct qmon_cache *cache) {
    char key[64];
    struct qmon_decision decision;
    struct qmon_decision_request request = {.key = key, .limit = 1, .window_s = 3600, .count = 1};
    double start = bench_now_ns();

    for (unsigned i = 0; i < GROUP; i++) {
        snprintf(key, sizeof key, "%032u|bench|test", i % 100);
        request.now_ms = now_ms();
        if (cache->class->decide(cache, &request, &decision) < 0)
            return NAN;
    }
    return GROUP / (bench_now_ns() - start) * 1e9;
}

/* The same by hiredis alone, one by one. */
static double bare(redisContext *redis) {
    double start = bench_now_ns();
    bool failed = false;

    for (unsigned i = 0; i < GROUP && !failed; i++) {
        redisReply *reply = redisCommand(redis,
                                         "EVALSHA %s 1 qmon:{bare-%032u|bench|test}:window 3600000 1 1 %u 7200000 "
                                         "-1 0 0 0 0 %s %s",
                                         QMON__SCRIPT_SHA1, i % 100, i + 1, "", "");
        failed = reply == NULL || reply->type != REDIS_REPLY_ARRAY;
        freeReplyObject(reply);
    }
    return failed ? NAN : GROUP / (bench_now_ns() - start) * 1e9;
}

static void by_store(void) {
    static struct bench_row row = {.name = "decisions by the local store, one by one", .unit = "/s"};
    char directory[128];
    const char *problem = NULL;
    struct qmon_store *store;
    struct qmon_cache *cache;

    bench_forget();
    snprintf(directory, sizeof directory, "%s/decisions", bench.directory);
    store = qmon_store_open(directory, &problem);
    cache = store != NULL ? qmon_cache_local(store) : NULL;
    for (unsigned i = bench_repeats(16); cache != NULL && i > 0; i--)
        bench_add(&row.measured, decide(cache));
    if (cache != NULL)
        cache->class->close(cache);
    qmon_store_close(store);
    bench_publish(&row);
}

static void by_redis(uint16_t port) {
    static struct bench_row row = {.name = "decisions through Redis, one by one",
                                   .baseline_name = "bare hiredis",
                                   .unit = "/s",
                                   .goal_kind = BENCH_RATIO_AT_LEAST,
                                   .goal = 0.8};
    char url[64];
    char *environment[] = {url, NULL};
    struct qmon_config *config;
    struct qmon_cache *cache;
    redisContext *redis = reach(port);

    snprintf(url, sizeof url, "REDIS_URL=redis://127.0.0.1:%u", port);
    config = qmon_config_load(environment);
    cache = config != NULL ? qmon_cache_redis(config) : NULL;
    if (redis != NULL && cache != NULL) {
        freeReplyObject(redisCommand(redis, "SCRIPT LOAD %s", qmon__script));
        decide(cache); /* connects */
        for (unsigned i = bench_repeats(32); i > 0; i--) {
            bench_add(&row.baseline, bare(redis));
            bench_add(&row.measured, decide(cache));
        }
        bench_publish(&row);
    } else {
        printf("(decisions through Redis are left out: redis-server did not start)\n");
    }
    if (cache != NULL)
        cache->class->close(cache);
    if (redis != NULL)
        redisFree(redis);
    qmon_config_free(config);
}

void bench_rows_decisions(void) {
    uint16_t port = free_port();
    pid_t pid;

    by_store();
    pid = port != 0 ? start_redis(port) : -1;
    if (pid <= 0)
        return;
    by_redis(port);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}
