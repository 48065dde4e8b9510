/*
 * qmon.h: the API for programs.
 *
 * Every function is a weak reference. A program that includes this header links against nothing; without the agent
 * (LD_PRELOAD=libqmon.so) the calls do nothing and return 0, with it they report. Usable from C and C++, from any
 * thread. None of them blocks on anything but memory, fails its caller, or changes errno; none may be called from a
 * signal handler unless it says so.
 */
#ifndef QMON_H
#define QMON_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum qmon_severity {
    QMON_SEVERITY_INFO = 0,
    QMON_SEVERITY_WARNING = 1,
    QMON_SEVERITY_ERROR = 2,
    QMON_SEVERITY_CRITICAL = 3,
};

/*
 * Reports an error with the caller's stack.
 *   error_code  as people name it: "404", "ECONNRESET", "payment-declined"; NULL is "error"
 *   endpoint    the request, route or job under way; may be NULL
 *   user_id     whom it happened to; may be NULL
 *   message     one line for people; may be NULL
 *   extras      key, value, key, value, ..., NULL; may be NULL
 * All strings are copied before it returns, and cut where they are very long. Severity is "error".
 * One that is the same in every word, and from the same thread and stack, as one that still waits in the queue is counted with it.
 * Returns 0 when queued (or when there is no agent), a negative errno when dropped: -EAGAIN the queue is full (the drop
 * is counted and told with the next event), -ENODEV the agent is switched off. Callers need not look.
 */
int qmon_report(const char *error_code, const char *endpoint, const char *user_id, const char *message,
                const char *const *extras) __attribute__((weak));

/* The same with a severity (enum qmon_severity). */
int qmon_report_severity(int severity, const char *error_code, const char *endpoint, const char *user_id,
                         const char *message, const char *const *extras) __attribute__((weak));

/*
 * Leaves a note that the next report of this process shows, also one that is made after its death by SIGKILL. The last
 * 64 are kept, up to 111 bytes of each. SIGNAL SAFETY: async-signal-safe.
 */
void qmon_breadcrumb(const char *text) __attribute__((weak));

/*
 * Waits until what was reported so far has been taken over by the receiver, at most timeout_ms milliseconds.
 * Returns 0, or -ETIMEDOUT.
 */
int qmon_flush(int timeout_ms) __attribute__((weak));

/* The agent's version, "1.0.0"; static storage. NULL without the agent. */
const char *qmon_version(void) __attribute__((weak));

#if defined(__GNUC__) && !defined(QMON_NO_GUARDS)
#define qmon_report(...) (qmon_report ? qmon_report(__VA_ARGS__) : 0)
#define qmon_report_severity(...) (qmon_report_severity ? qmon_report_severity(__VA_ARGS__) : 0)
#define qmon_breadcrumb(text) (qmon_breadcrumb ? qmon_breadcrumb(text) : (void) 0)
#define qmon_flush(timeout_ms) (qmon_flush ? qmon_flush(timeout_ms) : 0)
#define qmon_version() (qmon_version ? qmon_version() : (const char *) NULL)
#endif

#ifdef __cplusplus
}
#endif
#endif
