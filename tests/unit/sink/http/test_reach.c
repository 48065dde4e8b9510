/* Whether a second attempt may help is read off the host's name and the kernel's tables of routes. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "http/reach.h"

#define HEADINGS "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
#define NO6 "00000000000000000000000000000000"

TestSuite(reach, .timeout = 20);

static char directory[64];

static void table(const char *name, const char *text) {
    char path[96];

    snprintf(path, sizeof path, "%s/%s", directory, name);
    unlink(path);
    if (text == NULL)
        return;
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

static bool leads_out(const char *route4, const char *route6) {
    snprintf(directory, sizeof directory, "/tmp/qmon-reach-XXXXXX");
    cr_assert_not_null(mkdtemp(directory));
    table("route", route4);
    table("ipv6_route", route6);
    bool out = qmon__reach_leads_out(directory);
    table("route", NULL);
    table("ipv6_route", NULL);
    rmdir(directory);
    return out;
}

Test(reach, a_route_by_an_interface_leads_out) {
    cr_expect(leads_out(HEADINGS "eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n", ""));
    cr_expect(leads_out(HEADINGS, "fd000000000000000000000000000000 40 " NO6 " 00 " NO6
                                  " 00000100 00000001 00000000 00000001     eth0\n"));
}

Test(reach, an_empty_table_leads_nowhere) {
    cr_expect_not(leads_out(HEADINGS, ""));
    cr_expect_not(leads_out(HEADINGS, NULL));
    cr_expect_not(leads_out("", ""));
}

Test(reach, the_loopback_and_what_the_kernel_refuses_lead_nowhere) {
    cr_expect_not(leads_out(
        HEADINGS "lo\t0000007F\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0\n",
        NO6 " 00 " NO6 " 00 " NO6 " ffffffff 00000001 00000000 00200200       lo\n"
            "fe800000000000000000000000000000 40 " NO6 " 00 " NO6 " 00000100 00000001 00000000 00000001     eth0\n"
            "ff000000000000000000000000000000 08 " NO6 " 00 " NO6 " 00000100 00000002 00000000 00000001     eth0\n"));
    cr_expect_not(leads_out(HEADINGS "*\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0\n", ""));
}

Test(reach, where_nothing_is_known_it_may_lead_out) {
    cr_expect(leads_out(NULL, NULL));
}

Test(reach, a_server_of_this_machine_that_refuses_is_not_waited_for) {
    static const char *const here[] = {"localhost", "LocalHost:8080", "127.0.0.1", "127.1.2.3:9", "::1", "[::1]:443"};

    for (size_t i = 0; i < sizeof here / sizeof here[0]; i++)
        cr_expect_not(qmon__reach_may_come(here[i]), "%s", here[i]);
    cr_expect_not(qmon__reach_may_come_by_url("http://user:word@localhost:8080/hook"));
}

Test(reach, a_server_elsewhere_may_come_where_a_route_leads_out) {
    static const char *const there[] = {"192.0.2.1:80", "hooks.example.com", "[2001:db8::1]:443", "2001:db8::1",
                                        "1270.example"};
    bool out = qmon__reach_leads_out("/proc/net");

    for (size_t i = 0; i < sizeof there / sizeof there[0]; i++)
        cr_expect_eq(qmon__reach_may_come(there[i]), out, "%s", there[i]);
}
