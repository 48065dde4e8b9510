#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"

#define DEADLINE_LEAST_MS 50u
#define DEADLINE_MOST_MS 600000u
#define DEADLINE_USUAL_MS 5000u

static const char *value_of(const char *word, const char *option) {
    size_t bytes = strlen(option);
    return strncmp(word, option, bytes) == 0 ? word + bytes : NULL;
}

static int parse_why(const char *text, enum qmon__why *ret_why) {
    static const char *const names[] = {
        [QMON__WHY_START] = "start", [QMON__WHY_STOP] = "stop", [QMON__WHY_EXEC] = "exec",
        [QMON__WHY_CRASH] = "crash", [QMON__WHY_RING] = "ring", [QMON__WHY_FOUND] = "found"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(text, names[i]) == 0) {
            *ret_why = (enum qmon__why) i;
            return 0;
        }
    }
    return -EINVAL;
}

static int parse_number(const char *text, uint64_t most, uint64_t *ret_number) {
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || number > most)
        return -EINVAL;
    *ret_number = number;
    return 0;
}

int qmon__parse_arguments(int argc, char *const *argv, struct qmon__arguments *ret_arguments,
                          const char **ret_problem) {
    struct qmon__arguments parsed = {.record = "", .deadline_ms = DEADLINE_USUAL_MS};
    bool has_why = false;
    uint64_t pid = 0;
    for (int i = 0; i < argc; i++) {
        const char *value;
        *ret_problem = NULL;
        if ((value = value_of(argv[i], "--why=")) != NULL) {
            has_why = parse_why(value, &parsed.why) == 0;
            if (!has_why)
                *ret_problem = "--why is none of start, stop, exec, crash, ring, found";
        } else if ((value = value_of(argv[i], "--pid=")) != NULL) {
            if (parse_number(value, INT32_MAX, &pid) < 0 || pid == 0)
                *ret_problem = "--pid is not a process's number";
        } else if ((value = value_of(argv[i], "--record=")) != NULL) {
            parsed.record = value;
        } else if ((value = value_of(argv[i], "--deadline-ms=")) != NULL) {
            if (parse_number(value, DEADLINE_MOST_MS, &parsed.deadline_ms) < 0)
                *ret_problem = "--deadline-ms is not a number of milliseconds, of ten minutes at most";
        } else if (strcmp(argv[i], "--hold") == 0) {
            parsed.hold = true;
        } else if (strcmp(argv[i], "--release") == 0) {
            parsed.release = true;
        } else if (strcmp(argv[i], "--stay") == 0) {
            parsed.stay = true;
        } else if (strcmp(argv[i], "--kept") == 0) {
            parsed.kept = true;
        } else if (strcmp(argv[i], "--may-ask") == 0) {
            parsed.may_ask = true;
        } else if (strcmp(argv[i], "--careful") == 0) {
            parsed.careful = true;
        } else if (argv[i][0] == '-') {
            *ret_problem = "there is an option that receive does not know";
        }
        if (*ret_problem != NULL)
            return -EINVAL;
    }
    if (!has_why || pid == 0) {
        *ret_problem = "--why and --pid are needed: `qmon receive` is started by the agent, not by hand";
        return -EINVAL;
    }
    parsed.pid = (uint32_t) pid;
    if (parsed.deadline_ms < DEADLINE_LEAST_MS)
        parsed.deadline_ms = DEADLINE_LEAST_MS;
    *ret_arguments = parsed;
    return 0;
}
