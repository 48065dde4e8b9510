#include "doctor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "program.h"

static void check_privileges(struct qmon__cli_doctor *doctor, const struct qmon__cli_program *program,
                             const char *what) {
    static const char advice[] =
        "have it started by a program that the agent is in, without those privileges, or watch it from "
        "outside";

    if (program->setuid)
        qmon__cli_finding(
            doctor, QMON_FINDING_WARNING, what, advice,
            "%s is set-user-ID: the loader ignores LD_PRELOAD when anybody but its owner (uid %u) starts it",
            program->path, (unsigned) program->owner);
    if (program->setgid)
        qmon__cli_finding(doctor, QMON_FINDING_WARNING, what, advice,
                          "%s is set-group-ID: the loader ignores LD_PRELOAD for others than group %u", program->path,
                          (unsigned) program->group);
    if (program->capabilities)
        qmon__cli_finding(doctor, QMON_FINDING_WARNING, what, advice,
                          "%s has file capabilities: the loader ignores LD_PRELOAD when anybody but root starts it",
                          program->path);
}

/* What the agent will see less of, once it is in. */
static void check_view(struct qmon__cli_doctor *doctor, const struct qmon__cli_program *program, const char *what) {
    const struct qmon__cli_elf *elf = &program->elf;

    if (elf->sanitizer)
        qmon__cli_finding(doctor, QMON_FINDING_NOTE, what, NULL,
                          "it is built with a sanitizer, which writes its own report; qmon tells that it died");
    if (elf->own_report)
        qmon__cli_finding(doctor, QMON_FINDING_WARNING, what,
                          "move qmon_report into a shared library of the program, or "
                          "include <qmon/qmon.h> and leave it undefined",
                          "it defines qmon_report itself, inside the executable: calls to it cannot reach the agent");
    if (elf->go)
        qmon__cli_finding(
            doctor, QMON_FINDING_WARNING, what, NULL,
            "it is a Go program: Go makes system calls itself, so panics end it by exit status 2 and are reported as "
            "such");
    if (!elf->symbols && !elf->lines)
        qmon__cli_finding(
            doctor, QMON_FINDING_NOTE, what, NULL,
            "it is stripped: traces have exported functions and offsets, unless debug files are installed");
    else if (!elf->lines)
        qmon__cli_finding(doctor, QMON_FINDING_NOTE, what, NULL,
                          "it has no debug information: traces have functions but no source lines");
}

static void not_inspected(struct qmon__cli_doctor *doctor, const char *name, int error) {
    qmon__cli_finding(doctor, QMON_FINDING_BAD, "program", NULL, "%s cannot be run: %s", name,
                      error == -ENOENT && !strchr(name, '/') ? "there is none in PATH" : strerror(-error));
}

void qmon__cli_check_program(struct qmon__cli_doctor *doctor, const char *name) {
    struct qmon__cli_program *program = calloc(1, sizeof *program);
    char buffer[256];
    const char *obstacle;
    int r = program ? qmon__cli_program_inspect(name, getenv("PATH"), program) : -ENOMEM;

    if (r < 0) {
        not_inspected(doctor, name, r);
        free(program);
        return;
    }
    if (program->script[0])
        qmon__cli_finding(doctor, QMON_FINDING_NOTE, "program", NULL, "%s is a script, run by %s", program->script,
                          program->path);
    if (program->problem)
        qmon__cli_finding(doctor, QMON_FINDING_WARNING, "program", NULL, "%s: %s", program->path, program->problem);
    check_privileges(doctor, program, "program");
    /* Privileges were told apart from who is asking; what remains is about the file. */
    program->setuid = program->setgid = program->capabilities = false;
    obstacle = qmon__cli_program_obstacle(program, getuid(), getgid(), buffer, sizeof buffer);
    if (obstacle)
        qmon__cli_finding(doctor, QMON_FINDING_BAD, "program", "'qmon run' still tells how it ends, without a trace",
                          "%s %s", program->path, obstacle);
    else if (qmon__cli_excluded(doctor->config, program->path))
        qmon__cli_finding(doctor, QMON_FINDING_WARNING, "program", "take it out of QMON_EXCLUDE to watch it",
                          "%s matches QMON_EXCLUDE: the agent leaves it alone", program->path);
    else if (program->is_elf)
        qmon__cli_finding(doctor, QMON_FINDING_GOOD, "program", NULL, "the agent can be loaded into %s", program->path);
    if (!obstacle && program->is_elf)
        check_view(doctor, program, "program");
    free(program);
}
