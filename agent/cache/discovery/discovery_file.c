/* discovery_file.c: the place, remembered in the state directory, so that a crash never waits for AWS. */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "discovery.h"

#define FILE_BYTES_MAX 4096

static const char *text(struct json_object *object, const char *name) {
    struct json_object *value;

    return json_object_object_get_ex(object, name, &value) && json_object_is_type(value, json_type_string)
               ? json_object_get_string(value)
               : "";
}

static uint64_t number(struct json_object *object, const char *name) {
    struct json_object *value;
    int64_t found = json_object_object_get_ex(object, name, &value) && json_object_is_type(value, json_type_int)
                        ? json_object_get_int64(value)
                        : 0;

    return found > 0 ? (uint64_t) found : 0;
}

static void take(struct json_object *object, struct qmon__place *place) {
    uint64_t port = number(object, "port");

    if (strlen(text(object, "where")) < sizeof place->where && port <= UINT16_MAX) {
        strcpy(place->where, text(object, "where"));
        place->port = (uint16_t) port;
        place->found_ms = number(object, "found_ms");
    }
    place->tried_ms = number(object, "tried_ms");
    snprintf(place->problem, sizeof place->problem, "%s", text(object, "problem"));
}

void qmon__place_read(const char *path, struct qmon__place *ret_place) {
    char data[FILE_BYTES_MAX];
    int fd = path[0] != '\0' ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
    struct json_object *object;
    ssize_t bytes;

    memset(ret_place, 0, sizeof *ret_place);
    if (fd < 0)
        return;
    bytes = read(fd, data, sizeof data - 1);
    close(fd);
    if (bytes <= 0)
        return;
    data[bytes] = '\0';
    object = json_tokener_parse(data);
    if (json_object_is_type(object, json_type_object))
        take(object, ret_place);
    json_object_put(object);
}

static struct json_object *object_of(const struct qmon__place *place) {
    struct json_object *object = json_object_new_object();

    json_object_object_add(object, "where", json_object_new_string(place->where));
    json_object_object_add(object, "port", json_object_new_int(place->port));
    json_object_object_add(object, "found_ms", json_object_new_int64((int64_t) place->found_ms));
    json_object_object_add(object, "tried_ms", json_object_new_int64((int64_t) place->tried_ms));
    json_object_object_add(object, "problem", json_object_new_string(place->problem));
    return object;
}

static int write_all(const char *path, const char *data, size_t bytes) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    ssize_t written;

    if (fd < 0)
        return -errno;
    written = write(fd, data, bytes);
    if (close(fd) < 0 || written != (ssize_t) bytes)
        return -EIO;
    return 0;
}

int qmon__place_write(const char *path, const struct qmon__place *place) {
    struct json_object *object = object_of(place);
    const char *data = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN);
    char temporary[4096 + 32];
    int r;

    snprintf(temporary, sizeof temporary, "%s.%ld", path, (long) getpid());
    r = path[0] == '\0' ? -ENOENT : write_all(temporary, data, strlen(data));
    if (r == 0 && rename(temporary, path) < 0)
        r = -errno;
    if (r < 0 && path[0] != '\0')
        unlink(temporary);
    json_object_put(object);
    return r;
}
