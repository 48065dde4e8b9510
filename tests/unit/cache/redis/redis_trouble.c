/* Whatever the other side does: a decision, by the local store, within 250 ms, and it is counted. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <qmon/store.h>

#include "fake_redis.h"
#include "redis_support.h"
#include "scratch.h"

/* What is promised; on a machine with more work than processors, only that nothing waits for the other side for ever. */
static double bound_ms(void) {
    double load;

    return getloadavg(&load, 1) == 1 && load > (double) sysconf(_SC_NPROCESSORS_ONLN) ? 1500 : 250;
}

static struct scratch scratch;
static struct qmon_store *store;

static void setup(void) {
    const char *problem;

    scratch = scratch_make();
    store = qmon_store_open(scratch.path, &problem);
    cr_assert_null(problem);
}

static void teardown(void) {
    qmon_store_close(store);
    scratch_remove(&scratch);
}

TestSuite(redis_trouble, .init = setup, .fini = teardown, .timeout = 60);

struct search {
    const char *reason;
    uint64_t value;
};

static void look_at(void *context, const struct qmon_counter *counter) {
    struct search *search = context;

    if (strcmp(counter->name, "dedup.fallback") == 0 && strcmp(counter->reason, search->reason) == 0)
        search->value = counter->value;
}

static uint64_t fall_backs(const char *reason) {
    struct search search = {reason, 0};

    cr_assert_eq(qmon_store_counters(store, look_at, &search), 0);
    return search.value;
}

/* One decision through the chain: by whom, and whether in time. */
static double expect_local(struct qmon_cache *chain, const char *key, bool alert) {
    double before = monotonic_ms(), took;
    struct qmon_decision decision = decide_now(chain, key, 1);

    took = monotonic_ms() - before;
    cr_expect_str_eq(decision.source, "local");
    cr_expect_eq(decision.alert, alert);
    cr_expect_leq(took, bound_ms(), "%f ms", took);
    cr_expect_not_null(chain->class->problem(chain));
    return took;
}

static void expect_take_over(const char *url, const char *counted_as) {
    struct qmon_cache *chain = qmon_cache_chain(redis_at(url, NULL), qmon_cache_local(store), qmon_cache_memory());

    expect_local(chain, "k", true);
    cr_expect_eq(fall_backs(counted_as), 1, "%s: %s", counted_as, chain->class->problem(chain));
    expect_local(chain, "k", false);
    chain->class->close(chain);
}

Test(redis_trouble, nobody_listens) {
    char url[64];

    snprintf(url, sizeof url, "redis://127.0.0.1:%u", free_port());
    expect_take_over(url, "redis: connection refused");
}

Test(redis_trouble, no_such_socket) {
    expect_take_over("unix:///nowhere/redis.sock", "redis: no such socket");
}

Test(redis_trouble, no_such_name) {
    struct qmon_cache *chain =
        qmon_cache_chain(redis_at("redis://no-such-host.invalid", NULL), qmon_cache_local(store), NULL);

    expect_local(chain, "k", true);
    chain->class->close(chain);
}

Test(redis_trouble, not_an_address_at_all) {
    expect_take_over("what is this", "redis: bad address");
}

static void expect_take_over_from(enum fake_behaviour behaviour, const char *answer, size_t bytes,
                                  const char *counted_as) {
    struct fake_redis fake;

    fake_redis_start(&fake, behaviour, answer, bytes);
    expect_take_over(fake.url, counted_as);
    fake_redis_stop(&fake);
}

static const char good_answer[] = "*6\r\n:1\r\n:0\r\n:1\r\n:1\r\n:0\r\n:0\r\n";

Test(redis_trouble, a_good_answer_would_be_taken) {
    struct fake_redis fake;
    struct qmon_cache *cache;

    fake_redis_start(&fake, FAKE_ANSWERS, good_answer, 0);
    cache = redis_at(fake.url, NULL);
    cr_expect(decide_now(cache, "k", 1).alert);
    cr_expect(decide_now(cache, "k", 1).alert);
    cr_expect_eq(atomic_load(&fake.connections), 1, "the connection is kept");
    cache->class->close(cache);
    fake_redis_stop(&fake);
}

Test(redis_trouble, it_says_nothing) {
    expect_take_over_from(FAKE_SAYS_NOTHING, "", 0, "redis: timed out");
}

Test(redis_trouble, it_never_accepts) {
    expect_take_over_from(FAKE_NEVER_ACCEPTS, "", 0, "redis: timed out");
}

Test(redis_trouble, it_drips) {
    expect_take_over_from(FAKE_DRIPS, good_answer, 0, "redis: timed out");
}

Test(redis_trouble, it_hangs_up) {
    expect_take_over_from(FAKE_HANGS_UP, "", 0, "redis: connection lost");
}

Test(redis_trouble, it_stops_in_the_middle) {
    expect_take_over_from(FAKE_CUTS, good_answer, 0, "redis: connection lost");
}

Test(redis_trouble, it_floods) {
    expect_take_over_from(FAKE_FLOODS, "$70000\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 0,
                          "redis: not understood");
}

Test(redis_trouble, it_answers_more_than_was_asked) {
    struct fake_redis fake;
    struct qmon_cache *chain;

    fake_redis_start(&fake, FAKE_ANSWERS,
                     "*6\r\n:0\r\n:1\r\n:2\r\n:1\r\n:0\r\n:0\r\n*6\r\n:0\r\n:1\r\n:2\r\n:1\r\n:0\r\n:0\r\n", 0);
    chain = qmon_cache_chain(redis_at(fake.url, NULL), qmon_cache_local(store), NULL);
    cr_expect_str_eq(decide_now(chain, "k", 1).source, "redis");
    expect_local(chain, "other", true);
    cr_expect_eq(fall_backs("redis: not understood"), 1);
    chain->class->close(chain);
    fake_redis_stop(&fake);
}

Test(redis_trouble, it_is_something_else) {
    static const struct {
        const char *answer;
        size_t bytes;
        const char *counted_as;
    } cases[] = {
        {"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", 0, "redis: not understood"},
        {"220 mail.example.org ESMTP\r\n", 0, "redis: not understood"},
        {"\x15\x03\x01\x00\x02\x02\x0a\r\n", 8, "redis: not understood"},
        {"*1000000000\r\n", 0, "redis: not understood"},
        {"*-5\r\n", 0, "redis: not understood"},
        {"$-1\r\n", 0, "redis: not understood"},
        {"$18446744073709551615\r\n", 0, "redis: not understood"},
        {":1\r\n", 0, "redis: not understood"},
        {"*6\r\n:7\r\n:0\r\n:1\r\n:1\r\n:0\r\n:0\r\n", 0, "redis: not understood"},
        {"*6\r\n:1\r\n:0\r\n:1\r\n:1\r\n:0\r\n*1\r\n:0\r\n", 0, "redis: not understood"},
        {"-LOADING Redis is loading the dataset in memory\r\n", 0, "redis: busy"},
        {"-MOVED 1 127.0.0.1:1\r\n", 0, "redis: connection refused"},
        {"-MOVED 1 ?:1\r\n", 0, "redis: moved"},
        {"-MOVED\r\n", 0, "redis: moved"},
        {"-ASK 1 127.0.0.1:99999\r\n", 0, "redis: moved"},
        {"-NOSCRIPT really\r\n", 0, "redis: refused the command"},
        {"-\r\n", 0, "redis: refused the command"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        teardown();
        setup();
        expect_take_over_from(FAKE_ANSWERS, cases[i].answer, cases[i].bytes, cases[i].counted_as);
    }
}

Test(redis_trouble, what_it_says_is_shown_but_never_the_password) {
    /* Twice, for AUTH and for the question may come in one piece. */
    static const char repeats[] = "-ERR unknown command 'AUTH', with args beginning with: 'hunter2'\r\n"
                                  "-ERR unknown command 'AUTH', with args beginning with: 'hunter2'\r\n";
    struct fake_redis fake;
    struct qmon_cache *cache;
    struct qmon_decision decision;

    fake_redis_start(&fake, FAKE_ANSWERS, repeats, 0);
    cache = redis_at(fake.url, "REDIS_PASSWORD=hunter2");
    cr_expect_eq(try_to_decide(cache, "k", &decision), -EPROTO);
    cr_expect_null(strstr(cache->class->problem(cache), "hunter2"), "%s", cache->class->problem(cache));
    cache->class->close(cache);
    cache = redis_at(fake.url, NULL);
    cr_expect_lt(try_to_decide(cache, "k", &decision), 0);
    cr_expect_not_null(strstr(cache->class->problem(cache), "unknown command"), "%s", cache->class->problem(cache));
    cache->class->close(cache);
    fake_redis_stop(&fake);
}

Test(redis_trouble, what_cost_time_is_not_tried_again_at_once) {
    struct qmon_cache *chain;
    struct fake_redis fake;
    double took = 0;

    fake_redis_start(&fake, FAKE_SAYS_NOTHING, "", 0);
    chain = qmon_cache_chain(redis_at(fake.url, NULL), qmon_cache_local(store), NULL);
    expect_local(chain, "k", true);
    for (int i = 0; i < 20; i++)
        took += expect_local(chain, "k", false);
    cr_expect_leq(took, 1.6 * bound_ms(), "%f ms for twenty", took);
    cr_expect_eq(atomic_load(&fake.connections), 1);
    cr_expect_eq(fall_backs("redis: not asked again yet"), 20);
    cr_expect_not_null(strstr(chain->class->problem(chain), "no answer in time"));
    chain->class->close(chain);
    fake_redis_stop(&fake);
}

/* A name server that says nothing, on an address of the loopback of its own. */
static int silent_name_server(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(53)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    inet_pton(AF_INET, "127.66.66.66", &address.sin_addr);
    if (bind(fd, (struct sockaddr *) &address, sizeof address) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

Test(redis_trouble, the_name_server_says_nothing) {
    int server = geteuid() == 0 ? silent_name_server() : -1;

    if (server < 0 || unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        cr_skip_test("needs root and a mount namespace");
    scratch_write(&scratch, "resolv.conf", "nameserver 127.66.66.66\n");
    scratch_write(&scratch, "nsswitch.conf", "hosts: files dns\n");
    cr_assert_eq(mount(scratch_path(&scratch, "resolv.conf"), "/etc/resolv.conf", NULL, MS_BIND, NULL), 0);
    cr_assert_eq(mount(scratch_path(&scratch, "nsswitch.conf"), "/etc/nsswitch.conf", NULL, MS_BIND, NULL), 0);
    expect_take_over("redis://cache.example.org", "redis: timed out");
    close(server);
}
