/*
 * The kernel is asked, and not libc: a library that fakes the time for the program stands in for clock_gettime, and it is called too
 * early, before it has begun, where we call it at our start. The page with functions that the kernel maps into each process is
 * read by its symbols, since libc keeps the addresses for itself; by who reads the clock often, that is: a first call into it touches
 * pages, each of which costs as much as several system calls.
 */
#include "clock.h"

#include <elf.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>

#include "guard.h"
#include "sys.h"

#if defined(__x86_64__)
#define FUNCTION_NAME "__vdso_clock_gettime"
#elif defined(__aarch64__)
#define FUNCTION_NAME "__kernel_clock_gettime"
#endif

#define SYMBOLS_MOST 256u

typedef int (*clock_function)(clockid_t clock, struct timespec *ret_now);

#define READINGS_BY_CALL 16u /* most processes read it a few times, at their start and end */

static _Atomic uintptr_t kernel_page QMON__HOT;        /* 0: there is none, or it has been looked into */
static _Atomic(clock_function) kernel_clock QMON__HOT; /* NULL: none is known */
static _Atomic unsigned readings_left QMON__HOT;       /* by a system call */

/* The table of strings follows that of the symbols, whose number is nowhere. */
static clock_function function_of(uintptr_t bias, const ElfW(Sym) * symbols, const char *strings) {
    const size_t room = ((uintptr_t) strings - (uintptr_t) symbols) / sizeof *symbols;
    for (size_t i = 0; i < room && i < SYMBOLS_MOST; i++)
        if (symbols[i].st_shndx != SHN_UNDEF && ELF64_ST_TYPE(symbols[i].st_info) == STT_FUNC &&
            strcmp(strings + symbols[i].st_name, FUNCTION_NAME) == 0)
            return (clock_function) (bias + symbols[i].st_value);
    return NULL;
}

static clock_function look_into_page(uintptr_t head) {
    const ElfW(Ehdr) *elf = (const ElfW(Ehdr) *) head;
    const ElfW(Phdr) *headers = (const ElfW(Phdr) *) (head + elf->e_phoff);
    const ElfW(Dyn) *entry = NULL;
    uintptr_t bias = 0, symbols = 0, strings = 0;
    for (unsigned i = 0; i < elf->e_phnum; i++) {
        if (headers[i].p_type == PT_LOAD)
            bias = head + headers[i].p_offset - headers[i].p_vaddr;
        else if (headers[i].p_type == PT_DYNAMIC)
            entry = (const ElfW(Dyn) *) (head + headers[i].p_offset);
    }
    for (; entry != NULL && entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_SYMTAB)
            symbols = bias + entry->d_un.d_ptr;
        else if (entry->d_tag == DT_STRTAB)
            strings = bias + entry->d_un.d_ptr;
    }
    return symbols != 0 && strings > symbols ? function_of(bias, (const ElfW(Sym) *) symbols, (const char *) strings)
                                             : NULL;
}

void qmon__clock_start(void) {
    atomic_store_explicit(&kernel_page, getauxval(AT_SYSINFO_EHDR), memory_order_relaxed);
    atomic_store_explicit(&readings_left, READINGS_BY_CALL, memory_order_relaxed);
}

/* Threads that look at once find the same. */
static clock_function find_kernel_clock(void) {
    const uintptr_t page = atomic_load_explicit(&kernel_page, memory_order_acquire);
    if (page != 0) {
        atomic_store_explicit(&kernel_clock, look_into_page(page), memory_order_relaxed);
        atomic_store_explicit(&kernel_page, 0, memory_order_release);
    }
    return atomic_load_explicit(&kernel_clock, memory_order_relaxed);
}

struct reading {
    clockid_t clock;
    struct timespec now;
    bool read;
};

static void read_clock(void *argument) {
    struct reading *reading = argument;
    const clock_function function = find_kernel_clock();
    reading->read = function != NULL && function(reading->clock, &reading->now) == 0;
}

static void read_by_call(struct reading *reading) {
    reading->read = qmon__sys_2(SYS_clock_gettime, reading->clock, &reading->now) == 0;
}

static bool is_early(void) {
    const unsigned left = atomic_load_explicit(&readings_left, memory_order_relaxed);
    if (left > 0)
        atomic_store_explicit(&readings_left, left - 1, memory_order_relaxed);
    return left > 0;
}

static uint64_t clock_ns(clockid_t clock) {
    struct reading reading = {.clock = clock};
    if (!qmon__filters_seen()) {
        if (is_early())
            read_by_call(&reading);
        if (!reading.read)
            read_clock(&reading);
    } else if (!qmon__guarded(read_clock, &reading, 0)) { /* strict mode takes the time stamp counter away, too */
        reading.read = false;
    }
    if (!reading.read)
        read_by_call(&reading);
    return (uint64_t) reading.now.tv_sec * 1000000000u + (uint64_t) reading.now.tv_nsec;
}

uint64_t qmon__boot_ns(void) {
    return clock_ns(CLOCK_BOOTTIME);
}

uint64_t qmon__real_ns(void) {
    return clock_ns(CLOCK_REALTIME);
}
