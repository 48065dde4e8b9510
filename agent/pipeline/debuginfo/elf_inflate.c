/*
 * elf_inflate.c: compressed sections. zlib is linked. zstd, which compilers and packagers have begun to use, is loaded where the
 * machine has it (what is called is of its stable interface): nobody needs a package more for files that have none, and libelf
 * knows zstd only from 0.189 on.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <zlib.h>

#include "elf_file.h"

#ifndef ELFCOMPRESS_ZSTD
#define ELFCOMPRESS_ZSTD 2
#endif
#define ZSTD_LIBRARY "libzstd.so.1"
#define OLD_HEAD_BYTES 12u
#define ZLIB_RATIO_MAX 1100u  /* its best is 1032 to one */
#define ZSTD_RATIO_MAX 40000u /* a block of 128 KB can be 4 bytes */

struct qmon__inflated {
    struct qmon__inflated *next;
    const unsigned char *packed; /* where it was in the file */
    size_t bytes;
    unsigned char *contents; /* mapped */
};

struct promise {
    uint32_t method;
    uint64_t bytes;
    struct qmon__bytes packed; /* behind the head */
};

/* How a section says that it is compressed, and how large it is then. The old way: "ZLIB", and the size with its big end first. */
static bool read_promise(struct qmon__bytes section, bool was_renamed, struct promise *ret_promise) {
    size_t head = OLD_HEAD_BYTES;
    ret_promise->method = ELFCOMPRESS_ZLIB;
    ret_promise->bytes = 0;
    if (was_renamed) {
        if (section.count < head || memcmp(section.at, "ZLIB", 4) != 0)
            return false;
        for (size_t i = 4; i < head; i++)
            ret_promise->bytes = ret_promise->bytes << 8 | section.at[i];
    } else {
        Elf64_Chdr header;
        head = sizeof header;
        if (section.count < head)
            return false;
        memcpy(&header, section.at, head);
        ret_promise->method = header.ch_type;
        ret_promise->bytes = header.ch_size;
    }
    ret_promise->packed = (struct qmon__bytes){section.at + head, section.count - head};
    return true;
}

static bool inflate_zlib(unsigned char *to, size_t bytes, struct qmon__bytes packed) {
    uLongf made = bytes;
    return uncompress(to, &made, packed.at, packed.count) == Z_OK && made == bytes;
}

static struct {
    bool sought;
    size_t (*decompress)(void *to, size_t room, const void *from, size_t bytes);
} zstd;

static bool has_zstd(void) {
    if (!zstd.sought) {
        void *handle = dlopen(ZSTD_LIBRARY, RTLD_LAZY | RTLD_LOCAL);
        void *const function = handle ? dlsym(handle, "ZSTD_decompress") : NULL;
        memcpy(&zstd.decompress, &function, sizeof function);
        zstd.sought = true;
    }
    return zstd.decompress != NULL;
}

/* What was promised cannot be refused for its size, nor come out of too little. */
static bool may_inflate(struct qmon__elf *elf, const struct promise *promise) {
    uint64_t ratio = promise->method == ELFCOMPRESS_ZLIB ? ZLIB_RATIO_MAX : ZSTD_RATIO_MAX;
    if (!promise->bytes || promise->bytes / ratio > promise->packed.count)
        return false;
    if (promise->method != ELFCOMPRESS_ZLIB && promise->method != ELFCOMPRESS_ZSTD)
        elf->unreadable = "is compressed in a way that is not known here";
    else if (promise->method == ELFCOMPRESS_ZSTD && !has_zstd())
        elf->unreadable = "is compressed with zstd, and " ZSTD_LIBRARY " is not installed";
    else if (promise->bytes > elf->inflate_max)
        elf->too_large = true;
    else
        return true;
    return false;
}

/* Room in huge pages where the kernel has them: touching 80 MB page by page takes as long as zstd needs to fill it. */
static unsigned char *make_room(size_t bytes) {
    void *room = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED)
        return NULL;
    madvise(room, bytes, MADV_HUGEPAGE);
    return room;
}

static bool inflate_into(unsigned char *to, const struct promise *promise) {
    if (promise->method == ELFCOMPRESS_ZLIB)
        return inflate_zlib(to, promise->bytes, promise->packed);
    /* errors are numbers near the largest, so none of them is the size that is expected */
    return zstd.decompress(to, promise->bytes, promise->packed.at, promise->packed.count) == promise->bytes;
}

struct qmon__bytes qmon__elf_inflate(struct qmon__elf *elf, struct qmon__bytes packed, bool was_renamed) {
    struct promise promise;
    for (const struct qmon__inflated *known = elf->inflated; known; known = known->next)
        if (known->packed == packed.at)
            return (struct qmon__bytes){known->contents, known->bytes};
    if (!packed.at || !read_promise(packed, was_renamed, &promise) || !may_inflate(elf, &promise))
        return (struct qmon__bytes){0};
    struct qmon__inflated *made = malloc(sizeof *made);
    unsigned char *contents = made ? make_room(promise.bytes) : NULL;
    if (!contents || !inflate_into(contents, &promise)) {
        if (contents)
            munmap(contents, promise.bytes);
        free(made);
        return (struct qmon__bytes){0};
    }
    *made = (struct qmon__inflated){elf->inflated, packed.at, promise.bytes, contents};
    elf->inflated = made;
    return (struct qmon__bytes){contents, promise.bytes};
}

void qmon__elf_free_inflated(struct qmon__elf *elf) {
    for (struct qmon__inflated *inflated = elf->inflated, *next; inflated; inflated = next) {
        next = inflated->next;
        munmap(inflated->contents, inflated->bytes);
        free(inflated);
    }
    elf->inflated = NULL;
}
