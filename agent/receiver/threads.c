/*
 * Stacks of stopped threads, by libunwind from outside.
 *
 * libunwind's ptrace accessors fetch a word at a time with a system call each; here memory comes in whole pages through
 * process_vm_readv, kept for all threads of the process, which stand still meanwhile. One address space serves all
 * threads, so that what was found out about a place in the code is found out once.
 */
#include "threads.h"

#include <errno.h>
#include <libunwind-ptrace.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "moment.h"

#define PAGE_BYTES 4096u
#define PAGES 256u
#define FRAMES 128u
#define FULL_STACKS 512u

struct page {
    uint64_t address; /* 0: none */
    unsigned char bytes[PAGE_BYTES];
};

static struct {
    pid_t pid;
    struct page *pages;
} memory;

static const unsigned char *page_at(uint64_t address) {
    struct page *page = &memory.pages[(address / PAGE_BYTES) % PAGES];
    if (page->address == address)
        return page->bytes;
    struct iovec to = {page->bytes, PAGE_BYTES}, from = {(void *) (uintptr_t) address, PAGE_BYTES};
    page->address = 0;
    if (address == 0 || process_vm_readv(memory.pid, &to, 1, &from, 1, 0) != (ssize_t) PAGE_BYTES)
        return NULL;
    page->address = address;
    return page->bytes;
}

static int read_memory(unw_addr_space_t space, unw_word_t address, unw_word_t *value, int write, void *argument) {
    (void) space;
    (void) argument;
    unsigned char *to = (unsigned char *) value;
    if (write != 0)
        return -UNW_EINVAL;
    for (size_t done = 0; done < sizeof *value;) {
        const size_t offset = (address + done) % PAGE_BYTES, room = PAGE_BYTES - offset;
        const size_t count = room < sizeof *value - done ? room : sizeof *value - done;
        const unsigned char *page = page_at(address + done - offset);
        if (page == NULL)
            return -UNW_EINVAL;
        memcpy(to + done, page + offset, count);
        done += count;
    }
    return 0;
}

static const char *state_words(char state) {
    switch (state) {
    case 'R':
        return "running";
    case 'S':
        return "sleeping";
    case 'D':
        return "waiting in the kernel";
    case 'T':
    case 't':
        return "stopped";
    case 'Z':
    case 'X':
        return "ended";
    default:
        return NULL;
    }
}

static size_t unwind(unw_addr_space_t space, pid_t tid, uint64_t until_ms, uint64_t *ret_frames) {
    unw_cursor_t cursor;
    size_t count = 0;
    void *access = _UPT_create(tid);
    if (access == NULL)
        return 0;
    if (unw_init_remote(&cursor, space, access) == 0)
        while (count < FRAMES) {
            unw_word_t pc;
            if (unw_get_reg(&cursor, UNW_REG_IP, &pc) != 0 || pc == 0)
                break;
            ret_frames[count++] = pc;
            if (unw_step(&cursor) <= 0 || qmon__now_monotonic_ms() >= until_ms)
                break;
        }
    _UPT_destroy(access);
    return count;
}

static void add_thread(struct qmon_event *event, const struct qmon__stopped *stopped, const uint64_t *frames,
                       size_t count) {
    struct qmon_thread *thread = &event->threads[event->thread_count];
    memset(thread, 0, sizeof *thread);
    thread->tid = (uint32_t) stopped->tid;
    thread->name = stopped->name[0] != '\0' ? qmon_event_text(event, stopped->name) : NULL;
    thread->state = state_words(stopped->state);
    if (stopped->error == ETIMEDOUT)
        thread->unwind_note = "it did not stop in time";
    else if (stopped->error != 0)
        thread->unwind_note = "it could not be stopped";
    else if (count == FRAMES)
        thread->unwind_note = "its stack is deeper than what is kept of threads that did not crash";
    thread->frames = qmon_event_alloc(event, (count + 1) * sizeof *thread->frames);
    if (thread->frames == NULL)
        return;
    for (size_t i = 0; i < count; i++)
        thread->frames[i] = (struct qmon_frame){.index = (uint32_t) i, .pc = frames[i], .exact = i == 0};
    thread->frame_count = count;
    event->thread_count++;
}

static void unwind_all(struct qmon_event *event, const struct qmon__stopped *stopped, size_t count, uint64_t until_ms) {
    unw_accessors_t accessors = _UPT_accessors;
    accessors.access_mem = read_memory;
    unw_addr_space_t space = unw_create_addr_space(&accessors, 0);
    uint64_t frames[FRAMES];
    size_t left_out = 0;
    if (space == NULL)
        return;
    unw_set_caching_policy(space, UNW_CACHE_GLOBAL);
    for (size_t i = 0; i < count; i++) {
        const bool in_time = i < FULL_STACKS && qmon__now_monotonic_ms() < until_ms;
        const size_t found = stopped[i].error == 0 && in_time ? unwind(space, stopped[i].tid, until_ms, frames) : 0;
        left_out += !in_time;
        if (in_time)
            add_thread(event, &stopped[i], frames, found);
    }
    unw_destroy_addr_space(space);
    if (left_out > 0)
        qmon_event_note(event, "%zu more threads are left out: there was no time to look at them", left_out);
}

/* Room for one thread and up to `count` more. */
static bool make_room(struct qmon_event *event, size_t count) {
    struct qmon_thread *threads = qmon_event_alloc(event, (event->thread_count + count + 1) * sizeof *threads);
    if (threads == NULL)
        return false;
    if (event->thread_count > 0)
        memcpy(threads, event->threads, event->thread_count * sizeof *threads);
    event->threads = threads;
    return true;
}

void qmon__add_other_threads(struct qmon_event *event, uint32_t pid, uint32_t crashed_tid, uint64_t until_ms) {
    struct qmon__stopped *stopped = calloc(QMON__THREADS_LIMIT, sizeof *stopped);
    size_t total = 0;
    memory.pid = (pid_t) pid;
    memory.pages = calloc(PAGES, sizeof *memory.pages);
    if (stopped != NULL && memory.pages != NULL) {
        const size_t count = qmon__stop_threads(pid, crashed_tid, stopped, QMON__THREADS_LIMIT, until_ms, &total);
        if (count > 0 && stopped[0].error == EPERM)
            qmon_event_note(event, "%zu other threads are not shown: the kernel refuses ptrace of this process", total);
        else if (count > 0 && make_room(event, count))
            unwind_all(event, stopped, count, until_ms);
        qmon__release_threads(stopped, count);
    }
    free(memory.pages);
    memory.pages = NULL;
    free(stopped);
}
