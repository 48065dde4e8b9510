/*
 * raw_signals.h: rt_sigaction, rt_sigprocmask and sigaltstack of a program that calls them by syscall(): with the kernel's structures,
 * and its answers for addresses that are none.
 */
#ifndef QMON_CAPTURE_RAW_SIGNALS_H
#define QMON_CAPTURE_RAW_SIGNALS_H

/* The call of that number, by the program's own shadows (dispositions.h, mask.h, alternate_stack.h). Returns its result or a negative
 * errno. SIGNAL SAFETY: async-signal-safe. */
long qmon__signal_call(long number, long a, long b, long c, long d);

#endif
