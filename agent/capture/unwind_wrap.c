/*
 * What libunwind asks of libc, answered in its place (linked with --wrap): no pipe is opened in the host, no lock of the
 * loader's is taken while the process dies, nothing aborts the host.
 */
#include <errno.h>
#include <fcntl.h>
#include <libunwind.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>

#include "guard.h"
#include "modules.h"
#include "signals.h"
#include "sys.h"
#include "thread.h"
#include "unwind.h"
#include "valgrind.h"

int __wrap_dl_iterate_phdr(int (*callback)(struct dl_phdr_info *, size_t, void *), void *data);
int __real_dl_iterate_phdr(int (*callback)(struct dl_phdr_info *, size_t, void *), void *data);
int __wrap_pipe2(int descriptors[2], int flags);
int __wrap_mincore(void *address, size_t bytes, unsigned char *ret_present);
int __wrap_msync(void *address, size_t bytes, int flags);
ssize_t __wrap_read(int descriptor, void *buffer, size_t bytes);
ssize_t __wrap_write(int descriptor, const void *buffer, size_t bytes);
long __wrap_syscall(long number, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_close(int descriptor);
int __wrap_sigprocmask(int how, const sigset_t *wanted, sigset_t *ret_old);
void *__wrap_mmap(void *address, size_t bytes, int protection, int flags, int descriptor, off_t offset);
int __wrap_munmap(void *address, size_t bytes);
_Noreturn void __wrap_abort(void);

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex);

static _Atomic bool without_loader;

void qmon__unwind_without_loader(void) {
    atomic_store_explicit(&without_loader, true, memory_order_relaxed);
}

int __wrap_dl_iterate_phdr(int (*callback)(struct dl_phdr_info *, size_t, void *), void *data) {
    if (!atomic_load_explicit(&without_loader, memory_order_relaxed))
        return __real_dl_iterate_phdr(callback, data);
    for (size_t i = 0; i < qmon__image_count(); i++) {
        const struct qmon__image *image = qmon__image_at(i);
        struct dl_phdr_info info = {.dlpi_addr = image->bias,
                                    .dlpi_name = qmon__image_path(image),
                                    .dlpi_phdr = image->headers,
                                    .dlpi_phnum = image->header_count};
        const int stop = callback(&info, sizeof info, data);
        if (stop != 0)
            return stop;
    }
    return 0;
}

/* The unwinder's check of memory: mincore (or msync), then writing a byte to a pipe. Ours asks the kernel to read a signal
 * set there with a `how` that does not exist: EFAULT if it cannot, EINVAL if it can, and nothing happens. Where a filter does not
 * let the kernel answer, it is tried; and under valgrind, which would say something about such a `how`. */
static bool is_readable(const void *address) {
    char byte;
    const long answer = qmon__on_valgrind() ? -ENOSYS : qmon__sigprocmask(~0, address, NULL);
    return answer == -EINVAL || (answer != -EFAULT && qmon__copy_guarded(&byte, address, 1));
}

int __wrap_mincore(void *address, size_t bytes, unsigned char *ret_present) {
    (void) bytes;
    *ret_present = 1;
    return is_readable(address) ? 0 : -1;
}

int __wrap_msync(void *address, size_t bytes, int flags) {
    (void) bytes;
    (void) flags;
    return is_readable(address) ? 0 : -1;
}

int __wrap_pipe2(int descriptors[2], int flags) {
    (void) flags;
    descriptors[0] = descriptors[1] = -2;
    return 0;
}

ssize_t __wrap_read(int descriptor, void *buffer, size_t bytes) {
    (void) descriptor;
    (void) buffer;
    (void) bytes;
    return 1;
}

ssize_t __wrap_write(int descriptor, const void *buffer, size_t bytes) {
    (void) descriptor;
    (void) buffer;
    return (ssize_t) bytes;
}

long __wrap_syscall(long number, ...) {
    (void) number;
    return 1;
}

/* The file of a module without a table of its unwind tables, to read. libc's own are cancellation points: in a thread that is
 * about to be cancelled they would not come back. */
int __wrap_open(const char *path, int flags, ...) {
    const long descriptor = qmon__sys_4(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0);
    return descriptor < 0 ? -1 : (int) descriptor;
}

int __wrap_close(int descriptor) {
    return qmon__sys_1(SYS_close, descriptor) < 0 ? -1 : 0;
}

/* These three are calls of our own, not the program's (sys.h). A fault in the unwinder must reach us. */
int __wrap_sigprocmask(int how, const sigset_t *wanted, sigset_t *ret_old) {
    qmon__sigset set = 0, old = 0;
    if (wanted != NULL) {
        memcpy(&set, wanted, sizeof set);
        set &= ~QMON__FAULT_SIGNALS;
    }
    const long error = qmon__sigprocmask(how, wanted != NULL ? &set : NULL, &old);
    if (ret_old != NULL)
        memcpy(ret_old, &old, sizeof old);
    return error == 0 ? 0 : -1;
}

void *__wrap_mmap(void *address, size_t bytes, int protection, int flags, int descriptor, off_t offset) {
    const long result = qmon__sys_6(SYS_mmap, address, bytes, protection, flags, descriptor, offset);
    return result < 0 && result > -4096 ? MAP_FAILED : (void *) result;
}

int __wrap_munmap(void *address, size_t bytes) {
    return qmon__sys_2(SYS_munmap, address, bytes) == 0 ? 0 : -1;
}

/* An inconsistency that the unwinder met: the end of this walk, not of the host. */
_Noreturn void __wrap_abort(void) {
    qmon__guard_leave();
    for (;;)
        qmon__sys_1(SYS_exit, 0); /* the walks outside a guard do not come here */
}

/*
 * The unwinder's locks, with signals blocked around them by it. A thread that held one when another forked is not there in the
 * child, and one that a guard took out of the unwinder does not give it back: neither keeps anybody waiting. Who holds it is told by
 * the thread's address and, in the bits that no address has, by how often the process has been forked.
 */
static _Atomic uint64_t forks QMON__HOT;
static _Atomic bool used QMON__HOT; /* the unwinder, in this process or one that it is a fork of */

static uint64_t own_mark(void) {
    return (uint64_t) (uintptr_t) &qmon__thread | (atomic_load_explicit(&forks, memory_order_relaxed) & 0xffff) << 48;
}

static _Atomic uint64_t *word_of(pthread_mutex_t *mutex) {
    _Static_assert(sizeof *mutex >= sizeof(uint64_t), "a lock has room for a mark");
    return (_Atomic uint64_t *) mutex; /* all zeros while it is free */
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex) {
    const uint64_t own = own_mark();
    atomic_store_explicit(&used, true, memory_order_relaxed);
    for (;;) {
        uint64_t holder = 0;
        if (atomic_compare_exchange_strong_explicit(word_of(mutex), &holder, own, memory_order_acquire,
                                                    memory_order_relaxed))
            return 0;
        const bool lost = holder == own || holder >> 48 != own >> 48;
        if (lost && atomic_compare_exchange_strong_explicit(word_of(mutex), &holder, own, memory_order_acquire,
                                                            memory_order_relaxed))
            return 0;
        qmon__step_aside();
    }
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex) {
    atomic_store_explicit(word_of(mutex), 0, memory_order_release);
    return 0;
}

/* What was being changed under a lock may be half changed: it is to be built anew. */
void qmon__unwind_forked(void) {
    atomic_fetch_add_explicit(&forks, 1, memory_order_relaxed);
    if (atomic_load_explicit(&used, memory_order_relaxed))
        unw_flush_cache(unw_local_addr_space, 0, 0);
}
