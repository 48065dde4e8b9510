/* The functions of qmon.h, as the agent gives them. */
#define QMON_NO_GUARDS
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include <qmon/qmon.h>

#include <agent.h>
#include <record_file.h>
#include <ring.h>

static int report(int severity, const char *error_code, const char *endpoint, const char *user_id, const char *message,
                  const char *const *extras, size_t skip) {
    const int error_number = errno;
    if (severity < QMON_SEVERITY_INFO || severity > QMON_SEVERITY_CRITICAL)
        severity = QMON_SEVERITY_ERROR;
    if (error_code == NULL || *error_code == '\0')
        error_code = "error";
    const int result = qmon__ring_report(severity, error_code, endpoint, user_id, message, extras, skip);
    errno = error_number;
    return result;
}

int qmon_report(const char *error_code, const char *endpoint, const char *user_id, const char *message,
                const char *const *extras) {
    return report(QMON_SEVERITY_ERROR, error_code, endpoint, user_id, message, extras, 1);
}

int qmon_report_severity(int severity, const char *error_code, const char *endpoint, const char *user_id,
                         const char *message, const char *const *extras) {
    return report(severity, error_code, endpoint, user_id, message, extras, 1);
}

void qmon_breadcrumb(const char *text) {
    if (text == NULL || !qmon__agent.active || !qmon__is_owner())
        return;
    struct qmon_record_crumbs *crumbs = &qmon__agent.record->crumbs;
    const uint32_t sequence = atomic_fetch_add_explicit(&crumbs->next, 1, memory_order_relaxed) + 1;
    struct qmon_record_crumb *crumb = &crumbs->entries[sequence % QMON_CRUMBS];
    atomic_store_explicit(&crumb->sequence, 0, memory_order_release);
    crumb->tid = (uint32_t) qmon__gettid();
    crumb->real_ns = qmon__real_ns();
    const size_t bytes = strnlen(text, QMON_CRUMB_TEXT_BYTES - 1);
    memcpy(crumb->text, text, bytes);
    memset(crumb->text + bytes, 0, QMON_CRUMB_TEXT_BYTES - bytes);
    atomic_store_explicit(&crumb->sequence, sequence, memory_order_release);
}

int qmon_flush(int timeout_ms) {
    const int error_number = errno;
    const int result = qmon__ring_drain(timeout_ms);
    errno = error_number;
    return result;
}

const char *qmon_version(void) {
    return QMON_VERSION;
}
