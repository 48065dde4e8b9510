/* The functions of qmon.h, as the agent gives them. */
#define QMON_NO_GUARDS
#include <errno.h>

#include <qmon/qmon.h>

#include <crumbs.h>
#include <ring.h>

/* A frame address is where the caller's frame pointer was kept; above it lies the return address. */
#define PLACE_OF_CALL                                                                                                  \
    { __builtin_return_address(0), (const char *) __builtin_frame_address(0) + 2 * sizeof(void *) }

static int report(struct qmon__report_text *text, const struct qmon__report_place *place, size_t skip) {
    const int error_number = errno;
    if (text->severity < QMON_SEVERITY_INFO || text->severity > QMON_SEVERITY_CRITICAL)
        text->severity = QMON_SEVERITY_ERROR;
    if (text->code == NULL || *text->code == '\0')
        text->code = "error";
    const int result = qmon__ring_report(text, place, skip);
    errno = error_number;
    return result > 0 ? 0 : result;
}

int qmon_report(const char *error_code, const char *endpoint, const char *user_id, const char *message,
                const char *const *extras) {
    struct qmon__report_text text = {QMON_SEVERITY_ERROR, error_code, endpoint, user_id, message, extras};
    const struct qmon__report_place place = PLACE_OF_CALL;
    return report(&text, &place, 1);
}

int qmon_report_severity(int severity, const char *error_code, const char *endpoint, const char *user_id,
                         const char *message, const char *const *extras) {
    struct qmon__report_text text = {severity, error_code, endpoint, user_id, message, extras};
    const struct qmon__report_place place = PLACE_OF_CALL;
    return report(&text, &place, 1);
}

void qmon_breadcrumb(const char *text) {
    if (text != NULL)
        qmon__crumb(text, NULL, NULL);
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
