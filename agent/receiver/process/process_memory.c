#include "process_memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "procfs.h"

#define PAGE_BYTES 4096u
#define PAGES 512u
#define MAPS_LIMIT (8u * 1024 * 1024)

struct page {
    uint64_t address; /* 0: none */
    unsigned char bytes[PAGE_BYTES];
};

struct mapping {
    uint64_t start, end;
    bool executable;
};

struct qmon__memory {
    pid_t pid;
    int refusal;
    size_t mapping_count;
    struct mapping *mappings; /* as the kernel lists them: by address */
    struct page pages[PAGES];
};

static bool parse_mapping(const char *line, struct mapping *ret_mapping) {
    char *end;
    ret_mapping->start = strtoull(line, &end, 16);
    if (*end != '-')
        return false;
    ret_mapping->end = strtoull(end + 1, &end, 16);
    if (end[0] != ' ' || strnlen(end, 5) < 5 || ret_mapping->end <= ret_mapping->start)
        return false;
    ret_mapping->executable = end[3] == 'x';
    return true;
}

static void take_mappings(struct qmon__memory *memory, const char *maps) {
    size_t lines = 1;
    for (const char *at = maps; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    memory->mappings = calloc(lines, sizeof *memory->mappings);
    while (memory->mappings != NULL && *maps != '\0' && memory->mapping_count < lines) {
        memory->mapping_count += parse_mapping(maps, &memory->mappings[memory->mapping_count]);
        const char *newline = strchrnul(maps, '\n');
        maps = newline + (*newline == '\n');
    }
}

struct qmon__memory *qmon__memory_open(uint32_t pid) {
    struct qmon__memory *memory = calloc(1, sizeof *memory);
    size_t bytes;
    if (memory == NULL)
        return NULL;
    memory->pid = (pid_t) pid;
    char *maps = qmon__proc_read_all(pid, "maps", MAPS_LIMIT, &bytes);
    if (maps != NULL)
        take_mappings(memory, maps);
    free(maps);
    return memory;
}

void qmon__memory_close(struct qmon__memory *memory) {
    if (memory == NULL)
        return;
    free(memory->mappings);
    free(memory);
}

static bool looks_away, reads_nothing;

static bool can_read(void) {
    char byte = 0, copy;
    const struct iovec here = {&copy, 1}, there = {&byte, 1};
    const pid_t child = fork();
    int status;
    if (child == 0)
        _exit(process_vm_readv(getpid(), &here, 1, &there, 1, 0) == 1 ? 0 : 1);
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

void qmon__memory_look_away(void) {
    looks_away = true;
    reads_nothing = !can_read();
}

bool qmon__memory_may_stop(void) {
    return !looks_away;
}

ssize_t qmon__memory_copy(pid_t pid, uint64_t address, void *to, size_t bytes) {
    const struct iovec here = {to, bytes}, there = {(void *) (uintptr_t) address, bytes};
    if (!reads_nothing)
        return process_vm_readv(pid, &here, 1, &there, 1, 0);
    errno = EPERM;
    return -1;
}

static const unsigned char *page_at(struct qmon__memory *memory, uint64_t address) {
    struct page *page = &memory->pages[(address / PAGE_BYTES) % PAGES];
    if (page->address == address && address != 0)
        return page->bytes;
    page->address = 0;
    if (address == 0)
        return NULL;
    if (qmon__memory_copy(memory->pid, address, page->bytes, PAGE_BYTES) != (ssize_t) PAGE_BYTES) {
        if (errno == EPERM || errno == ESRCH || errno == ENOSYS)
            memory->refusal = -errno;
        return NULL;
    }
    page->address = address;
    return page->bytes;
}

bool qmon__memory_read(struct qmon__memory *memory, uint64_t address, void *to, size_t bytes) {
    unsigned char *at = to;
    if (address + bytes < address)
        return false;
    for (size_t done = 0; done < bytes;) {
        const size_t offset = (size_t) ((address + done) % PAGE_BYTES), room = PAGE_BYTES - offset;
        const size_t count = room < bytes - done ? room : bytes - done;
        const unsigned char *page = page_at(memory, address + done - offset);
        if (page == NULL)
            return false;
        memcpy(at + done, page + offset, count);
        done += count;
    }
    return true;
}

int qmon__memory_refusal(const struct qmon__memory *memory) {
    return memory->refusal;
}

static const struct mapping *find_mapping(const struct qmon__memory *memory, uint64_t address) {
    size_t low = 0, high = memory->mapping_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (memory->mappings[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < memory->mapping_count && memory->mappings[low].start <= address ? &memory->mappings[low] : NULL;
}

bool qmon__memory_is_code(const struct qmon__memory *memory, uint64_t address) {
    const struct mapping *mapping = find_mapping(memory, address);
    return mapping != NULL && mapping->executable;
}

uint64_t qmon__memory_end(const struct qmon__memory *memory, uint64_t address) {
    const struct mapping *mapping = find_mapping(memory, address);
    return mapping != NULL ? mapping->end : 0;
}

uint64_t qmon__memory_start(const struct qmon__memory *memory, uint64_t address) {
    const struct mapping *mapping = find_mapping(memory, address);
    return mapping != NULL ? mapping->start : 0;
}

uint64_t qmon__memory_start_before(const struct qmon__memory *memory, uint64_t start) {
    const struct mapping *mapping = find_mapping(memory, start);
    return mapping != NULL && mapping > memory->mappings ? mapping[-1].start : 0;
}
