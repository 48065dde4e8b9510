/*
 * elf_debug.c: debug information that lives in other files. Found by build id, then by the name that the file gives; believed
 * only when its build id, or its checksum, is the one asked for. Nothing is fetched from anywhere but from servers that the
 * operator has named (debuginfod.h).
 */
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>

#include "debuginfod.h"
#include "elf_file.h"

#define DEBUG_ROOT "/usr/lib/debug"
#define PATH_BYTES 4096
#define CHECKSUM_BYTES_MAX (128ull << 20)
#define MINI_BYTES_MAX (64ull << 20)
#define MINI_MEMORY_MAX (128ull << 20)

static bool same_build_id(const struct qmon__elf *elf, const char *build_id) {
    return *build_id && !strcmp(elf->build_id, build_id);
}

static struct qmon__elf *open_if(const char *path, const char *build_id) {
    struct qmon__elf *elf;
    if (qmon__elf_open(path, &elf) < 0)
        return NULL;
    if (same_build_id(elf, build_id))
        return elf;
    qmon__elf_close(elf);
    return NULL;
}

static struct qmon__elf *open_by_build_id(const char *prefix, const char *build_id, char *ret_path, size_t bytes) {
    if (strlen(build_id) < 4)
        return NULL;
    int length = snprintf(ret_path, bytes, "%s" DEBUG_ROOT "/.build-id/%.2s/%s.debug", prefix, build_id, build_id + 2);
    return length > 0 && (size_t) length < bytes ? open_if(ret_path, build_id) : NULL;
}

static uint32_t checksum(const unsigned char *at, size_t bytes) {
    static uint32_t table[256];
    if (!table[1])
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t value = i;
            for (int bit = 0; bit < 8; bit++)
                value = value & 1 ? 0xedb88320u ^ (value >> 1) : value >> 1;
            table[i] = value;
        }
    uint32_t sum = UINT32_MAX;
    for (size_t i = 0; i < bytes; i++)
        sum = table[(sum ^ at[i]) & 0xff] ^ (sum >> 8);
    return ~sum;
}

/* By name: with build ids on both sides they decide, else the checksum does. */
static struct qmon__elf *open_linked(const char *path, const struct qmon__elf *elf, uint32_t wanted) {
    struct qmon__elf *debug;
    if (qmon__elf_open(path, &debug) < 0)
        return NULL;
    bool self = debug->device == elf->device && debug->inode == elf->inode;
    bool good = *elf->build_id && *debug->build_id
                    ? same_build_id(debug, elf->build_id)
                    : debug->bytes <= CHECKSUM_BYTES_MAX && checksum(debug->image, debug->bytes) == wanted;
    if (good && !self)
        return debug;
    qmon__elf_close(debug);
    return NULL;
}

struct qmon__elf *qmon__debug_file_open(struct qmon__elf *elf, const struct qmon__places_to_look *where, char *ret_path,
                                        size_t path_bytes) {
    struct qmon__elf *debug = open_by_build_id(where->prefix, elf->build_id, ret_path, path_bytes);
    struct qmon__bytes link = qmon__elf_section(elf, ".gnu_debuglink");
    struct qmon__cursor cursor = qmon__cursor_at(link, 0);
    const char *name = qmon__cursor_string(&cursor);
    if (debug || !name || !*name || strchr(name, '/'))
        return debug;
    qmon__cursor_skip(&cursor, (4 - (size_t) (cursor.at - link.at) % 4) % 4);
    uint32_t wanted = qmon__cursor_u32(&cursor);
    const char *slash = strrchr(where->path, '/');
    if (cursor.bad || !slash)
        return NULL;
    static const char *const around[][2] = {{"", ""}, {"", "/.debug"}, {DEBUG_ROOT, ""}};
    for (size_t i = 0; i < sizeof around / sizeof *around && !debug; i++) {
        int length = snprintf(ret_path, path_bytes, "%s%s%.*s%s/%s", where->prefix, around[i][0],
                              (int) (slash - where->path), where->path, around[i][1], name);
        if (length > 0 && (size_t) length < path_bytes)
            debug = open_linked(ret_path, elf, wanted);
    }
    return debug;
}

struct qmon__elf *qmon__debug_file_fetch(struct qmon__elf *elf, const struct qmon__budget *budget, char *ret_path,
                                         size_t path_bytes) {
    return qmon__debuginfod_find(elf->build_id, budget, ret_path, path_bytes) ? open_if(ret_path, elf->build_id) : NULL;
}

static void hex(struct qmon__bytes bytes, char ret_text[QMON__BUILD_ID_TEXT]) {
    *ret_text = '\0';
    for (size_t i = 0; i < bytes.count && i < QMON__BUILD_ID_TEXT / 2; i++)
        snprintf(ret_text + 2 * i, 3, "%02x", bytes.at[i]);
}

struct qmon__elf *qmon__debug_alternate_open(struct qmon__elf *debug, const char *debug_path, const char *prefix) {
    struct qmon__bytes link = qmon__elf_section(debug, ".gnu_debugaltlink");
    struct qmon__cursor cursor = qmon__cursor_at(link, 0);
    const char *name = qmon__cursor_string(&cursor);
    if (!name || !*name)
        return NULL;
    char build_id[QMON__BUILD_ID_TEXT], path[PATH_BYTES];
    hex((struct qmon__bytes){cursor.at, qmon__cursor_left(&cursor)}, build_id);
    struct qmon__elf *found = open_by_build_id(prefix, build_id, path, sizeof path);
    if (found)
        return found;
    const char *slash = strrchr(debug_path, '/');
    int length = *name == '/' ? snprintf(path, sizeof path, "%s%s", prefix, name)
                              : snprintf(path, sizeof path, "%.*s/%s", slash ? (int) (slash - debug_path) : 0,
                                         slash ? debug_path : "", name);
    return length > 0 && (size_t) length < sizeof path ? open_if(path, build_id) : NULL;
}

struct qmon__elf *qmon__debug_mini_open(struct qmon__elf *elf) {
    struct qmon__bytes packed = qmon__elf_section(elf, ".gnu_debugdata");
    struct qmon__elf *mini = NULL;
    for (size_t room = packed.count * 8; room && room <= MINI_BYTES_MAX; room *= 4) {
        uint64_t memory = MINI_MEMORY_MAX;
        size_t in = 0, out = 0;
        unsigned char *image = malloc(room);
        if (!image)
            return NULL;
        lzma_ret result = lzma_stream_buffer_decode(&memory, 0, NULL, packed.at, &in, packed.count, image, &out, room);
        if (result == LZMA_OK)
            return qmon__elf_open_image(image, out, &mini) ? NULL : mini;
        free(image);
        if (result != LZMA_BUF_ERROR)
            return NULL;
    }
    return NULL;
}
