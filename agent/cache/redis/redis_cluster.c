#include "redis_cluster.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* CRC-16/XMODEM, as the cluster's specification wants it. */
static uint16_t crc16(const char *text, size_t bytes) {
    uint16_t crc = 0;

    for (size_t i = 0; i < bytes; i++) {
        crc ^= (uint16_t) ((unsigned char) text[i] << 8);
        for (int bit = 0; bit < 8; bit++)
            crc = (uint16_t) (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1);
    }
    return crc;
}

unsigned qmon__redis_slot(const char *key) {
    const char *open = strchr(key, '{'), *close = open != NULL ? strchr(open, '}') : NULL;

    if (close != NULL && close > open + 1)
        return crc16(open + 1, (size_t) (close - open - 1)) % QMON__REDIS_SLOTS;
    return crc16(key, strlen(key)) % QMON__REDIS_SLOTS;
}

/* "host:port" of so many bytes; an address of IPv6 has colons itself. */
static bool read_node(const char *text, size_t bytes, struct qmon__redis_node *ret_node) {
    const char *colon = bytes > 0 ? memrchr(text, ':', bytes) : NULL;
    char digits[8], *end;
    size_t host_bytes;
    unsigned long port;

    if (colon == NULL)
        return false;
    host_bytes = (size_t) (colon - text);
    snprintf(digits, sizeof digits, "%.*s", (int) (bytes - host_bytes - 1), colon + 1);
    port = strtoul(digits, &end, 10);
    if (port == 0 || port > UINT16_MAX || *end != '\0' || host_bytes >= sizeof ret_node->host ||
        memchr(text, ' ', bytes) != NULL)
        return false;
    memcpy(ret_node->host, text, host_bytes);
    ret_node->host[host_bytes] = '\0';
    ret_node->port = (uint16_t) port;
    return true;
}

bool qmon__redis_redirection(const char *text, const struct qmon__redis_node *asked, bool *ret_ask,
                             struct qmon__redis_node *ret_node) {
    struct qmon__redis_node node;
    const char *at;

    text += *text == '-';
    *ret_ask = strncmp(text, "ASK ", 4) == 0;
    if (!*ret_ask && strncmp(text, "MOVED ", 6) != 0)
        return false;
    at = strrchr(text, ' ');
    if (!read_node(at + 1, strlen(at + 1), &node) || strcmp(node.host, "?") == 0)
        return false;
    if (node.host[0] == '\0')
        strcpy(node.host, asked->host);
    *ret_node = node;
    return true;
}

/* "ip:port@bus[,name[,...]]" */
static bool read_place(char *text, bool names, struct qmon__redis_node *ret_node) {
    char *name = strchr(text, ',');
    size_t bytes = strcspn(text, "@,");

    if (!read_node(text, bytes, ret_node))
        return false;
    if (names && name != NULL) {
        name++;
        name[strcspn(name, ",")] = '\0';
        if (name[0] != '\0' && strchr(name, '=') == NULL && strlen(name) < sizeof ret_node->host)
            strcpy(ret_node->host, name);
    }
    return ret_node->host[0] != '\0';
}

static void read_ranges(char *rest, struct qmon__redis_range *range,
                        void (*found)(void *, const struct qmon__redis_range *), void *context) {
    char *word;

    while ((word = strsep(&rest, " ")) != NULL) {
        int fields = sscanf(word, "%u-%u", &range->first, &range->last); /* "[93-<-...]", being moved, is neither */
        if (fields == 1)
            range->last = range->first;
        if (fields >= 1 && range->first <= range->last && range->last < QMON__REDIS_SLOTS)
            found(context, range);
    }
}

/* id place flags master ping pong epoch link ranges... */
static void read_line(char *line, bool names, void (*found)(void *, const struct qmon__redis_range *), void *context) {
    struct qmon__redis_range range = {.first = 1, .last = 0};
    char *words[8], *rest = line;
    size_t count = 0;

    while (count < 8 && rest != NULL)
        words[count++] = strsep(&rest, " ");
    if (count < 8 || strstr(words[2], "fail") != NULL || strstr(words[2], "noaddr") != NULL ||
        strstr(words[2], "handshake") != NULL || !read_place(words[1], names, &range.node))
        return;
    range.master = strstr(words[2], "master") != NULL;
    found(context, &range);
    if (range.master && rest != NULL)
        read_ranges(rest, &range, found, context);
}

void qmon__redis_read_nodes(const char *text, bool names, void (*found)(void *, const struct qmon__redis_range *),
                            void *context) {
    char *copy = strdup(text), *rest = copy, *line;

    while (rest != NULL && (line = strsep(&rest, "\n")) != NULL) {
        line[strcspn(line, "\r")] = '\0';
        read_line(line, names, found, context);
    }
    free(copy);
}
