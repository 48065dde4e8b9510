/*
 * segments.h: records that could not be files while their processes lived (capture/segment.h).
 */
#ifndef QMON_RECEIVER_SEGMENTS_H
#define QMON_RECEIVER_SEGMENTS_H

/* Makes files of those that processes of this state directory have left, so that they are found where all the others are. state_dir: as
 * the agent has it: absolute, without a slash at its end. */
void qmon__segments_import(const char *state_dir);

#endif
