/*
 * What we say of a filter is what the kernel does with it: programs made at random are installed in a child, which makes calls that
 * do not exist and sees whether SIGSYS comes.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "filters.h"
#include "sys.h"

TestSuite(filters, .timeout = 60);

#define PROGRAMS 300
#define STEPS 24
#define CALLS 6
#define NO_CALL 5000 /* ENOSYS on every machine */

static uint32_t seed;

static uint32_t dice(uint32_t sides) {
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % sides;
}

static struct sock_filter step(unsigned code, uint32_t k) {
    return (struct sock_filter) BPF_STMT((uint16_t) code, k);
}

static struct sock_filter random_load(void) {
    const uint32_t places[] = {0, 4, 16, 24, 28, 32, 40, 56};
    switch (dice(5)) {
    case 0:
        return step(BPF_LD | BPF_IMM, dice(1000));
    case 1:
        return step(BPF_LDX | BPF_IMM, 1 + dice(1000));
    case 2:
        return step(BPF_LD | BPF_W | BPF_LEN, 0);
    case 3:
        return step(BPF_LD | BPF_MEM, dice(4));
    default:
        return step(BPF_LD | BPF_W | BPF_ABS, places[dice(8)]);
    }
}

static struct sock_filter random_step(unsigned left) {
    static const unsigned alu[] = {BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_AND,
                                   BPF_OR,  BPF_LSH, BPF_RSH, BPF_XOR, BPF_NEG};
    static const unsigned jumps[] = {BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET};
    const unsigned operation = alu[dice(10)];
    switch (dice(6)) {
    case 0:
    case 1:
        return random_load();
    case 2: /* by a constant; shifts by less than a word */
        return step(BPF_ALU | operation | BPF_K, operation == BPF_NEG ? 0 : 1 + dice(31));
    case 3:
        return step(BPF_ALU |
                        (operation == BPF_LSH || operation == BPF_RSH || operation == BPF_NEG ? BPF_XOR : operation) |
                        BPF_X,
                    0);
    case 4:
        return (struct sock_filter) BPF_JUMP((uint16_t) (BPF_JMP | jumps[dice(4)] | (dice(2) ? BPF_X : BPF_K)),
                                             dice(100), (uint8_t) dice(left), (uint8_t) dice(left));
    default:
        return dice(3) == 0   ? step(BPF_MISC | BPF_TAX, 0)
               : dice(2) == 0 ? step(BPF_MISC | BPF_TXA, 0)
                              : step(dice(2) ? BPF_ST : BPF_STX, dice(4));
    }
}

/* Ends in SIGSYS or an error, as the last bit of what was computed says; other calls are left alone. */
static unsigned make_program(struct sock_filter *steps) {
    unsigned count = 0;
    steps[count++] = step(BPF_LD | BPF_W | BPF_ABS, 0);
    steps[count++] = (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, NO_CALL, 1, 0);
    steps[count++] = step(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    for (uint32_t i = 0; i < 4; i++) /* the kernel wants memory to be written before it is read */
        steps[count++] = step(BPF_ST, i);
    steps[count++] = step(BPF_LDX | BPF_IMM, 3);
    for (unsigned i = 0; i < STEPS; i++)
        steps[count++] = random_step(STEPS - i);
    steps[count++] = (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1, 0, 1);
    steps[count++] = step(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
    steps[count++] = step(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 7);
    return count;
}

static volatile sig_atomic_t trapped;

static void on_sigsys(int signal) {
    (void) signal;
    trapped = 1;
}

/* In the child: 0 where we and the kernel are of one mind, 1 where not, 2 where the kernel does not take the program. */
static int compare(const struct sock_fprog *program) {
    struct sigaction action = {.sa_handler = on_sigsys};
    sigaction(SIGSYS, &action, NULL);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    qmon__filters_add(program);
    long arguments[CALLS][6];
    bool expected[CALLS];
    for (int i = 0; i < CALLS; i++) {
        for (int j = 0; j < 6; j++)
            arguments[i][j] = (long) dice(1u << 20) << dice(40);
        expected[i] = qmon__filters_forbid(NO_CALL + i, arguments[i]);
    }
    if (qmon__sys6_raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, (long) program, 0, 0, 0) != 0)
        return 2;
    for (int i = 0; i < CALLS; i++) {
        const long *a = arguments[i];
        trapped = 0;
        qmon__sys6_raw(NO_CALL + i, a[0], a[1], a[2], a[3], a[4], a[5]);
        if (trapped != expected[i])
            return 1;
    }
    return 0;
}

Test(filters, are_understood_as_the_kernel_understands_them) {
    unsigned taken = 0, traps = 0;
    for (unsigned i = 0; i < PROGRAMS; i++) {
        struct sock_filter steps[64];
        seed = i;
        const struct sock_fprog program = {(unsigned short) make_program(steps), steps};
        int status;
        pid_t child = fork();
        if (child == 0)
            _exit(compare(&program));
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_expect(WIFEXITED(status) && WEXITSTATUS(status) != 1, "program %u: status %x", i, status);
        taken += WIFEXITED(status) && WEXITSTATUS(status) == 0;
        traps++;
    }
    cr_expect_gt(taken, traps / 2, "only %u programs of %u were taken by the kernel", taken, traps);
}

static const long nothing[6];

Test(filters, all_of_them_are_asked) {
    struct sock_filter kills_one[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_filter refuses_one[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    cr_expect_not(qmon__filters_seen());
    cr_expect_not(qmon__filters_forbid(SYS_openat, nothing));
    qmon__filters_add(&(struct sock_fprog){4, refuses_one});
    qmon__filters_add(&(struct sock_fprog){4, kills_one});
    cr_expect(qmon__filters_seen());
    cr_expect(qmon__filters_forbid(SYS_openat, nothing));
    cr_expect_not(qmon__filters_forbid(SYS_clone, nothing), "an error does no harm");
    cr_expect_not(qmon__filters_forbid(SYS_read, nothing));
    kills_one[2].k = SECCOMP_RET_ALLOW;
    cr_expect(qmon__filters_forbid(SYS_openat, nothing), "the program may have thrown its copy away");
}

Test(filters, the_strict_mode_leaves_four_calls) {
    qmon__filters_add_strict();
    cr_expect_not(qmon__filters_forbid(SYS_read, nothing));
    cr_expect_not(qmon__filters_forbid(SYS_write, nothing));
    cr_expect_not(qmon__filters_forbid(SYS_exit, nothing));
    cr_expect_not(qmon__filters_forbid(SYS_rt_sigreturn, nothing));
    cr_expect(qmon__filters_forbid(SYS_exit_group, nothing));
    cr_expect_eq(qmon__getpid(), -EPERM);
}

Test(filters, what_finds_no_room_is_left_out) {
    static struct sock_filter steps[4096];
    for (unsigned i = 0; i < 4096; i++)
        steps[i] = step(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    for (unsigned i = 0; i < 100; i++)
        qmon__filters_add(&(struct sock_fprog){4096, steps});
    cr_expect_eq(atomic_load(&qmon__filter_count), 4);
    cr_expect_not(qmon__filters_forbid(SYS_openat, nothing));
}
