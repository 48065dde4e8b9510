#include "go_runtime.h"

#include <link.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>

#include "agent.h"
#include "guard.h"
#include "machine.h"
#include "signals.h"
#include "thread.h"

#define MODULE_BYTES (1024ul << 20) /* from a handler down to the head of its module, at the most */
#define DATA_BYTES (16ul << 20)     /* of a module's data that are searched */
#define STACK_BYTES (16ul << 20)    /* more is not taken for a thread's own stack */

/* Faults that Go turns into panics. */
#define PANICS (QMON__SIGNAL_BIT(SIGSEGV) | QMON__SIGNAL_BIT(SIGBUS) | QMON__SIGNAL_BIT(SIGFPE))

static _Atomic qmon__sigset handled;          /* by Go */
static _Atomic qmon__sigset passed QMON__HOT; /* by Go to a handler that was there before it */

/* The linker of Go puts this into every program, for `go version`. */
static const unsigned char build_information[] = "\xff Go buildinf:";

struct search {
    uintptr_t from;
    const ElfW(Ehdr) * head;
    bool found;
};

/* The module's first page, by its magic: no lock of the loader's is taken. */
static void find_head(void *argument) {
    struct search *search = argument;
    const unsigned char *at = (const unsigned char *) search->from;
    if (memcmp(at, ELFMAG, SELFMAG) == 0)
        search->head = (const ElfW(Ehdr) *) at;
}

static bool has_note(const ElfW(Phdr) * header, uintptr_t bias) {
    const unsigned char *at = (const unsigned char *) (bias + header->p_vaddr), *end = at + header->p_memsz;
    while (at + sizeof(ElfW(Nhdr)) + 4 <= end) {
        const ElfW(Nhdr) *note = (const ElfW(Nhdr) *) at;
        if (note->n_namesz == 4 && memcmp(note + 1, "Go", 3) == 0)
            return true;
        at += sizeof *note + ((note->n_namesz + 3u) & ~3ul) + ((note->n_descsz + 3u) & ~3ul);
    }
    return false;
}

static bool has_build_information(const ElfW(Phdr) * header, uintptr_t bias) {
    const size_t bytes = header->p_filesz < DATA_BYTES ? header->p_filesz : DATA_BYTES;
    const uintptr_t start = (bias + header->p_vaddr + 15) & ~(uintptr_t) 15;
    for (uintptr_t at = start; at + sizeof build_information <= start + bytes; at += 16)
        if (memcmp((const void *) at, build_information, sizeof build_information - 1) == 0)
            return true;
    return false;
}

static void look_into_module(void *argument) {
    struct search *search = argument;
    const uintptr_t head = (uintptr_t) search->head;
    const ElfW(Phdr) *headers = (const ElfW(Phdr) *) (head + search->head->e_phoff);
    uintptr_t bias = 0;
    for (unsigned i = 0; i < search->head->e_phnum; i++)
        if (headers[i].p_type == PT_LOAD && headers[i].p_offset == 0)
            bias = head - headers[i].p_vaddr;
    for (unsigned i = 0; i < search->head->e_phnum && !search->found; i++)
        search->found = (headers[i].p_type == PT_NOTE && has_note(&headers[i], bias)) ||
                        (headers[i].p_type == PT_LOAD && (headers[i].p_flags & PF_W) != 0 &&
                         has_build_information(&headers[i], bias));
}

static bool is_in_go(uintptr_t address) {
    const uintptr_t page = qmon__agent.page_bytes, low = address > MODULE_BYTES ? address - MODULE_BYTES : page;
    struct search search = {.from = address & ~(page - 1)};
    while (search.from >= low && search.head == NULL) {
        if (!qmon__guarded(find_head, &search, 0))
            return false;
        search.from -= page;
    }
    if (search.head == NULL || !qmon__guarded(look_into_module, &search, 0) || !search.found)
        return false;
    if ((uintptr_t) search.head == (getauxval(AT_PHDR) & ~(page - 1)) && qmon__is_owner())
        qmon__agent.record->process.flags |= QMON_PROCESS_ENDS_RAW;
    return true;
}

/* What all of Go's handlers are set with at first; hardly anybody else's. C code may set them again, without SA_RESTART. */
static bool looks_like_go(const struct qmon__kernel_action *action) {
    const unsigned long flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    const qmon__sigset all =
        ~(QMON__SIGNAL_BIT(SIGKILL) | QMON__SIGNAL_BIT(SIGSTOP) | QMON__SIGNAL_BIT(32) | QMON__SIGNAL_BIT(33));
    return (action->flags & ~QMON__SA_RESTORER) == flags && (action->mask & all) == all;
}

static _Atomic uintptr_t known QMON__HOT; /* Go's handler, which is the same for all signals; 0 there is none */

static bool is_go(const struct qmon__kernel_action *action) {
    static _Atomic uintptr_t others;
    const uintptr_t handler = (uintptr_t) action->handler;
    if (handler == 0)
        return false;
    if (handler == atomic_load_explicit(&known, memory_order_relaxed))
        return true;
    if (!looks_like_go(action) || handler == atomic_load_explicit(&others, memory_order_relaxed))
        return false;
    const bool is = is_in_go(handler);
    atomic_store_explicit(is ? &known : &others, handler, memory_order_relaxed);
    return is;
}

bool qmon__go_is_present(void) {
    return atomic_load_explicit(&known, memory_order_relaxed) != 0;
}

void qmon__go_note(int signal, const struct qmon__kernel_action *action, const struct qmon__kernel_action *old) {
    const qmon__sigset bit = QMON__SIGNAL_BIT(signal);
    if (!is_go(action)) {
        if (qmon__go_handles(signal))
            atomic_fetch_and_explicit(&handled, ~bit, memory_order_relaxed);
        return;
    }
    if (!qmon__go_handles(signal) && old->handler != (void *) SIG_DFL && old->handler != (void *) SIG_IGN)
        atomic_fetch_or_explicit(&passed, bit, memory_order_relaxed);
    atomic_fetch_or_explicit(&handled, bit, memory_order_relaxed);
}

bool qmon__go_handles(int signal) {
    return (atomic_load_explicit(&handled, memory_order_relaxed) & QMON__SIGNAL_BIT(signal)) != 0;
}

bool qmon__go_ends(int signal, const siginfo_t *info, const ucontext_t *context) {
    const qmon__sigset bit = QMON__SIGNAL_BIT(signal);
    const uintptr_t sp = qmon__stack_pointer(context), top = qmon__thread.stack_top;
    if (signal == SIGABRT && qmon__thread.aborting)
        return qmon__go_handles(signal);
    return info->si_code > 0 && (PANICS & bit) != 0 &&
           (atomic_load_explicit(&passed, memory_order_relaxed) & bit) == 0 && qmon__go_handles(signal) && sp < top &&
           top - sp < STACK_BYTES;
}
