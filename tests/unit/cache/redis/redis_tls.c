/*
 * A real redis-server that speaks TLS:
 *  1. decides, with an authority of our choice (file and directory)
 *  2. is not talked to where its certificate is of somebody else, expired, or made out to another host; and that is said
 *  3. wants a client certificate, and gets it; without one, or with files that are none, it is said
 *  4. whoever does not speak TLS there is noticed, both ways round
 *  5. sentinels and the nodes of a cluster that speak it, known by names too
 *  6. one that stalls in the handshake costs no more than 250 ms
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certificates.h"
#include "config_with.h"
#include "fake_redis.h"
#include "redis_cluster_nodes.h"
#include "redis_support.h"

static struct scratch files;
static struct redis_server server = {.tls_only = true};
static struct qmon_cache *cache;
static struct qmon_decision decision;

static void setup(void) {
    files = scratch_make();
    certificates_authority(&files);
    certificates_make(&files, "server", "IP:127.0.0.1,DNS:localhost", false);
    certificates_make(&files, "client", "DNS:somebody", false);
}

static void teardown(void) {
    if (cache != NULL)
        cache->class->close(cache);
    if (server.pid > 0)
        redis_server_stop(&server);
    scratch_remove(&files);
}

TestSuite(redis_tls, .init = setup, .fini = teardown, .timeout = 60);

static void start(const char *name, const char *clients) {
    char certificate[64], key[64];

    snprintf(certificate, sizeof certificate, "%s.crt", name);
    snprintf(key, sizeof key, "%s.key", name);
    if (!redis_server_start(&server,
                            (const char *const[]){"--tls-cert-file", scratch_path(&files, certificate),
                                                  "--tls-key-file", scratch_path(&files, key), "--tls-ca-cert-file",
                                                  scratch_path(&files, "ca.crt"), "--tls-auth-clients", clients, NULL}))
        cr_skip_test("there is no redis-server with TLS");
}

/* "NAME=file in the scratch directory" */
static const char *variable(const char *name, const char *file) {
    static char texts[4][256];
    static unsigned next;
    char *text = texts[next++ % 4];

    snprintf(text, sizeof texts[0], "%s=%s", name, file[0] != '\0' ? scratch_path(&files, file) : files.path);
    return text;
}

static void use(const char *url, const char *one, const char *two, const char *three) {
    char text[256];
    struct qmon_config *config;

    snprintf(text, sizeof text, "REDIS_URL=%s", url);
    config = config_with(text, one, one != NULL ? two : NULL, two != NULL ? three : NULL);
    if (cache != NULL)
        cache->class->close(cache);
    cache = qmon_cache_redis(config);
    qmon_config_free(config);
    cr_assert_not_null(cache);
}

static void expect_failure(int error, const char *words) {
    double before = monotonic_ms();
    int r = try_to_decide(cache, "k", &decision);

    cr_expect_lt(monotonic_ms() - before, 1000); /* alone it is 200 */
    cr_expect_eq(r, error, "%d: %s", r, cache->class->problem(cache));
    cr_assert_not_null(cache->class->problem(cache));
    cr_expect_not_null(strstr(cache->class->problem(cache), words), "%s", cache->class->problem(cache));
}

Test(redis_tls, decides_where_the_authority_is_of_our_choice) {
    start("server", "no");
    use(server.url, variable("REDIS_TLS_CA", "ca.crt"), NULL, NULL);
    for (int i = 0; i < 50; i++)
        cr_expect_eq(decide_now(cache, "k", 1).alert, i == 0);
    cr_expect_str_eq(decide_now(cache, "k", 1).source, "redis");
    use(server.url, variable("REDIS_TLS_CA", "client.crt"), NULL, NULL);
    expect_failure(-EKEYREJECTED, "certificate is not trusted");
}

Test(redis_tls, takes_an_authority_from_a_directory) {
    char command[512];

    start("server", "no");
    snprintf(command, sizeof command, "mkdir %s/hashed && cp %s/ca.crt %s/hashed && openssl rehash %s/hashed",
             files.path, files.path, files.path, files.path);
    cr_assert_eq(system(command), 0);
    use(server.url, variable("REDIS_TLS_CA", "hashed"), NULL, NULL);
    cr_expect(decide_now(cache, "k", 1).alert);
}

Test(redis_tls, uses_tls_to_a_host_and_port_too) {
    char port[32];
    struct qmon_config *config;

    start("server", "no");
    snprintf(port, sizeof port, "REDIS_PORT=%u", server.port);
    config = config_with("REDIS_HOST=localhost", port, "REDIS_TLS=1", variable("REDIS_TLS_CA", "ca.crt"));
    cache = qmon_cache_redis(config);
    qmon_config_free(config);
    cr_expect(decide_now(cache, "k", 1).alert);
}

Test(redis_tls, does_not_talk_to_whom_nobody_vouches_for) {
    start("server", "no");
    use(server.url, NULL, NULL, NULL);
    expect_failure(-EKEYREJECTED, "certificate is not trusted");
}

Test(redis_tls, does_not_take_an_expired_certificate) {
    certificates_make(&files, "old", "IP:127.0.0.1", true);
    start("old", "no");
    use(server.url, variable("REDIS_TLS_CA", "ca.crt"), NULL, NULL);
    expect_failure(-EKEYREJECTED, "expired");
}

Test(redis_tls, does_not_take_the_certificate_of_another_host_unless_told_so) {
    certificates_make(&files, "other", "DNS:cache.internal", false);
    start("other", "no");
    use(server.url, variable("REDIS_TLS_CA", "ca.crt"), NULL, NULL);
    expect_failure(-EKEYREJECTED, "127.0.0.1");
    use(server.url, variable("REDIS_TLS_CA", "ca.crt"), "REDIS_TLS_NAME=cache.internal", NULL);
    cr_expect(decide_now(cache, "k", 1).alert);
}

Test(redis_tls, shows_a_client_certificate) {
    start("server", "yes");
    use(server.url, variable("REDIS_TLS_CA", "ca.crt"), variable("REDIS_TLS_CERT", "client.crt"),
        variable("REDIS_TLS_KEY", "client.key"));
    cr_expect(decide_now(cache, "k", 1).alert);
    use(server.url, variable("REDIS_TLS_CA", "ca.crt"), NULL, NULL);
    expect_failure(-ENOPROTOOPT, "REDIS_TLS_CERT");
}

Test(redis_tls, says_which_files_are_of_no_use) {
    start("server", "yes");
    use(server.url, variable("REDIS_TLS_CA", "missing.crt"), NULL, NULL);
    expect_failure(-ENOKEY, "missing.crt");
    use(server.url, variable("REDIS_TLS_CA", "ca.crt"), variable("REDIS_TLS_CERT", "client.key"), NULL);
    expect_failure(-ENOKEY, "REDIS_TLS_CERT");
    use(server.url, variable("REDIS_TLS_CA", "ca.crt"), variable("REDIS_TLS_CERT", "client.crt"),
        variable("REDIS_TLS_KEY", "server.key"));
    expect_failure(-ENOKEY, "REDIS_TLS_KEY");
}

Test(redis_tls, notices_who_does_not_speak_it) {
    struct redis_server plain = {.pid = 0};
    char url[64];

    start("server", "no");
    snprintf(url, sizeof url, "redis://127.0.0.1:%u", server.port);
    use(url, NULL, NULL, NULL);
    cr_expect_lt(try_to_decide(cache, "k", &decision), 0);
    cr_expect_not_null(cache->class->problem(cache));
    cr_assert(redis_server_start(&plain, NULL));
    snprintf(url, sizeof url, "rediss://127.0.0.1:%u", plain.port);
    use(url, variable("REDIS_TLS_CA", "ca.crt"), NULL, NULL);
    expect_failure(-ETIMEDOUT, "SSL"); /* Redis waits for the end of a line */
    redis_server_stop(&plain);
}

Test(redis_tls, does_not_wait_for_who_stalls_in_the_handshake) {
    struct fake_redis fake;
    char url[64];

    fake_redis_start(&fake, FAKE_SAYS_NOTHING, "", 0);
    snprintf(url, sizeof url, "rediss://127.0.0.1:%u", fake.port);
    use(url, variable("REDIS_TLS_CA", "ca.crt"), NULL, NULL);
    expect_failure(-ETIMEDOUT, "no answer in time");
    fake_redis_stop(&fake);
}

Test(redis_tls, goes_on_after_the_server_was_restarted) {
    const char *const options[] = {"--tls-cert-file",
                                   scratch_path(&files, "server.crt"),
                                   "--tls-key-file",
                                   scratch_path(&files, "server.key"),
                                   "--tls-ca-cert-file",
                                   scratch_path(&files, "ca.crt"),
                                   "--tls-auth-clients",
                                   "no",
                                   NULL};

    start("server", "no");
    use(server.url, variable("REDIS_TLS_CA", "ca.crt"), NULL, NULL);
    cr_expect(decide_now(cache, "k", 1).alert);
    redis_server_kill(&server);
    redis_server_start_again(&server, options);
    cr_expect(decide_now(cache, "other", 1).alert);
}

Test(redis_tls, sentinels_speak_it_too) {
    struct redis_server sentinel = {.tls_only = true};
    char lines[1024], url[128];

    start("server", "no");
    snprintf(lines, sizeof lines,
             "tls-cert-file %s\ntls-key-file %s\ntls-ca-cert-file %s\ntls-auth-clients no\n"
             "sentinel monitor mymaster 127.0.0.1 %u 1\n",
             scratch_path(&files, "server.crt"), scratch_path(&files, "server.key"), scratch_path(&files, "ca.crt"),
             server.port);
    sentinel.sentinel = lines;
    cr_assert(redis_server_start(&sentinel, NULL));
    snprintf(url, sizeof url, "rediss+sentinel://127.0.0.1:%u/mymaster", sentinel.port);
    use(url, variable("REDIS_TLS_CA", "ca.crt"), NULL, NULL);
    cr_expect(decide_now(cache, "k", 1).alert);
    use(url, NULL, NULL, NULL);
    expect_failure(-EKEYREJECTED, "the sentinel 127.0.0.1");
    redis_server_stop(&sentinel);
}

static void decide_in_cluster(const char *const *options, const char *certificate_names) {
    const char *all[20] = {"--tls-cluster",      "yes",
                           "--tls-replication",  "yes",
                           "--tls-auth-clients", "no",
                           "--tls-cert-file",    scratch_path(&files, "node.crt"),
                           "--tls-key-file",     scratch_path(&files, "node.key"),
                           "--tls-ca-cert-file", scratch_path(&files, "ca.crt")};
    struct redis_cluster cluster = {.tls_only = true, .options = all};
    char url[64], key[32];

    certificates_make(&files, "node", certificate_names, false);
    for (size_t i = 0; options[i] != NULL; i++)
        all[12 + i] = options[i];
    if (!redis_cluster_start(&cluster))
        cr_skip_test("there is no redis-server with TLS");
    snprintf(url, sizeof url, "rediss://%s:%u", options[0] != NULL ? "localhost" : "127.0.0.1", cluster.nodes[1].port);
    use(url, variable("REDIS_TLS_CA", "ca.crt"), NULL, NULL);
    for (int i = 0; i < 12; i++) {
        snprintf(key, sizeof key, "problem-%d", i);
        cr_expect(decide_in_time(cache, key).alert);
        cr_expect_not(decide_in_time(cache, key).alert);
    }
    redis_cluster_stop(&cluster);
}

Test(redis_tls, the_nodes_of_a_cluster_speak_it) {
    decide_in_cluster((const char *const[]){NULL}, "IP:127.0.0.1");
}

Test(redis_tls, the_nodes_of_a_cluster_are_known_by_name) {
    decide_in_cluster((const char *const[]){"--cluster-announce-hostname", "localhost",
                                            "--cluster-preferred-endpoint-type", "hostname", NULL},
                      "DNS:localhost");
}
