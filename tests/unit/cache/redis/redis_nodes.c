/* What the nodes of a cluster say about each other, as it may come. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "redis_cluster.h"

TestSuite(redis_nodes, .timeout = 10);

Test(redis_nodes, a_slot_is_that_of_the_part_in_braces) {
    cr_expect_eq(qmon__redis_slot("123456789"), 12739, "of the specification");
    cr_expect_eq(qmon__redis_slot("{user1000}.following"), qmon__redis_slot("{user1000}.followers"));
    cr_expect_eq(qmon__redis_slot("foo{{bar}}zap"), qmon__redis_slot("{bar"));
    cr_expect_neq(qmon__redis_slot("foo{}{bar}"), qmon__redis_slot("bar"));
    cr_expect_eq(qmon__redis_slot("foo{bar}{zap}"), qmon__redis_slot("bar"));
}

static const struct qmon__redis_node asked = {"10.0.0.1", 7000};

Test(redis_nodes, redirections_are_read) {
    struct qmon__redis_node node;
    bool ask;

    cr_expect(qmon__redis_redirection("-MOVED 3999 127.0.0.1:6381", &asked, &ask, &node));
    cr_expect_not(ask);
    cr_expect_str_eq(node.host, "127.0.0.1");
    cr_expect_eq(node.port, 6381);
    cr_expect(qmon__redis_redirection("ASK 1 2001:db8::1:6379", &asked, &ask, &node));
    cr_expect(ask);
    cr_expect_str_eq(node.host, "2001:db8::1");
    cr_expect(qmon__redis_redirection("MOVED 1 cache-0001-001.abc.euc1.cache.amazonaws.com:6379", &asked, &ask, &node));
    cr_expect_str_eq(node.host, "cache-0001-001.abc.euc1.cache.amazonaws.com");
    cr_expect(qmon__redis_redirection("MOVED 1 :6380", &asked, &ask, &node), "no host: the one that was asked");
    cr_expect_str_eq(node.host, "10.0.0.1");
    cr_expect_eq(node.port, 6380);
}

Test(redis_nodes, redirections_that_lead_nowhere_are_refused) {
    static const char *const texts[] = {
        "",           "MOVED",       "MOVED ",          "MOVED 1",      "MOVED 1 ",       "MOVED 1 a",
        "MOVED 1 a:", "MOVED 1 a:0", "MOVED 1 a:65536", "MOVED 1 a:1x", "MOVED 1 ?:6379", "MOVE 1 a:1",
        "ASK a:"};
    struct qmon__redis_node node = {"untouched", 1};
    bool ask;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        cr_expect_not(qmon__redis_redirection(texts[i], &asked, &ask, &node), "%s", texts[i]);
    cr_expect_str_eq(node.host, "untouched");
}

static char found[1024];

static void note(void *context, const struct qmon__redis_range *range) {
    size_t used = strlen(found);

    (void) context;
    snprintf(found + used, sizeof found - used, "%s%s:%u %u-%u\n", range->master ? "*" : "", range->node.host,
             range->node.port, range->first, range->last);
}

static void expect(const char *text, bool names, const char *expected) {
    found[0] = '\0';
    qmon__redis_read_nodes(text, names, note, NULL);
    cr_expect_str_eq(found, expected, "%s", found);
}

Test(redis_nodes, the_list_of_nodes_is_read) {
    static const char text[] =
        "07c 127.0.0.1:30004@31004,hostname4 slave e7d 0 1426238317239 4 connected\n"
        "67e 127.0.0.1:30002@31002,hostname2 master - 0 1426238316232 2 connected 5461-5463 5470 [93-<-29f]\r\n"
        "29f 127.0.0.1:30003@31003, master,fail - 0 1426238318243 3 disconnected 10923-16383\n"
        "6ec :0@0 master,noaddr - 0 1 5 disconnected\n"
        "e7d ::1:30001@31001 myself,master - 0 0 1 connected 0-5460\n";

    expect(text, false,
           "127.0.0.1:30004 1-0\n*127.0.0.1:30002 1-0\n*127.0.0.1:30002 5461-5463\n*127.0.0.1:30002 5470-5470\n"
           "*::1:30001 1-0\n*::1:30001 0-5460\n");
    expect(text, true,
           "hostname4:30004 1-0\n*hostname2:30002 1-0\n*hostname2:30002 5461-5463\n*hostname2:30002 5470-5470\n"
           "*::1:30001 1-0\n*::1:30001 0-5460\n");
}

Test(redis_nodes, lists_that_are_none_say_nothing) {
    static const char *const texts[] = {"", "\n\n\n", "a b c d e f g", "a b:1 master - 0 0 1",
                                        "x y z \xff a b c d e f"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        expect(texts[i], true, "");
    expect("a b:1@2 master - 0 0 1 connected 16384 5-4 99999999999-1 x -1\n", false, "*b:1 1-0\n");
}
