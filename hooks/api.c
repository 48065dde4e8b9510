/* The functions of qmon.h, as the agent gives them. */
#define QMON_NO_GUARDS
#include <errno.h>

#include <qmon/qmon.h>

#include <crumbs.h>
#include <ring.h>
#include <sites.h>

/* A frame address is where the caller's frame pointer was kept; above it lies the return address. */
#define PLACE_OF_CALL                                                                                                  \
    { __builtin_return_address(0), (const char *) __builtin_frame_address(0) + 2 * sizeof(void *) }

__attribute__((noinline)) static int report_anew(struct qmon__report_text *text, const struct qmon__report_place *place,
                                                 size_t skip) {
    const int error_number = errno;
    if (text->severity < QMON_SEVERITY_INFO || text->severity > QMON_SEVERITY_CRITICAL)
        text->severity = QMON_SEVERITY_ERROR;
    if (text->code == NULL || *text->code == '\0')
        text->code = "error";
    const int result = qmon__ring_report(text, place, skip);
    errno = error_number;
    return result > 0 ? 0 : result;
}

/* By value: what stays in registers costs nothing while the report is only counted. */
__attribute__((always_inline)) static inline int report(struct qmon__report_text text,
                                                        struct qmon__report_place place) {
    if (qmon__site_counts(text, place))
        return 0;
    struct qmon__report_text kept_text = text;
    const struct qmon__report_place kept_place = place;
    return report_anew(&kept_text, &kept_place, 2);
}

int qmon_report(const char *error_code, const char *endpoint, const char *user_id, const char *message,
                const char *const *extras) {
    return report((struct qmon__report_text){QMON_SEVERITY_ERROR, error_code, endpoint, user_id, message, extras},
                  (struct qmon__report_place) PLACE_OF_CALL);
}

int qmon_report_severity(int severity, const char *error_code, const char *endpoint, const char *user_id,
                         const char *message, const char *const *extras) {
    return report((struct qmon__report_text){severity, error_code, endpoint, user_id, message, extras},
                  (struct qmon__report_place) PLACE_OF_CALL);
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
