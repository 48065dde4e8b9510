/*
 * machine.h: tables of the machines that records come from: registers, access of a fault, system calls.
 */
#ifndef QMON_RECEIVER_MACHINE_H
#define QMON_RECEIVER_MACHINE_H

#include <stdint.h>

/* Static text; NULL: no such register, or a machine that we do not know. `machine` as from uname. */
const char *qmon__register_name(const char *machine, uint32_t index);
uint64_t qmon__register_stack_pointer(const char *machine, const uint64_t *registers, uint32_t count);
uint64_t qmon__register_program_counter(const char *machine, const uint64_t *registers, uint32_t count);
/* 0 unknown, 1 read, 2 write, 3 execute */
int qmon__fault_access(const char *machine, const uint64_t *registers, uint32_t count);
/* Of the machine that we were built for. Static text; NULL unknown. */
const char *qmon__system_call_name(uint32_t number);

#endif
