#include "redis_address.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void make_printable(char *text) {
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            *text = '?';
}

void qmon__redis_node_show(const struct qmon__redis_node *node, char *ret_text, size_t bytes) {
    bool numeric6 = strchr(node->host, ':') != NULL;

    snprintf(ret_text, bytes, "%s%.110s%s:%u", numeric6 ? "[" : "", node->host, numeric6 ? "]" : "", node->port);
    make_printable(ret_text);
}

void qmon__redis_address_show(struct qmon__redis_address *address) {
    char node[128];

    if (address->path != NULL) {
        snprintf(address->shown, sizeof address->shown, "%s", address->path);
        make_printable(address->shown);
        return;
    }
    qmon__redis_node_show(&address->nodes[0], node, sizeof node);
    if (address->sentinel)
        snprintf(address->shown, sizeof address->shown, "%.60s by the sentinel at %s", address->service, node);
    else
        snprintf(address->shown, sizeof address->shown, "%s", node);
    make_printable(address->shown);
}

static int set_if_empty(char **text, const char *otherwise) {
    char *copy;

    if (*text != NULL && ((*text)[0] != '\0' || otherwise[0] == '\0'))
        return 0;
    copy = strdup(otherwise);
    if (copy == NULL)
        return -ENOMEM;
    free(*text);
    *text = copy;
    return 0;
}

/* What the URL does not say. */
static int complete(struct qmon__redis_address *address, const struct qmon_config *config) {
    const struct {
        char **text;
        const char *otherwise;
    } texts[] = {
        {&address->sentinel_username, config->redis_sentinel_username},
        {&address->sentinel_password, config->redis_sentinel_password},
        {&address->tls_ca, config->redis_tls_ca},
        {&address->tls_certificate, config->redis_tls_cert},
        {&address->tls_key, config->redis_tls_key},
        {&address->tls_name, config->redis_tls_name},
    };
    int r = 0;

    if (address->password == NULL || address->password[0] == '\0') /* a password goes with its own user */
        r = set_if_empty(&address->username, config->redis_username);
    if (r == 0)
        r = set_if_empty(&address->password, config->redis_password);
    for (size_t i = 0; r == 0 && i < sizeof texts / sizeof texts[0]; i++)
        r = set_if_empty(texts[i].text, texts[i].otherwise);
    if (r == 0 && address->sentinel_password[0] == '\0') { /* the same for both is usual */
        r = set_if_empty(&address->sentinel_username, address->username);
        if (r == 0)
            r = set_if_empty(&address->sentinel_password, address->password);
    }
    return r;
}

static int set_host(struct qmon__redis_address *address, const char *host, uint16_t port, char *ret_why) {
    struct qmon__redis_node *node = &address->nodes[0];

    if (strlen(host) >= sizeof node->host) {
        snprintf(ret_why, QMON__REDIS_WHY_BYTES, "has a host name that is too long");
        return -EINVAL;
    }
    strcpy(node->host, host);
    node->port = port;
    address->node_count = 1;
    qmon__redis_address_show(address);
    return 0;
}

int qmon__redis_address_of(const struct qmon_config *config, struct qmon__redis_address *ret_address, char *ret_why) {
    struct qmon__redis_address address = {.tls = config->redis_tls};
    int r;

    if (config->redis_url[0] != '\0')
        r = qmon__redis_address_parse(config->redis_url, &address, ret_why);
    else if (config->redis_host[0] != '\0')
        r = set_host(&address, config->redis_host, (uint16_t) config->redis_port, ret_why);
    else
        return 1;
    if (r == 0)
        r = complete(&address, config);
    if (r == 0)
        *ret_address = address;
    else
        qmon__redis_address_clear(&address);
    return r;
}

int qmon__redis_address_without_place(const struct qmon_config *config, struct qmon__redis_address *ret_address) {
    struct qmon__redis_address address = {.tls = config->redis_tls};
    int r = complete(&address, config);

    if (r == 0)
        *ret_address = address;
    else
        qmon__redis_address_clear(&address);
    return r;
}

/* Takes a text over, where there is one. */
static void take(char **to, char **from) {
    if (*from == NULL || (*from)[0] == '\0')
        return;
    free(*to);
    *to = *from;
    *from = NULL;
}

int qmon__redis_address_point(struct qmon__redis_address *address, const char *where, uint16_t port, char *ret_why) {
    struct qmon__redis_address found;
    int r;

    if (strstr(where, "://") == NULL)
        return set_host(address, where, port, ret_why);
    r = qmon__redis_address_parse(where, &found, ret_why);
    if (r < 0)
        return r;
    if (found.password[0] != '\0') { /* it goes with its own user */
        free(address->username);
        address->username = found.username;
        found.username = NULL;
    }
    take(&address->password, &found.password);
    take(&address->path, &found.path);
    take(&address->service, &found.service);
    memcpy(address->nodes, found.nodes, sizeof found.nodes);
    address->node_count = found.node_count;
    address->tls = found.tls;
    address->sentinel = found.sentinel;
    address->database = found.database;
    qmon__redis_address_show(address);
    qmon__redis_address_clear(&found);
    return 0;
}

static void clear_secret(char *text) {
    if (text != NULL)
        explicit_bzero(text, strlen(text));
    free(text);
}

void qmon__redis_address_clear(struct qmon__redis_address *address) {
    free(address->path);
    free(address->service);
    free(address->username);
    free(address->sentinel_username);
    clear_secret(address->password);
    clear_secret(address->sentinel_password);
    free(address->tls_ca);
    free(address->tls_certificate);
    free(address->tls_key);
    free(address->tls_name);
    *address = (struct qmon__redis_address){0};
}
