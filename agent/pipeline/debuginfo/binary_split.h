/* binary_split.h: the files of split DWARF: NAME.dwo for each unit, or all of them packed in PROGRAM.dwp. */
#ifndef QMON_PIPELINE_BINARY_SPLIT_H
#define QMON_PIPELINE_BINARY_SPLIT_H

#include "binary.h"

/* Makes the decoder find them: for binary->dwarf, once it is there. */
void qmon__binary_use_splits(struct qmon__binary *binary);
void qmon__binary_close_splits(struct qmon__binary *binary);

#endif
