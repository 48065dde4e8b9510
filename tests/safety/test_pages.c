/*
 * How many pages of libqmon.so a host is made to touch, for each costs it as much as several system calls:
 *   1. what is written at a start, a fork and an end is in one page
 *   2. the code that the child of a fork runs, to its end, is in few (scripts/cmake/agent_order.ld)
 */
#include <criterion/criterion.h>
#include <elf.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "victim_place.h"

#define PAGE 4096u
#define CODE_PAGES_MOST 64u
#define CODE_PAGES_OF_CHILD 4u
#define STEPS_MOST 200000u

TestSuite(agent_pages, .timeout = 60);

static bool find_section(Elf *file, const char *name, GElf_Shdr *ret_header) {
    size_t names;
    cr_assert_eq(elf_getshdrstrndx(file, &names), 0);
    for (Elf_Scn *s = elf_nextscn(file, NULL); s; s = elf_nextscn(file, s))
        if (gelf_getshdr(s, ret_header) && strcmp(elf_strptr(file, names, ret_header->sh_name), name) == 0)
            return true;
    return false;
}

Test(agent_pages, what_is_written_at_a_start_a_fork_and_an_end_is_in_one) {
    cr_assert_neq(elf_version(EV_CURRENT), (unsigned) EV_NONE);
    const int fd = open(VICTIM_AGENT, O_RDONLY | O_CLOEXEC);
    Elf *const file = elf_begin(fd, ELF_C_READ, NULL);
    GElf_Shdr data;
    cr_assert(find_section(file, ".data", &data));
    cr_expect_eq(data.sh_addr / PAGE, (data.sh_addr + data.sh_size - 1) / PAGE,
                 ".data has %zu bytes and stands in two pages", (size_t) data.sh_size);
    elf_end(file);
    close(fd);
}

/* The list of functions is for the code of an optimized build by gcc on x86-64. */
#if defined(__x86_64__) && defined(__OPTIMIZE__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)

struct code {
    unsigned long start, end;
    unsigned long pages[CODE_PAGES_MOST];
    unsigned count;
};

static void find_code(pid_t pid, struct code *ret_code) {
    char path[64], line[600], rights[8];
    unsigned long start, end;
    memset(ret_code, 0, sizeof *ret_code);
    snprintf(path, sizeof path, "/proc/%d/maps", (int) pid);
    FILE *const maps = fopen(path, "re");
    cr_assert_not_null(maps);
    while (fgets(line, sizeof line, maps) != NULL)
        if (strstr(line, "/libqmon.so") != NULL && sscanf(line, "%lx-%lx %7s", &start, &end, rights) == 3 &&
            rights[2] == 'x')
            *ret_code = (struct code){.start = start, .end = end};
    fclose(maps);
    cr_assert_neq(ret_code->start, 0, "the agent is not there");
}

static void note_page(struct code *code, unsigned long at) {
    const unsigned long page = (at - code->start) / PAGE;
    if (at < code->start || at >= code->end)
        return;
    for (unsigned i = 0; i < code->count; i++)
        if (code->pages[i] == page)
            return;
    cr_assert_lt(code->count, CODE_PAGES_MOST);
    code->pages[code->count++] = page;
}

/* Starts a victim under the agent and stops it; its children will stop, too. */
static pid_t start_traced(struct victim_place *place) {
    char preload[600], state[SCRATCH_BYTES + 64];
    int status;
    snprintf(preload, sizeof preload, "LD_PRELOAD=%s", VICTIM_AGENT);
    snprintf(state, sizeof state, "QMON_STATE_DIR=%s", place->state);
    char *const arguments[] = {place->program, NULL};
    char *const environment[] = {preload, state, (char[]){"QMON_LIFECYCLE=off"}, NULL};
    const pid_t pid = fork();
    if (pid == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        execve(place->program, arguments, environment);
        _exit(127);
    }
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert(WIFSTOPPED(status));
    cr_assert_eq(ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACEFORK | PTRACE_O_EXITKILL), 0);
    return pid;
}

/* Lets it run until it has a child, which is stopped before its first instruction; it goes on alone then. */
static pid_t await_child(pid_t pid) {
    unsigned long child = 0;
    int status;
    for (;;) {
        cr_assert_eq(ptrace(PTRACE_CONT, pid, NULL, NULL), 0);
        cr_assert_eq(waitpid(pid, &status, 0), pid);
        cr_assert(WIFSTOPPED(status), "ended without a child");
        if (status >> 16 == PTRACE_EVENT_FORK)
            break;
    }
    cr_assert_eq(ptrace(PTRACE_GETEVENTMSG, pid, NULL, &child), 0);
    cr_assert_eq(ptrace(PTRACE_DETACH, pid, NULL, NULL), 0);
    cr_assert_eq(waitpid((pid_t) child, &status, __WALL), (pid_t) child);
    return (pid_t) child;
}

static void step_to_the_end(pid_t pid, struct code *code) {
    struct user_regs_struct registers;
    struct iovec part = {&registers, sizeof registers};
    int status;
    for (unsigned steps = 0; steps < STEPS_MOST; steps++) {
        cr_assert_eq(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
        cr_assert_eq(waitpid(pid, &status, __WALL), pid);
        if (!WIFSTOPPED(status))
            return;
        cr_assert_eq(ptrace(PTRACE_GETREGSET, pid, (void *) NT_PRSTATUS, &part), 0);
        note_page(code, registers.rip);
    }
    cr_assert_fail("it does not come to an end");
}

Test(agent_pages, of_code_for_the_child_of_a_fork_are_few) {
    static const struct victim victim = {.program = "forks_once"};
    static struct victim_place place;
    struct code code;
    int status;
    victim_place_make(&place, &victim);
    const pid_t parent = start_traced(&place), child = await_child(parent);
    find_code(child, &code);
    step_to_the_end(child, &code);
    cr_expect_eq(waitpid(parent, &status, 0), parent);
    cr_expect_eq(status, 0);
    cr_expect_gt(code.count, 0, "the agent did nothing");
    cr_expect_leq(code.count, CODE_PAGES_OF_CHILD, "%u pages: something is missing in agent_order.ld", code.count);
    victim_place_drop(&place);
}

#endif
