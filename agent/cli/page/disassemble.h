/*
 * disassemble.h: the instructions around the place of a crash, from the bytes that its event keeps. libcapstone does it,
 * loaded when it is first needed: only people who look at a page wait for it, never a dying process.
 */
#ifndef QMON_CLI_DISASSEMBLE_H
#define QMON_CLI_DISASSEMBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qmon/event.h>

#define QMON_INSTRUCTION_BYTES 16u

struct qmon__cli_instruction {
    uint64_t address;
    size_t byte_count; /* at most QMON_INSTRUCTION_BYTES */
    uint8_t bytes[QMON_INSTRUCTION_BYTES];
    char text[160];
    bool current; /* the one that was executing */
};

/* Where the event's code says that it was executing: the program counter; 0 unknown. */
uint64_t qmon__cli_program_counter(const struct qmon_event *event);

/* The bytes of the event's code; how many, at most `room`. */
size_t qmon__cli_code_bytes(const struct qmon_event *event, uint8_t *ret_bytes, size_t room);

/* At most `before` instructions before the current one and `after` behind it, in order. How many were filled in; 0 where
 * there is no code, or *ret_problem (static) says why there is no disassembler. */
size_t qmon__cli_disassemble(const struct qmon_event *event, size_t before, size_t after,
                             struct qmon__cli_instruction *ret_instructions, const char **ret_problem);

#endif
