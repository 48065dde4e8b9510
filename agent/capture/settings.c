#include "settings.h"

#include <qmon/paths.h>
#include <string.h>

#include "kept.h"
#include "settings_file.h"
#include "signals.h"
#include "text.h"

#define FORWARD_BYTES (32u * 1024u)
#define FORWARD_COUNT 128u
#define LIST_BYTES ((FORWARD_COUNT + 1) * sizeof(char *))

_Static_assert(LIST_BYTES + FORWARD_BYTES <= QMON__SETTINGS_KEPT_BYTES, "more is kept than is said");

struct qmon__settings qmon__settings QMON__HOT;

/* Names of qmon's options, and what libraries of the receiver read: names that end in '*' are prefixes. */
static const char forwarded[][QMON__NAME_BYTES] = {
/* no pointers, which the loader would have to adjust */
#define OPTION(field, env, path, kind, fallback, flags, help) env,
#define ALIAS(env, field) env,
#include <qmon/options.def>
#undef OPTION
#undef ALIAS
    "QMON_*",
    "HOME",
    "PATH",
    "USER",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "HOSTNAME",
    "POD_NAME",
    "POD_NAMESPACE",
    "NODE_NAME",
    "XDG_STATE_HOME",
    "NO_COLOR",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CURL_CA_BUNDLE",
    "DEBUGINFOD_URLS",
    "AWS_*",
    "ECS_CONTAINER_METADATA_URI*",
};

static bool is_forwarded(const char *entry, size_t name_bytes) {
    for (size_t i = 0; i < sizeof forwarded / sizeof forwarded[0]; i++) {
        const char *name = forwarded[i];
        if (name[0] != entry[0])
            continue;
        size_t bytes = strlen(name);
        bool prefix = name[bytes - 1] == '*';
        bytes -= prefix;
        if ((prefix ? name_bytes >= bytes : name_bytes == bytes) && memcmp(name, entry, bytes) == 0)
            return true;
    }
    return false;
}

static size_t forward_used QMON__HOT, forward_count QMON__HOT;

static char *put(char *at, const char *text, size_t bytes) {
    memcpy(at, text, bytes);
    return at + bytes;
}

/* "NAME=value", where `base` is not NULL "NAME=base/value". What does not fit is left out. */
static void keep(const char *name, size_t name_bytes, const char *base, const char *value) {
    while (base != NULL && value[0] == '.' && value[1] == '/')
        value += 2;
    const size_t base_bytes = base != NULL ? strlen(base) : 0, value_bytes = strlen(value) + 1;
    const size_t bytes = name_bytes + 1 + (base != NULL ? base_bytes + 1 : 0) + value_bytes;
    char *const room = bytes <= FORWARD_BYTES - forward_used ? qmon__kept_room(bytes) : NULL;
    if (forward_count == FORWARD_COUNT || room == NULL)
        return;
    char *at = put(put(room, name, name_bytes), "=", 1);
    if (base != NULL)
        at = put(put(at, base, base_bytes), "/", 1);
    put(at, value, value_bytes);
    qmon__kept_take(bytes);
    forward_used += bytes;
    qmon__settings.forward[forward_count++] = room;
}

/* The receiver's working directory is not the program's. */
static bool is_relative_path(const char *name, size_t name_bytes, const char *value) {
    static const char *const paths[] = {"QMON_CONFIG",  "QMON_STATE_DIR", "QMON_EVENTS_FILE",
                                        "QMON_LOG",     "QMON_CA_FILE",   "QMON_CSV_FILE",
                                        "REDIS_TLS_CA", "REDIS_TLS_CERT", "REDIS_TLS_KEY"};
    if (value[0] == '\0' || value[0] == '/' || strcmp(value, "stderr") == 0)
        return false;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (strlen(paths[i]) == name_bytes && memcmp(paths[i], name, name_bytes) == 0)
            return true;
    return false;
}

static void keep_environment(char *const *environment, const char *working_directory) {
    qmon__kept_begin();
    qmon__settings.forward = (char **) (void *) qmon__kept_room(LIST_BYTES);
    qmon__kept_take(LIST_BYTES);
    forward_used = forward_count = 0;
    for (; *environment != NULL; environment++) {
        const char *equals = strchr(*environment, '=');
        size_t name_bytes = equals != NULL ? (size_t) (equals - *environment) : 0;
        if (equals != NULL && is_forwarded(*environment, name_bytes))
            keep(*environment, name_bytes,
                 is_relative_path(*environment, name_bytes, equals + 1) ? working_directory : NULL, equals + 1);
    }
}

static const char *kept(const char *name) {
    size_t bytes = strlen(name);
    for (char **entry = qmon__settings.forward; *entry != NULL; entry++)
        if (strncmp(*entry, name, bytes) == 0 && (*entry)[bytes] == '=' && (*entry)[bytes + 1] != '\0')
            return *entry + bytes + 1;
    return NULL;
}

/* What the file says counts where the environment says nothing; paths in it are relative to where it stands. */
static void keep_if_unset(const char *name, const char *value) {
    static char directory[QMON_PATH_BYTES];
    const char *file = kept("QMON_CONFIG");
    if (kept(name) != NULL)
        return;
    bool relative = file != NULL && is_relative_path(name, strlen(name), value);
    if (relative) {
        size_t bytes = (size_t) (qmon__base_name(file) - file);
        qmon__copy_text(directory, bytes < sizeof directory ? bytes : sizeof directory, file);
    }
    keep(name, strlen(name), relative ? directory : NULL, value);
}

static enum qmon__who parse_who(const char *text) {
    if (text != NULL && qmon__same_word(text, strlen(text), "all"))
        return QMON__WHO_ALL;
    if (text != NULL && qmon__same_word(text, strlen(text), "off"))
        return QMON__WHO_OFF;
    return QMON__WHO_ROOT;
}

static bool is_on(const char *text) {
    static const char *const words[] = {"1", "yes", "true", "on"};
    for (size_t i = 0; text != NULL && i < sizeof words / sizeof words[0]; i++)
        if (qmon__same_word(text, strlen(text), words[i]))
            return true;
    return false;
}

static bool is_excluded(const char *list, const char *executable) {
    while (list != NULL && *list != '\0') {
        size_t bytes = strcspn(list, ",");
        if (bytes > 0 &&
            (qmon__matches(list, bytes, executable) || qmon__matches(list, bytes, qmon__base_name(executable))))
            return true;
        list += bytes + (list[bytes] == ',');
    }
    return false;
}

/* QMON_STATE_DIR made absolute, without trailing slashes: the records' place is derived from its text. */
static void settle_state_dir(const char *wanted, const char *working_directory) {
    char *to = qmon__settings.state_dir;
    if (wanted == NULL) {
        qmon_default_state_dir((uint32_t) qmon__sys(SYS_geteuid), kept("XDG_STATE_HOME"), kept("HOME"), to,
                               QMON_STATE_DIR_BYTES);
        return;
    }
    size_t bytes = 0;
    if (wanted[0] != '/') {
        bytes = qmon__copy_text(to, QMON_STATE_DIR_BYTES - 1, working_directory);
        to[bytes++] = '/';
    }
    bytes += qmon__copy_text(to + bytes, QMON_STATE_DIR_BYTES - bytes, wanted);
    while (bytes > 1 && to[bytes - 1] == '/')
        to[--bytes] = '\0';
}

bool qmon__settings_read(char *const *environment, const char *executable, const char *working_directory) {
    struct qmon__settings *settings = &qmon__settings;
    keep_environment(environment, working_directory);
    if (is_on(kept("QMON_DISABLE")))
        return false;
    if (kept("QMON_CONFIG") != NULL)
        qmon__settings_read_file(kept("QMON_CONFIG"), keep_if_unset);
    if (is_excluded(kept("QMON_EXCLUDE"), executable))
        return false;
    settings->lifecycle = parse_who(kept("QMON_LIFECYCLE"));
    settings->exit = parse_who(kept("QMON_EXIT"));
    settings->deadline_ms = 5000;
    const char *deadline = kept("QMON_DEADLINE_MS");
    uint64_t value;
    if (deadline != NULL && qmon__parse_count(deadline, &value) && value >= 10 && value <= 600000)
        settings->deadline_ms = value;
    settings->keep_stderr = kept("QMON_STDERR") != NULL;
    const char *lines = kept("QMON_STDERR_LINES");
    settings->keep_stderr_file = lines != NULL && qmon__parse_count(lines, &value) && value > 0;
    const char *signals = kept("QMON_SIGNALS");
    settings->crash_signals = signals != NULL ? qmon__parse_signals(signals) : 0;
    if (settings->crash_signals == 0)
        settings->crash_signals = QMON__DEFAULT_CRASH_SIGNALS;
    settle_state_dir(kept("QMON_STATE_DIR"), working_directory);
    return true;
}
