/* reach.c: see reach.h. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <qmon/http.h>

#include "reach.h"

#define LINE_BYTES 512
#define UP 0x1u       /* RTF_UP */
#define REJECT 0x200u /* RTF_REJECT, as the kernel's own "unreachable" entries have it */

static bool is_of_loopback(const char *name) {
    return strcmp(name, "lo") == 0;
}

/* "Iface Destination Gateway Flags ...", the numbers in hex, behind a line of headings, which is no route. */
static bool is_route4_out(const char *line) {
    char name[32];
    unsigned flags = 0;

    return sscanf(line, "%31s %*x %*x %x", name, &flags) == 2 && (flags & UP) && !(flags & REJECT) &&
           !is_of_loopback(name);
}

/* "destination length source length gateway metric references used flags name", the numbers in hex. Multicast and what holds for one link
 * alone (fe80::/10) exist as soon as an interface does: they lead to no server. */
static bool is_route6_out(const char *line) {
    char destination[36], name[32];
    unsigned flags = 0;

    if (sscanf(line, "%35s %*x %*x %*x %*x %*x %*x %*x %x %31s", destination, &flags, name) != 3)
        return false;
    return (flags & UP) && !(flags & REJECT) && !is_of_loopback(name) && strncmp(destination, "ff", 2) != 0 &&
           strncmp(destination, "fe8", 3) != 0;
}

/* 1: such a route is there; 0: none; -1: the table cannot be read. */
static int search(const char *directory, const char *table, bool (*is_out)(const char *line)) {
    char path[128], line[LINE_BYTES];
    int found = 0;

    snprintf(path, sizeof path, "%.100s/%s", directory, table);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return -1;
    while (found == 0 && fgets(line, sizeof line, file) != NULL)
        found = is_out(line);
    fclose(file);
    return found;
}

bool qmon__reach_leads_out(const char *directory) {
    int by4 = search(directory, "route", is_route4_out);
    int by6 = by4 == 1 ? 0 : search(directory, "ipv6_route", is_route6_out);

    return by4 == 1 || by6 == 1 || (by4 < 0 && by6 < 0);
}

/* `host`: a name or an address, perhaps with a port behind it as in a URL. */
static bool is_this_machine(const char *host) {
    char name[64];
    struct in6_addr address;
    const char *begin = host[0] == '[' ? host + 1 : host;
    const char *colon = strchr(begin, ':');
    const bool is_v6 = begin != host || (colon != NULL && strchr(colon + 1, ':') != NULL);

    snprintf(name, sizeof name, "%.*s", (int) strcspn(begin, is_v6 ? "]%" : ":"), begin);
    if (is_v6)
        return inet_pton(AF_INET6, name, &address) == 1 && IN6_IS_ADDR_LOOPBACK(&address);
    return strcasecmp(name, "localhost") == 0 || strncmp(name, "127.", 4) == 0;
}

bool qmon__reach_may_come(const char *host) {
    return !is_this_machine(host) && qmon__reach_leads_out("/proc/net");
}

bool qmon__reach_may_come_by_url(const char *url) {
    char host[256];

    qmon__http_host(url, host, sizeof host);
    return qmon__reach_may_come(host);
}
