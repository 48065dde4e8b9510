/* machine.h: what differs between machines. <arch>/machine.c. SIGNAL SAFETY: everything here is async-signal-safe. */
#ifndef QMON_CAPTURE_MACHINE_H
#define QMON_CAPTURE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

#include <qmon/record.h>

uintptr_t qmon__stack_pointer(const ucontext_t *context);
uintptr_t qmon__program_counter(const ucontext_t *context);

/* What a system call that was interrupted gives back. */
long qmon__result_of_call(const ucontext_t *context);

/* Makes the context that of a system call which is about to be made, where the kernel has undone it and raised SIGSYS instead. */
void qmon__repeat_call(ucontext_t *context);

/* Makes the context of a callee's first instruction that of its caller after the call. Reads the stack: under a guard. */
void qmon__return_from_call(ucontext_t *context);

/* Makes the context that of another function: its program counter, stack pointer and frame pointer. */
void qmon__move_context(ucontext_t *context, uintptr_t pc, uintptr_t sp, uintptr_t fp);

/* Copies the registers in the record's order. Returns how many. */
uint32_t qmon__keep_registers(const ucontext_t *context, uint64_t ret_registers[QMON_CRASH_REGISTERS]);

/* Copies the kernel's signal frame, of which `context` is a part, to where the kernel would have put it below `top`; where that is 0,
 * without an alternate stack: below the interrupted stack pointer. Returns the copy's address, 0 when it would reach below `low` or
 * that memory cannot be written. */
uintptr_t qmon__frame_moved(uintptr_t frame, const ucontext_t *context, uintptr_t top, uintptr_t low);

/* Runs a function on another stack. In signal_entry.S. */
void qmon__call_on_stack(void (*function)(void *argument), void *argument, void *stack_top);

/* Does the thread's own data lie where it can be read? Costs a system call or two. */
bool qmon__has_thread_pointer(void);

#endif
