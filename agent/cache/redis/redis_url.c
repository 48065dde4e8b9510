/*
 * redis_url.c: an address as people write it.
 */
#include "redis_address.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define DEFAULT_PORT 6379
#define SENTINEL_PORT 26379
#define DATABASES_MAX 1000000u
#define SERVICE_BYTES_MAX 200

/* A part of the URL. */
struct part {
    const char *at, *end;
};

static int refuse(char *ret_why, const char *text) {
    snprintf(ret_why, QMON__REDIS_WHY_BYTES, "%s", text);
    return -EINVAL;
}

static bool is_empty(struct part part) {
    return part.at == part.end;
}

static const char *find(struct part part, char c) {
    return is_empty(part) ? NULL : memchr(part.at, c, (size_t) (part.end - part.at));
}

/* What stands before the first c; *part goes on behind it. All of it, and nothing is left, where there is no c. */
static struct part take_until(struct part *part, char c) {
    const char *at = find(*part, c);
    struct part taken = {part->at, at != NULL ? at : part->end};

    part->at = at != NULL ? at + 1 : part->end;
    return taken;
}

static bool take_prefix(struct part *part, const char *prefix) {
    size_t bytes = strlen(prefix);

    if ((size_t) (part->end - part->at) < bytes || memcmp(part->at, prefix, bytes) != 0)
        return false;
    part->at += bytes;
    return true;
}

static int hex_of(char c) {
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = c == '\0' ? NULL : strchr(digits, c);

    return at == NULL ? -1 : (int) (at - digits) % 16;
}

static int decode(struct part part, char **ret_text, char *ret_why) {
    char *text = malloc((size_t) (part.end - part.at) + 1);
    char *to = text;

    if (text == NULL)
        return -ENOMEM;
    for (const char *from = part.at; from < part.end; from++) {
        int high, low;
        if (*from != '%') {
            *to++ = *from;
            continue;
        }
        high = part.end - from > 2 ? hex_of(from[1]) : -1;
        low = part.end - from > 2 ? hex_of(from[2]) : -1;
        if (high < 0 || low < 0 || (high | low) == 0) {
            free(text);
            return refuse(ret_why, "has a percent sign without two hexadecimal digits behind it");
        }
        *to++ = (char) (high << 4 | low);
        from += 2;
    }
    *to = '\0';
    *ret_text = text;
    return 0;
}

static int number_of(struct part part, uint32_t most, uint32_t *ret_number) {
    uint32_t number = 0;

    if (is_empty(part))
        return -EINVAL;
    for (const char *at = part.at; at < part.end; at++) {
        if (*at < '0' || *at > '9')
            return -EINVAL;
        number = number * 10 + (uint32_t) (*at - '0');
        if (number > most)
            return -EINVAL;
    }
    *ret_number = number;
    return 0;
}

static int parse_user(struct qmon__redis_address *address, struct part user, char *ret_why) {
    struct part name = take_until(&user, ':');
    int r = decode(name, &address->username, ret_why);

    return r < 0 ? r : decode(user, &address->password, ret_why);
}

static int parse_port(struct qmon__redis_node *node, struct part port, char *ret_why) {
    uint32_t number;

    if (number_of(port, UINT16_MAX, &number) < 0 || number == 0)
        return refuse(ret_why, "has a port that is not between 1 and 65535");
    node->port = (uint16_t) number;
    return 0;
}

static int parse_name(struct qmon__redis_node *node, struct part name, char *ret_why) {
    char *text;
    int r;

    if (is_empty(name))
        return refuse(ret_why, "names no host");
    r = decode(name, &text, ret_why);
    if (r < 0)
        return r;
    if (strlen(text) >= sizeof node->host)
        r = refuse(ret_why, "has a host name that is too long");
    else
        strcpy(node->host, text);
    free(text);
    return r;
}

static int parse_host(struct qmon__redis_node *node, struct part host, char *ret_why) {
    struct part name;
    int r;

    if (take_prefix(&host, "[")) {
        if (find(host, ']') == NULL)
            return refuse(ret_why, "has a bracket that is not closed");
        name = take_until(&host, ']');
        if (!is_empty(host) && *host.at != ':')
            return refuse(ret_why, "has something other than a port behind the bracket");
    } else {
        name = take_until(&host, ':');
        host.at -= host.at > name.end; /* back to the colon */
    }
    r = parse_name(node, name, ret_why);
    if (r == 0 && take_prefix(&host, ":"))
        r = parse_port(node, host, ret_why);
    return r;
}

static int parse_hosts(struct qmon__redis_address *address, struct part hosts, char *ret_why) {
    do {
        struct qmon__redis_node *node = &address->nodes[address->node_count];
        int r;
        if (address->node_count == QMON__REDIS_SEEDS_MAX)
            return refuse(ret_why, "names too many hosts");
        node->port = address->sentinel ? SENTINEL_PORT : DEFAULT_PORT;
        r = parse_host(node, take_until(&hosts, ','), ret_why);
        if (r < 0)
            return r;
        address->node_count++;
    } while (!is_empty(hosts));
    return 0;
}

static int parse_path(struct qmon__redis_address *address, struct part path, char *ret_why) {
    int r = decode(path, &address->path, ret_why);

    if (r < 0)
        return r;
    if (address->path[0] != '/')
        return refuse(ret_why, "has no absolute path of a socket");
    if (strlen(address->path) >= sizeof((struct sockaddr_un *) NULL)->sun_path)
        return refuse(ret_why, "has a path too long for a socket");
    return 0;
}

static int parse_service(struct qmon__redis_address *address, struct part service, char *ret_why) {
    int r = decode(service, &address->service, ret_why);

    if (r == 0 && address->service[0] == '\0')
        r = refuse(ret_why, "names no service: redis+sentinel://HOST:PORT/SERVICE");
    if (r == 0 && strlen(address->service) > SERVICE_BYTES_MAX)
        r = refuse(ret_why, "has a service whose name is too long");
    return r;
}

static int parse_database(struct qmon__redis_address *address, struct part number, char *ret_why) {
    if (number_of(number, DATABASES_MAX, &address->database) < 0)
        return refuse(ret_why, "has a database that is not a number");
    return 0;
}

static int parse_query(struct qmon__redis_address *address, struct part query, char *ret_why) {
    while (!is_empty(query)) {
        struct part parameter = take_until(&query, '&');
        int r;
        if (!take_prefix(&parameter, "db="))
            return refuse(ret_why, "has a parameter other than db");
        r = parse_database(address, parameter, ret_why);
        if (r < 0)
            return r;
    }
    return 0;
}

static int parse_scheme(struct part *url, struct qmon__redis_address *address, bool *ret_is_path, char *ret_why) {
    static const struct {
        const char *text;
        bool path, tls, sentinel;
    } schemes[] = {
        {"redis://", false, false, false},         {"rediss://", false, true, false},
        {"unix://", true, false, false},           {"redis+sentinel://", false, false, true},
        {"rediss+sentinel://", false, true, true}, {"redis+cluster://", false, false, false},
        {"rediss+cluster://", false, true, false},
    };

    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (take_prefix(url, schemes[i].text)) {
            *ret_is_path = schemes[i].path;
            address->tls = schemes[i].tls;
            address->sentinel = schemes[i].sentinel;
            return 0;
        }
    return refuse(ret_why, "begins with none of redis://, rediss://, redis+sentinel://, unix://");
}

/* What stands before the last @: passwords are not always encoded as they should be. */
static struct part take_user(struct part *rest, bool is_path) {
    struct part user = {rest->at, rest->at}, left = *rest;

    if (is_path && !is_empty(left) && *left.at == '/') /* the path may hold an @ itself */
        return user;
    while (find(left, '@') != NULL) {
        take_until(&left, '@');
        user.end = left.at - 1;
        if (is_path && !is_empty(left) && *left.at == '/')
            break;
    }
    rest->at = left.at;
    return user;
}

/* "HOST:PORT,HOST:PORT/SERVICE/DATABASE", the service with Sentinel only. */
static int parse_network(struct qmon__redis_address *address, struct part rest, char *ret_why) {
    int r = parse_hosts(address, take_until(&rest, '/'), ret_why);

    if (r == 0 && address->sentinel)
        r = parse_service(address, take_until(&rest, '/'), ret_why);
    if (r == 0 && !is_empty(rest))
        r = parse_database(address, rest, ret_why);
    return r;
}

static int parse(struct qmon__redis_address *address, struct part url, char *ret_why) {
    struct part rest, query;
    bool is_path;
    int r = parse_scheme(&url, address, &is_path, ret_why);

    if (r < 0)
        return r;
    rest = take_until(&url, '?');
    query = url;
    r = parse_user(address, take_user(&rest, is_path), ret_why);
    if (r == 0)
        r = is_path ? parse_path(address, rest, ret_why) : parse_network(address, rest, ret_why);
    return r < 0 ? r : parse_query(address, query, ret_why);
}

int qmon__redis_address_parse(const char *url, struct qmon__redis_address *ret_address, char *ret_why) {
    struct qmon__redis_address address = {0};
    size_t bytes = strlen(url);
    int r;

    if (bytes > QMON__REDIS_URL_BYTES_MAX)
        return refuse(ret_why, "is too long");
    r = parse(&address, (struct part){url, url + bytes}, ret_why);
    if (r < 0) {
        qmon__redis_address_clear(&address);
        return r;
    }
    qmon__redis_address_show(&address);
    *ret_address = address;
    return 0;
}
