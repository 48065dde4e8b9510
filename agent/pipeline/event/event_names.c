/* event_names.c: the words for kinds, severities and roles. */
#include <qmon/event.h>

#include <strings.h>

static const char *const kinds[] = {
    [QMON_KIND_CRASH] = "crash",
    [QMON_KIND_EXIT] = "exit",
    [QMON_KIND_ERROR] = "error",
    [QMON_KIND_LIFECYCLE] = "lifecycle",
};

static const char *const severities[] = {
    [QMON_SEVERITY_INFO] = "info",
    [QMON_SEVERITY_WARNING] = "warning",
    [QMON_SEVERITY_ERROR] = "error",
    [QMON_SEVERITY_CRITICAL] = "critical",
};

static const char *const roles[] = {
    [QMON_ROLE_APP] = "app",
    [QMON_ROLE_RUNTIME] = "runtime",
    [QMON_ROLE_LIBC] = "libc",
    [QMON_ROLE_QMON] = "qmon",
};

static const struct {
    const char *name;
    enum qmon_severity severity;
} severity_words[] = {
    {"info", QMON_SEVERITY_INFO},          {"warning", QMON_SEVERITY_WARNING}, {"error", QMON_SEVERITY_ERROR},
    {"critical", QMON_SEVERITY_CRITICAL},  {"low", QMON_SEVERITY_INFO},        {"medium", QMON_SEVERITY_WARNING},
    {"high", QMON_SEVERITY_ERROR},         {"trace", QMON_SEVERITY_INFO},      {"debug", QMON_SEVERITY_INFO},
    {"notice", QMON_SEVERITY_INFO},        {"warn", QMON_SEVERITY_WARNING},    {"err", QMON_SEVERITY_ERROR},
    {"fatal", QMON_SEVERITY_CRITICAL},     {"crit", QMON_SEVERITY_CRITICAL},   {"alert", QMON_SEVERITY_CRITICAL},
    {"emergency", QMON_SEVERITY_CRITICAL}, {"emerg", QMON_SEVERITY_CRITICAL},  {"panic", QMON_SEVERITY_CRITICAL},
};

#define NAME(table, index) ((size_t) (index) < sizeof table / sizeof *table ? table[index] : NULL)

const char *qmon_kind_name(enum qmon_kind kind) {
    return NAME(kinds, kind);
}

const char *qmon_severity_name(enum qmon_severity severity) {
    return NAME(severities, severity);
}

const char *qmon_role_name(enum qmon_frame_role role) {
    return NAME(roles, role);
}

int qmon_severity_parse(const char *name) {
    for (size_t i = 0; name && i < sizeof severity_words / sizeof *severity_words; i++)
        if (!strcasecmp(severity_words[i].name, name))
            return (int) severity_words[i].severity;
    return -1;
}
