/* dispatch.h: what the hooks of exit and abort ask about the fault that a handler of the program's is dealing with. */
#ifndef QMON_CAPTURE_DISPATCH_H
#define QMON_CAPTURE_DISPATCH_H

#include <stdbool.h>

#include "thread.h"

/* Is a handler of the program's for a fault still running on this thread? Then a copy of that fault; its context is borrowed
 * from the handler's frame. SIGNAL SAFETY: async-signal-safe. */
bool qmon__in_fault_handler(struct qmon__fault *ret_fault);

#endif
