/*
 * victim_place.h: where a victim runs: a directory to work in, a state directory and an events file of its own.
 */
#ifndef QMON_TEST_VICTIM_PLACE_H
#define QMON_TEST_VICTIM_PLACE_H

#include <stddef.h>

#include "process_tree.h"
#include "scratch.h"
#include "victim.h"

#define VICTIM_AGENT QMON_BUILD_DIR "/libqmon.so"
#define VICTIM_COMMAND QMON_BUILD_DIR "/qmon"

struct victim_place {
    const struct victim *victim; /* borrowed */
    struct scratch scratch;
    char program[512], state[SCRATCH_BYTES + 32], events[SCRATCH_BYTES + 32], work[SCRATCH_BYTES + 32];
    char texts[8][700]; /* of the environment */
    const char *arguments[VICTIM_ARGUMENTS + 2], *environment[24];
};

/* The path of a file that a row names: one of build/victims, or a path already. */
void victim_file(const char *name, char *ret_path, size_t bytes);

void victim_place_make(struct victim_place *place, const struct victim *victim);
/* With everything in it, and the records that belong to it. */
void victim_place_drop(struct victim_place *place);

/* Runs the victim, with the agent or without, and `qmon flush` on what it left. */
void victim_place_run(struct victim_place *place, bool agent, struct tree_result *ret_result);
void victim_place_flush(struct victim_place *place, struct tree_result *ret_result);

#endif
