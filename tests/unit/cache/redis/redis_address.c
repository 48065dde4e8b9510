/* Where Redis is. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config_with.h"
#include "redis_address.h"

TestSuite(redis_address, .timeout = 10);

static struct qmon__redis_address address;
static char why[QMON__REDIS_WHY_BYTES];

static void parse(const char *url) {
    qmon__redis_address_clear(&address);
    cr_assert_eq(qmon__redis_address_parse(url, &address, why), 0, "%s: %s", url, why);
}

static void expect(const char *url, const char *host, uint16_t port, uint32_t database, const char *username,
                   const char *password) {
    parse(url);
    cr_expect_null(address.path);
    cr_expect_str_eq(address.nodes[0].host, host);
    cr_expect_eq(address.nodes[0].port, port);
    cr_expect_eq(address.database, database);
    cr_expect_str_eq(address.username, username);
    cr_expect_str_eq(address.password, password);
    qmon__redis_address_clear(&address);
}

Test(redis_address, understands_hosts_ports_users_and_databases) {
    expect("redis://cache", "cache", 6379, 0, "", "");
    expect("redis://cache/", "cache", 6379, 0, "", "");
    expect("redis://cache:7000", "cache", 7000, 0, "", "");
    expect("redis://cache:7000/3", "cache", 7000, 3, "", "");
    expect("redis://cache?db=4", "cache", 6379, 4, "", "");
    expect("redis://:secret@cache", "cache", 6379, 0, "", "secret");
    expect("redis://user:secret@cache:1/2", "cache", 1, 2, "user", "secret");
    expect("redis://user@cache", "cache", 6379, 0, "user", "");
}

Test(redis_address, understands_numeric_addresses) {
    expect("redis://10.0.0.1:1", "10.0.0.1", 1, 0, "", "");
    expect("redis://[::1]", "::1", 6379, 0, "", "");
    expect("redis://u:p@[fe80::1%25eth0]:7/1", "fe80::1%eth0", 7, 1, "u", "p");
    parse("redis://[::1]:7000");
    cr_expect_str_eq(address.shown, "[::1]:7000");
}

Test(redis_address, decodes_percents_and_forgives_passwords_that_are_not_encoded) {
    expect("redis://us%3aer:p%40ss%2F%25@cache", "cache", 6379, 0, "us:er", "p@ss/%");
    expect("redis://:p@ss/w:rd@cache:1/2", "cache", 1, 2, "", "p@ss/w:rd");
}

Test(redis_address, understands_sockets) {
    parse("unix:///run/redis/redis.sock?db=2");
    cr_expect_str_eq(address.path, "/run/redis/redis.sock");
    cr_expect_eq(address.database, 2);
    cr_expect_str_eq(address.shown, "/run/redis/redis.sock");
    parse("unix://user:secret@/run/re%20dis@1.sock");
    cr_expect_str_eq(address.password, "secret");
    parse("unix:///run/a@b.sock");
    cr_expect_str_eq(address.path, "/run/a@b.sock");
    qmon__redis_address_clear(&address);
}

Test(redis_address, knows_tls) {
    parse("rediss://cache");
    cr_expect(address.tls);
    parse("redis://cache");
    cr_expect_not(address.tls);
    qmon__redis_address_clear(&address);
}

Test(redis_address, refuses_what_it_does_not_understand_without_showing_it) {
    static const char *const urls[] = {
        "",
        "http://hunter2",
        "REDIS://hunter2",
        "redis://",
        "redis://:hunter2@",
        "redis://hunter2:0",
        "redis://hunter2:65536",
        "redis://hunter2:99999999999999999999",
        "redis://hunter2:1x",
        "redis://hunter2:",
        "redis://hunter2/x",
        "redis://hunter2/-1",
        "redis://hunter2/1/2",
        "redis://hunter2?db=",
        "redis://hunter2?timeout=hunter2",
        "redis://hunter2%",
        "redis://hunter2%2",
        "redis://hunter2%zz",
        "redis://hunter2%00",
        "redis://[hunter2",
        "redis://[hunter2]x",
        "redis://a,,hunter2",
        "redis+sentinel://hunter2",
        "redis+sentinel://hunter2/",
        "redis+sentinel://hunter2/service/x",
        "redis://a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,hunter2",
        "unix://hunter2",
        "unix://",
        "unix:///1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
        "12345678",
    };

    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct qmon__redis_address untouched = {.database = 77};
        cr_expect_eq(qmon__redis_address_parse(urls[i], &untouched, why), -EINVAL, "%s", urls[i]);
        cr_expect_eq(untouched.database, 77);
        cr_expect_gt(strlen(why), 10);
        cr_expect_null(strstr(why, "hunter2"), "%s", why);
    }
}

Test(redis_address, understands_several_nodes_of_a_cluster) {
    parse("rediss://u:p,w@one:7000,[::1]:7001,three/0");
    cr_expect_eq(address.node_count, 3);
    cr_expect_str_eq(address.password, "p,w");
    cr_expect_str_eq(address.nodes[1].host, "::1");
    cr_expect_eq(address.nodes[1].port, 7001);
    cr_expect_eq(address.nodes[2].port, 6379);
    cr_expect(address.tls);
    cr_expect_not(address.sentinel);
    qmon__redis_address_clear(&address);
}

Test(redis_address, understands_sentinels_and_their_service) {
    parse("redis+sentinel://u:p@s1:26380,s2/my%20master/3");
    cr_expect(address.sentinel);
    cr_expect_not(address.tls);
    cr_expect_eq(address.node_count, 2);
    cr_expect_eq(address.nodes[0].port, 26380);
    cr_expect_eq(address.nodes[1].port, 26379);
    cr_expect_str_eq(address.service, "my master");
    cr_expect_eq(address.database, 3);
    parse("rediss+sentinel://s1/m");
    cr_expect(address.tls);
    qmon__redis_address_clear(&address);
}

Test(redis_address, sentinels_have_a_password_of_their_own_or_the_same) {
    struct qmon_config *config = config_with("REDIS_URL=redis+sentinel://u:p@s/m");

    cr_assert_eq(qmon__redis_address_of(config, &address, why), 0);
    cr_expect_str_eq(address.sentinel_username, "u");
    cr_expect_str_eq(address.sentinel_password, "p");
    qmon__redis_address_clear(&address);
    qmon_config_free(config);
    config = config_with("REDIS_URL=redis+sentinel://u:p@s/m", "REDIS_SENTINEL_PASSWORD=other");
    cr_assert_eq(qmon__redis_address_of(config, &address, why), 0);
    cr_expect_str_eq(address.sentinel_username, "");
    cr_expect_str_eq(address.sentinel_password, "other");
    qmon__redis_address_clear(&address);
    qmon_config_free(config);
}

Test(redis_address, bounds_the_length) {
    char *url = calloc(1, 20000);

    memset(url, 'x', 19000);
    memcpy(url, "redis://", 8);
    cr_expect_eq(qmon__redis_address_parse(url, &address, why), -EINVAL);
    url[1000] = '\0';
    cr_expect_eq(qmon__redis_address_parse(url, &address, why), -EINVAL, "no host name is that long");
    free(url);
}

static void of(struct qmon_config *config, int expected) {
    qmon__redis_address_clear(&address);
    cr_assert_eq(qmon__redis_address_of(config, &address, why), expected);
    qmon_config_free(config);
}

Test(redis_address, comes_from_host_and_port_or_url) {
    of(config_with(NULL), 1);
    of(config_with("REDIS_PORT=7000"), 1);
    of(config_with("REDIS_HOST=cache", "REDIS_PORT=7000"), 0);
    cr_expect_str_eq(address.shown, "cache:7000");
    of(config_with("REDIS_HOST=cache", "REDIS_URL=redis://other"), 0);
    cr_expect_str_eq(address.nodes[0].host, "other");
    of(config_with("REDIS_HOST=cache", "REDIS_URL=nonsense"), -EINVAL);
    qmon__redis_address_clear(&address);
}

Test(redis_address, takes_user_and_password_from_the_url_or_else_from_their_variables) {
    of(config_with("REDIS_HOST=c", "REDIS_USERNAME=u", "REDIS_PASSWORD=p"), 0);
    cr_expect_str_eq(address.username, "u");
    cr_expect_str_eq(address.password, "p");
    of(config_with("REDIS_URL=redis://:own@c", "REDIS_USERNAME=u", "REDIS_PASSWORD=p"), 0);
    cr_expect_str_eq(address.username, "", "a password goes with its own user");
    cr_expect_str_eq(address.password, "own");
    of(config_with("REDIS_URL=redis://who@c", "REDIS_USERNAME=u", "REDIS_PASSWORD=p"), 0);
    cr_expect_str_eq(address.username, "who");
    cr_expect_str_eq(address.password, "p");
    qmon__redis_address_clear(&address);
}
