/* tool.h: other programs in tests. */
#ifndef QMON_TEST_TOOL_H
#define QMON_TEST_TOOL_H

#include <stdbool.h>

/* Runs a program found in PATH, without input, its errors and output thrown away or, with `output`, in that file. Its exit
 * status; -1 when it could not be started or was killed. */
int tool_run(const char *output, const char *const *arguments);
#define TOOL(output, ...) tool_run(output, (const char *const[]){__VA_ARGS__, NULL})

bool tool_exists(const char *program);

#endif
