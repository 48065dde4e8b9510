/*
 * process_memory.h: the memory of a process that waits for us, read from outside. It is untrusted: any address may be asked
 * for, and anything may be there.
 *
 * Whole pages are read with one system call and kept, which is right only as long as nothing in the process runs on.
 */
#ifndef QMON_RECEIVER_PROCESS_MEMORY_H
#define QMON_RECEIVER_PROCESS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct qmon__memory;

/* From here on we stop no process (qmon__memory_may_stop), and reading one fails with EPERM, unless a child of ours that tries it
 * survives: systemd's filter for services allows it. For where a filter may end us, as it has ended one before. */
void qmon__memory_look_away(void);
bool qmon__memory_may_stop(void);

/* process_vm_readv(2) of one piece. Returns how many bytes, or -1 and errno. */
ssize_t qmon__memory_copy(pid_t pid, uint64_t address, void *to, size_t bytes);

/* NULL: out of memory. Where the kernel refuses to let us read, all reads fail; qmon__memory_refusal() says why. */
struct qmon__memory *qmon__memory_open(uint32_t pid);
void qmon__memory_close(struct qmon__memory *memory); /* NULL is fine */

bool qmon__memory_read(struct qmon__memory *memory, uint64_t address, void *to, size_t bytes);
/* The negative errno of the last read that the kernel refused as such (EPERM, ESRCH, ENOSYS); 0: none. */
int qmon__memory_refusal(const struct qmon__memory *memory);

/* By /proc/PID/maps, as it was when it was opened. */
bool qmon__memory_is_code(const struct qmon__memory *memory, uint64_t address);
/* The end of the mapping that holds the address; 0: nothing is mapped there. */
uint64_t qmon__memory_end(const struct qmon__memory *memory, uint64_t address);
/* Its start; and the start of the mapping before the one that starts there. 0: there is none. */
uint64_t qmon__memory_start(const struct qmon__memory *memory, uint64_t address);
uint64_t qmon__memory_start_before(const struct qmon__memory *memory, uint64_t start);

#endif
