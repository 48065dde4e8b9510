/* A program as a person names it, and what keeps the agent out of it. */
#include <criterion/criterion.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "program.h"
#include "scratch.h"

static struct scratch scratch;

static void setup(void) {
    scratch = scratch_make();
}

static void teardown(void) {
    scratch_remove(&scratch);
}

TestSuite(cli_program, .init = setup, .fini = teardown, .timeout = 20);

static const char *script(const char *name, const char *text) {
    const char *path = scratch_write(&scratch, name, text);

    cr_assert_eq(chmod(path, 0755), 0);
    return path;
}

Test(cli_program, is_looked_up_as_the_shell_does) {
    struct qmon__cli_program program;

    cr_assert_eq(qmon__cli_program_inspect("true", "/nonexistent::/usr/bin:/bin", &program), 0);
    cr_expect_str_eq(program.path, "/usr/bin/true");
    cr_expect(program.is_elf);
    cr_expect_str_empty(program.script);
    cr_expect_eq(qmon__cli_program_inspect("no-such-program", "/usr/bin", &program), -ENOENT);
    cr_expect_eq(qmon__cli_program_inspect("", "/usr/bin", &program), -ENOENT);
    cr_expect_eq(qmon__cli_program_inspect("/nonexistent/true", "/usr/bin", &program), -ENOENT);
}

Test(cli_program, is_refused_when_it_may_not_be_run) {
    struct qmon__cli_program program;
    const char *path = scratch_write(&scratch, "data", "text\n");

    cr_assert_eq(chmod(path, 0644), 0);
    cr_expect_eq(qmon__cli_program_inspect(path, NULL, &program), -EACCES);
    cr_expect_eq(qmon__cli_program_inspect(scratch.path, NULL, &program), -EACCES);
    cr_expect_eq(qmon__cli_program_inspect("data", scratch.path, &program), -EACCES);
}

Test(cli_program, is_found_behind_a_script_and_env) {
    struct qmon__cli_program program;

    cr_assert_eq(qmon__cli_program_inspect(script("a", "#! /bin/sh -e\n"), "/bin", &program), 0);
    cr_expect_str_eq(program.path, "/bin/sh");
    cr_expect_not_null(strstr(program.script, "/a"));
    cr_expect(program.is_elf);
    cr_assert_eq(qmon__cli_program_inspect(script("b", "#!/usr/bin/env -S A=1 sh -e\n"), "/bin", &program), 0);
    cr_expect_str_eq(program.path, "/bin/sh");
    cr_assert_eq(qmon__cli_program_inspect(script("c", "echo no first line\n"), "/bin", &program), 0);
    cr_expect_not(program.is_elf);
    cr_expect_eq(qmon__cli_program_inspect(script("d", "#!/nonexistent/shell\n"), "/bin", &program), -ENOENT);
}

Test(cli_program, ends_a_ring_of_scripts) {
    struct qmon__cli_program program;
    char text[256];

    snprintf(text, sizeof text, "#!%s\n", scratch_path(&scratch, "ring"));
    cr_assert_eq(qmon__cli_program_inspect(script("ring", text), "/bin", &program), 0);
    cr_expect_not(program.is_elf);
}

static const char *obstacle(const struct qmon__cli_program *program) {
    static char buffer[256];

    return qmon__cli_program_obstacle(program, 1000, 1000, buffer, sizeof buffer);
}

Test(cli_program, names_what_keeps_the_agent_out) {
    struct qmon__cli_program program = {
        .is_elf = true,
        .elf = {.bits = 64, .machine = qmon__cli_elf_native_machine(), .interpreter = "/lib64/ld-linux-x86-64.so.2"},
    };
    struct qmon__cli_program other;

    cr_expect_null(obstacle(&program));
    other = program;
    other.setuid = true;
    cr_expect_not_null(strstr(obstacle(&other), "set-user-ID"));
    other.owner = 1000;
    cr_expect_null(obstacle(&other), "started by its owner, a set-user-ID program is an ordinary one");
    other = program;
    other.capabilities = true;
    cr_expect_not_null(strstr(obstacle(&other), "capabilities"));
    other = program;
    other.elf.interpreter[0] = '\0';
    cr_expect_not_null(strstr(obstacle(&other), "statically linked"));
    other = program;
    other.elf.musl = true;
    cr_expect_not_null(strstr(obstacle(&other), "musl"));
    other = program;
    other.elf.bits = 32;
    other.elf.machine = EM_386;
    cr_expect_not_null(strstr(obstacle(&other), "32-bit program for i386"));
}

Test(cli_program, notices_the_set_user_id_bit_of_a_file) {
    struct qmon__cli_program program;
    char command[512];

    snprintf(command, sizeof command, "cp /bin/true %s/suid && chmod 4755 %s/suid", scratch.path, scratch.path);
    cr_assert_eq(system(command), 0);
    cr_assert_eq(qmon__cli_program_inspect(scratch_path(&scratch, "suid"), NULL, &program), 0);
    cr_expect(program.setuid);
    cr_expect_not(program.setgid);
    cr_expect_eq(program.owner, geteuid());
}
