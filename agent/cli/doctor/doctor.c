#include "doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "help.h"
#include "schema.h"

#define WHAT_COLUMNS 14u
#define INDENT_COLUMNS (2u + WHAT_COLUMNS)

struct doctor_options {
    bool send, schema;
};

static const struct qmon__cli_option options[] = {
    {'s', "send", QMON_ARG_SWITCH, NULL, "send a test alert through every configured channel",
     offsetof(struct doctor_options, send)},
    {0, "schema", QMON_ARG_SWITCH, NULL, "print the JSON Schema of QMON_CONFIG's file, and check nothing",
     offsetof(struct doctor_options, schema)},
    {0},
};

static int run_doctor(int argc, char **argv);

const struct qmon__cli_command qmon__cli_doctor = {
    .name = "doctor",
    .summary = "check the configuration, the agent, Redis and the channels",
    .synopsis = "[--send] [PROGRAM]",
    .details =
        "Everything that is configured is tried for real, but nobody is alerted without --send. With PROGRAM it is also\n"
        "said whether the agent can be loaded into that program. Exit status: 0 when nothing is wrong, else 1.\n",
    .options = options,
    .max_operands = 1,
    .run = run_doctor,
};

static const char *mark_of(const struct qmon__cli_style *style, enum qmon__cli_verdict verdict) {
    static const char *const unicode[] = {"\xe2\x9c\x93", "\xc2\xb7", "!", "\xe2\x9c\x97"};
    static const char *const ascii[] = {"+", "-", "!", "x"};

    return (style->unicode ? unicode : ascii)[verdict];
}

void qmon__cli_finding(struct qmon__cli_doctor *doctor, enum qmon__cli_verdict verdict, const char *what,
                       const char *advice, const char *format, ...) {
    static const enum qmon__cli_role looks[] = {QMON_LOOK_GOOD, QMON_LOOK_FAINT, QMON_LOOK_WARNING, QMON_LOOK_BAD};
    char text[2048];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    qmon__cli_put(stdout, &doctor->style, looks[verdict], mark_of(&doctor->style, verdict));
    printf(" %-*s", (int) WHAT_COLUMNS, what);
    if (strlen(what) >= WHAT_COLUMNS) /* a long name has a line of its own */
        printf("\n%*s", (int) INDENT_COLUMNS, "");
    qmon__cli_put_wrapped(stdout, &doctor->style, INDENT_COLUMNS, INDENT_COLUMNS, text);
    if (advice) {
        printf("%*s", (int) INDENT_COLUMNS, "");
        qmon__cli_put(stdout, &doctor->style, QMON_LOOK_TITLE, "-> ");
        qmon__cli_put_wrapped(stdout, &doctor->style, INDENT_COLUMNS + 3, INDENT_COLUMNS + 3, advice);
    }
    fflush(stdout);
    doctor->counts[verdict]++;
}

static int verdict_of(const struct qmon__cli_doctor *doctor) {
    unsigned bad = doctor->counts[QMON_FINDING_BAD], warnings = doctor->counts[QMON_FINDING_WARNING];

    putchar('\n');
    if (bad > 0)
        printf("%u thing%s wrong", bad, bad == 1 ? " is" : "s are");
    else
        fputs("Nothing is wrong", stdout);
    if (warnings > 0)
        printf("%s %u thing%s to know", bad > 0 ? ", and" : ";", warnings, warnings == 1 ? "" : "s");
    puts(".");
    return bad > 0 ? 1 : 0;
}

static int print_schema(void) {
    char *schema = qmon__cli_schema();

    if (!schema) {
        fputs("qmon doctor: out of memory\n", stderr);
        return 1;
    }
    puts(schema);
    free(schema);
    return 0;
}

static int run_doctor(int argc, char **argv) {
    struct doctor_options wanted = {0};
    struct qmon__cli_doctor doctor = {.style = qmon__cli_style_of(stdout)};
    struct qmon_config *config;
    int first, status = qmon__cli_parse(&qmon__cli_doctor, argc, argv, &wanted, &first);

    if (status >= 0)
        return status;
    if (wanted.schema)
        return print_schema();
    config = qmon_config_load(environ);
    if (!config) {
        fputs("qmon doctor: out of memory\n", stderr);
        return 1;
    }
    doctor.config = config;
    qmon__cli_check_configuration(&doctor);
    qmon__cli_check_state(&doctor);
    qmon__cli_check_agent(&doctor);
    qmon__cli_check_redis(&doctor);
    qmon__cli_check_sinks(&doctor);
    if (first < argc)
        qmon__cli_check_program(&doctor, argv[first]);
    if (wanted.send)
        qmon__cli_send_test(&doctor);
    status = verdict_of(&doctor);
    if (doctor.store)
        qmon_store_close(doctor.store);
    qmon_config_free(config);
    return status;
}
