/*
 * Core dumps: written where they would have been, with the same signal, siginfo, threads and program counter as without the agent.
 * Addresses are not randomised in these runs, so that they can be compared.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/procfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "victim_place.h"

TestSuite(core_dump, .timeout = 60);

struct core {
    int signal; /* of the thread that the kernel lists first: the one that died */
    unsigned long pc;
    siginfo_t info;
    unsigned threads;
};

static void fixed_addresses(void) {
    personality(ADDR_NO_RANDOMIZE);
}

/* Cores are looked for where core_pattern is a plain name, as it is by default. */
static bool is_plain_pattern(void) {
    char pattern[128] = "";
    FILE *file = fopen("/proc/sys/kernel/core_pattern", "re");
    bool plain = file != NULL && fgets(pattern, sizeof pattern, file) != NULL && strcmp(pattern, "core\n") == 0;
    if (file != NULL)
        fclose(file);
    return plain;
}

static void read_note(struct core *core, const GElf_Nhdr *note, const void *bytes) {
    if (note->n_type == NT_PRSTATUS) {
        struct elf_prstatus status;
        memcpy(&status, bytes, sizeof status < note->n_descsz ? sizeof status : note->n_descsz);
        if (core->threads++ == 0) {
            core->signal = status.pr_cursig;
#if defined(__x86_64__)
            core->pc = ((unsigned long *) &status.pr_reg)[16];
#elif defined(__aarch64__)
            core->pc = ((unsigned long *) &status.pr_reg)[32];
#endif
        }
    } else if (note->n_type == NT_SIGINFO && note->n_descsz <= sizeof core->info && core->threads == 1) {
        memcpy(&core->info, bytes, note->n_descsz);
    }
}

static void read_core(const char *path, struct core *ret_core) {
    elf_version(EV_CURRENT);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    cr_assert_geq(fd, 0, "there is no core file");
    Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
    size_t headers = 0;
    *ret_core = (struct core){0};
    cr_assert_eq(elf_getphdrnum(elf, &headers), 0);
    for (int i = 0; i < (int) headers; i++) {
        GElf_Phdr header;
        if (gelf_getphdr(elf, i, &header) == NULL || header.p_type != PT_NOTE)
            continue;
        Elf_Data *data = elf_getdata_rawchunk(elf, (int64_t) header.p_offset, header.p_filesz, ELF_T_NHDR);
        GElf_Nhdr note;
        size_t at = 0, name, bytes;
        while ((at = gelf_getnote(data, at, &note, &name, &bytes)) != 0)
            read_note(ret_core, &note, (char *) data->d_buf + bytes);
    }
    elf_end(elf);
    close(fd);
}

static void make_core(const struct victim *victim, bool agent, struct core *ret_core) {
    static struct victim_place place;
    struct tree_result result;
    victim_place_make(&place, victim);
    victim_place_run(&place, agent, &result);
    cr_assert(WIFSIGNALED(result.wait_status) && WCOREDUMP(result.wait_status), "it dumps no core");
    char path[400];
    snprintf(path, sizeof path, "%s/core", place.work);
    if (access(path, F_OK) != 0) /* kernel.core_uses_pid */
        snprintf(path, sizeof path, "%s/core.%d", place.work, result.pid);
    read_core(path, ret_core);
    tree_free(&result);
    victim_place_drop(&place);
}

/* What can be compared: signals come from within libc or from us, and where other libraries and the stack lie is not the
 * same with one library more. */
enum same { SAME_SIGNAL, SAME_PC, SAME_ADDRESS };

static void check_core(const struct victim *victim, enum same same) {
    struct core plain, now;
    if (!is_plain_pattern())
        cr_skip_test("kernel.core_pattern is not \"core\"");
    make_core(victim, false, &plain);
    make_core(victim, true, &now);
    cr_expect_eq(now.signal, plain.signal, "signal %d, without the agent %d", now.signal, plain.signal);
    cr_expect_eq(now.threads, plain.threads, "%u threads, without the agent %u", now.threads, plain.threads);
    cr_expect_eq(now.info.si_signo, plain.info.si_signo);
    cr_expect_eq(now.info.si_code, plain.info.si_code, "si_code %d, without the agent %d", now.info.si_code,
                 plain.info.si_code);
    if (same == SAME_ADDRESS)
        cr_expect_eq(now.info.si_addr, plain.info.si_addr, "si_addr %p, without the agent %p", now.info.si_addr,
                     plain.info.si_addr);
    if (same >= SAME_PC)
        cr_expect_eq(now.pc, plain.pc, "pc %lx, without the agent %lx", now.pc, plain.pc);
}

#define CORE(sentence, same, ...)                                                                                      \
    Test(core_dump, sentence) {                                                                                        \
        check_core(&(const struct victim){.prepare = fixed_addresses, __VA_ARGS__}, same);                             \
    }

CORE(of_a_null_pointer, SAME_ADDRESS, .program = "null_read")
CORE(of_a_null_call, SAME_ADDRESS, .program = "null_call")
CORE(of_a_wild_address, SAME_ADDRESS, .program = "wild_read")
CORE(of_a_division_by_zero, SAME_ADDRESS, .program = "divide_by_zero")
CORE(of_an_illegal_instruction, SAME_ADDRESS, .program = "illegal_instruction")
CORE(of_a_breakpoint, SAME_SIGNAL, .program = "breakpoint")
CORE(of_a_truncated_mapping, SAME_PC, .program = "truncated_mapping")
CORE(of_a_stack_overflow, SAME_PC, .program = "stack_overflow")
/* A library's thread-local data lies on each thread's stack: which of the function's instructions the stack ends at depends on it. */
CORE(of_a_stack_overflow_in_a_thread, SAME_SIGNAL, .program = "stack_overflow_thread")
CORE(of_a_thread, SAME_ADDRESS, .program = "thread_crashes")
CORE(of_a_blocked_fault, SAME_ADDRESS, .program = "blocked_fault", .arguments = {"default"})
CORE(of_a_fault_in_a_handler, SAME_ADDRESS, .program = "handler_gives_up", .arguments = {"fault"})
CORE(of_a_handler_that_lets_it_happen, SAME_ADDRESS, .program = "handler_gives_up", .arguments = {"default"})
CORE(of_a_trapped_system_call, SAME_SIGNAL, .program = "forbidden_call")
CORE(of_an_abort, SAME_SIGNAL, .program = "aborts")
CORE(of_an_assertion, SAME_SIGNAL, .program = "asserts")
CORE(of_a_double_free, SAME_SIGNAL, .program = "double_free")
CORE(of_a_sent_signal, SAME_SIGNAL, .program = "sends_itself", .arguments = {"kill", "11"})
CORE(of_a_queued_signal, SAME_SIGNAL, .program = "sends_itself", .arguments = {"sigqueue", "7"})
CORE(of_sigquit, SAME_SIGNAL, .program = "sends_itself", .arguments = {"kill", "3"})
