/*
 * valgrind.h: keeps memcheck from reporting the agent's work as errors of the program.
 *
 * It must know which memory is a stack of ours: it takes a switch to one that lies near the present stack for a stack that
 * grows or shrinks, and marks what lies between as not addressable. And it is told not to report while a dying process is
 * looked at, which reads what is broken. A client request is a sequence of instructions that does nothing on a processor;
 * valgrind recognises it. Sequences and numbers are valgrind's interface for programs (valgrind.h of its package), which
 * does not change.
 *
 * SIGNAL SAFETY: safe; a handful of instructions, no memory but its arguments.
 */
#ifndef QMON_CAPTURE_VALGRIND_H
#define QMON_CAPTURE_VALGRIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QMON__VALGRIND_RUNNING_ON 0x1001u
#define QMON__VALGRIND_STACK_REGISTER 0x1501u
#define QMON__VALGRIND_DRD_THREAD                                                                                      \
    0x44520000u /* 'D', 'R': the number of the calling thread, from 1; 0 it is another tool */
#define QMON__VALGRIND_CHANGE_ERROR_DISABLEMENT 0x1801u

static inline uintptr_t qmon__valgrind_request(uintptr_t which, uintptr_t first, uintptr_t second) {
    const volatile uintptr_t request[6] = {which, first, second};
#if defined __x86_64__
    uintptr_t answer = 0; /* what a processor leaves */
    __asm__ volatile("rolq $3, %%rdi; rolq $13, %%rdi; rolq $61, %%rdi; rolq $51, %%rdi; xchgq %%rbx, %%rbx"
                     : "+d"(answer)
                     : "a"(request)
                     : "cc", "memory");
#elif defined __aarch64__
    register uintptr_t answer __asm__("x3") = 0;
    register const volatile uintptr_t *arguments __asm__("x4") = request;
    __asm__ volatile("ror x12, x12, #3; ror x12, x12, #13; ror x12, x12, #51; ror x12, x12, #61; orr x10, x10, x10"
                     : "+r"(answer)
                     : "r"(arguments)
                     : "cc", "memory");
#endif
    return answer;
}

static inline bool qmon__on_valgrind(void) {
    return qmon__valgrind_request(QMON__VALGRIND_RUNNING_ON, 0, 0) != 0;
}

/* drd takes a stack that it is told of for the only one that the thread has, and stumbles over that when the thread ends. */
static inline void qmon__tell_valgrind_of_stack(const void *low, size_t bytes) {
    if (qmon__valgrind_request(QMON__VALGRIND_DRD_THREAD, 0, 0) == 0)
        qmon__valgrind_request(QMON__VALGRIND_STACK_REGISTER, (uintptr_t) low, (uintptr_t) low + bytes - 1);
}

/* Of this thread. Calls nest. */
static inline void qmon__silence_valgrind(void) {
    qmon__valgrind_request(QMON__VALGRIND_CHANGE_ERROR_DISABLEMENT, 1, 0);
}

static inline void qmon__unsilence_valgrind(void) {
    qmon__valgrind_request(QMON__VALGRIND_CHANGE_ERROR_DISABLEMENT, (uintptr_t) -1, 0);
}

#endif
