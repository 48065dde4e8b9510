#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "context.h"
#include "targets.h"

static struct qmon_event *event;
static struct qmon_record_crash crash;
static struct qmon__memory_map map;

static void set_up(void) {
    event = qmon_event_new(1);
    memset(&crash, 0, sizeof crash);
}

static void tear_down(void) {
    qmon__memory_map_free(&map);
    qmon_event_free(event);
}

TestSuite(context, .init = set_up, .fini = tear_down, .timeout = 10);

static const char maps[] = "00400000-00401000 r--p 00000000 08:01 7 /usr/bin/prog\n"
                           "00401000-00403000 r-xp 00001000 08:01 7 /usr/bin/prog\n"
                           "00403000-00404000 rw-p 00003000 08:01 7 /usr/bin/prog\n"
                           "01000000-01021000 rw-p 00000000 00:00 0 [heap]\n"
                           "no mapping at all\n"
                           "7f0000000000-7f0000010000 rw-p 00000000 00:00 0 \n"
                           "7f0000010000-7f0000011000 ---p 00000000 00:00 0 \n"
                           "7f0000020000-7f0000030000 r--p 00000000 08:01 9 /var/data/secrets of all.txt\n"
                           "7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0 [stack]\n";

static struct qmon_module modules[] = {{"/usr/bin/prog", "abcd", 0x401000, 0x403000, 0x1000}};

static void make_scene(struct qmon_register *registers, size_t count) {
    cr_assert(qmon__memory_map_parse(&map, strdup(maps)));
    event->modules = modules;
    event->module_count = 1;
    event->registers = registers;
    event->register_count = count;
    crash.stack_low = 0x7ffc00000000;
    crash.stack_high = 0x7ffc00021000;
    crash.stack_start = 0x7ffc00020000;
}

Test(context, finds_the_mapping_of_an_address) {
    cr_assert(qmon__memory_map_parse(&map, strdup(maps)));
    cr_assert_eq(map.count, 8, "the line that is none is passed over");
    cr_expect_null(qmon__memory_map_find(&map, 0x3fffff));
    cr_expect_str_eq(qmon__memory_map_find(&map, 0x400000)->name, "/usr/bin/prog");
    cr_expect(qmon__memory_map_find(&map, 0x402fff)->executable);
    cr_expect_null(qmon__memory_map_find(&map, 0x404000));
    cr_expect_str_eq(qmon__memory_map_find(&map, 0x7f0000020000)->name, "/var/data/secrets of all.txt");
    cr_expect_null(qmon__memory_map_find(&map, UINT64_MAX));
}

Test(context, says_of_each_register_what_it_points_to) {
    static struct qmon_register registers[] = {
        {"rsp", 0x7ffc00020000, NULL},
        {"rax", 0, NULL},
        {"rbx", 42, NULL},
        {"rcx", UINT64_MAX, NULL},
        {"rdx", 0x401004, NULL},
        {"rsi", 0x1000010, NULL},
        {"rdi", 0x403008, NULL},
        {"r8", 0x7f0000000020, NULL},
        {"r9", 0x7f0000010000, NULL},
        {"r10", 0x7ffc00020010, NULL},
        {"r11", 0x7ffc0001fff8, NULL},
        {"r12", 0x4141414141414141, NULL},
        {"r13", 0x7f1234567890, NULL},
        {"r14", 0x7f0000020005, NULL},
        {"eflags", 0x246, NULL},
        {"trapno", 14, NULL},
    };
    static const char *const expected[] = {
        "top of the stack",
        NULL,
        "42",
        "-1",
        NULL,
        "heap+0x10",
        "data of prog+0x3008",
        "anonymous memory+0x20",
        "memory without access (a guard page, or reserved)",
        "stack, sp+0x10",
        "stack, sp-0x8",
        "no address: looks like text",
        "not mapped",
        "the mapped file secrets of all.txt+0x5",
        "PF ZF IF",
        NULL,
    };
    make_scene(registers, sizeof registers / sizeof *registers);
    qmon__add_targets(event, &crash, &map, 0);
    for (size_t i = 0; i < event->register_count; i++)
        if (expected[i])
            cr_expect_str_eq(registers[i].points_to, expected[i]);
        else
            cr_expect_null(registers[i].points_to, "%s: %s", registers[i].name, registers[i].points_to);
}

Test(context, keeps_of_the_stack_addresses_and_small_numbers_only) {
    static const char password[8] = "hunter2";
    uint64_t words[] = {0x401004, 0, 7, 0x7ffc00020010, 0, 0x1000010, 0x123456789abc0000};
    memcpy(&words[4], password, sizeof password);
    make_scene(NULL, 0);
    memcpy(crash.stack_bytes, words, sizeof words);
    crash.stack_byte_count = sizeof words;
    qmon__add_targets(event, &crash, &map, 0);
    static const char *const expected[] = {"0x401004", "0x0", "0x7", "0x7ffc00020010", "-", "0x1000010", "-"};
    cr_assert_eq(event->context.stack_word_count, 7);
    cr_expect_eq(event->context.stack_address, 0x7ffc00020000);
    for (size_t i = 0; i < 7; i++)
        cr_expect_str_eq(event->context.stack_words[i], expected[i]);
}

Test(context, quotes_constants_of_modules_but_nothing_that_the_program_wrote) {
    static const char constant[] = "a constant of this test";
    static char variable[] = "a variable of this test";
    static struct qmon_register registers[2];
    uintptr_t code = (uintptr_t) set_up;
    qmon__memory_map_read(&map, (uint32_t) getpid());
    const struct qmon__mapping *own = qmon__memory_map_find(&map, code);
    static struct qmon_module self;
    self = (struct qmon_module){own->name, NULL, own->start, own->end, own->file_offset};
    event->modules = &self;
    event->module_count = 1;
    registers[0] = (struct qmon_register){"rdi", (uintptr_t) constant, NULL};
    registers[1] = (struct qmon_register){"rsi", (uintptr_t) variable, NULL};
    event->registers = registers;
    event->register_count = 2;
    qmon__add_targets(event, &crash, &map, (uint32_t) getpid());
    cr_expect_not_null(strstr(registers[0].points_to, "\"a constant of this test\" in "), "%s", registers[0].points_to);
    cr_expect_not_null(strstr(registers[1].points_to, "data of "), "%s", registers[1].points_to);
    cr_expect_null(strstr(registers[1].points_to, "variable"));
}

Test(context, reads_memory_and_threads_of_a_status_file) {
    qmon__parse_status(event, "Name:\tVmRSS: 9 kB\nVmPeak:\t  100 kB\nVmSize:\t   90 kB\nVmHWM:\t   20 kB\nVmRSS:\t"
                              "   10 kB\nVmSwap:\t    3 kB\nThreads:\t7\n");
    cr_expect_eq(event->context.threads, 7);
    cr_expect_eq(event->context.virtual_bytes, 90 * 1024);
    cr_expect_eq(event->context.resident_bytes, 10 * 1024);
    cr_expect_eq(event->context.resident_peak_bytes, 20 * 1024);
    cr_expect_eq(event->context.swapped_bytes, 3 * 1024);
}

Test(context, reads_the_limits_that_are_set) {
    qmon__parse_limits(event, "Limit                     Soft Limit           Hard Limit           Units     \n"
                              "Max cpu time              unlimited            unlimited            seconds   \n"
                              "Max stack size            8388608              unlimited            bytes     \n"
                              "Max core file size        0                    unlimited            bytes     \n"
                              "Max processes             96365                96365                processes \n"
                              "Max open files            1024                 524288               files     \n");
    cr_assert_eq(event->context.limit_count, 3);
    cr_expect_str_eq(event->context.limits[0].key, "stack");
    cr_expect_str_eq(event->context.limits[0].value, "8 MB");
    cr_expect_str_eq(event->context.limits[1].value, "0 bytes");
    cr_expect_str_eq(event->context.limits[2].value, "96,365");
    cr_expect_eq(event->context.descriptor_limit, 1024);
}

Test(context, tells_descriptors_by_kind) {
    cr_expect_str_eq(qmon__descriptor_kind("socket:[123]"), "sockets");
    cr_expect_str_eq(qmon__descriptor_kind("pipe:[1]"), "pipes");
    cr_expect_str_eq(qmon__descriptor_kind("anon_inode:[eventpoll]"), "epolls");
    cr_expect_str_eq(qmon__descriptor_kind("anon_inode:inotify"), "other kernel objects");
    cr_expect_str_eq(qmon__descriptor_kind("/dev/pts/3"), "terminals");
    cr_expect_str_eq(qmon__descriptor_kind("/memfd:x (deleted)"), "shared memory");
    cr_expect_str_eq(qmon__descriptor_kind("/tmp/a (deleted)"), "deleted files");
    cr_expect_str_eq(qmon__descriptor_kind("/etc/passwd"), "files");
}

static uint64_t kind_count(const char *kind) {
    for (size_t i = 0; i < event->context.descriptor_kind_count; i++)
        if (strcmp(event->context.descriptor_kinds[i].key, kind) == 0)
            return strtoull(event->context.descriptor_kinds[i].value, NULL, 10);
    return 0;
}

Test(context, counts_the_descriptors_of_a_process) {
    qmon__add_descriptors(event, (uint32_t) getpid());
    uint64_t before = event->context.descriptors, sockets = kind_count("sockets");
    int pair[2];
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    event->context.descriptor_kind_count = 0;
    qmon__add_descriptors(event, (uint32_t) getpid());
    cr_expect_eq(event->context.descriptors, before + 2);
    cr_expect_eq(kind_count("sockets"), sockets + 2);
    close(pair[0]);
    close(pair[1]);
}

Test(context, keeps_errno_and_the_code_around_the_program_counter) {
    crash.error_number = ENOENT;
    crash.code_start = 0x1000;
    crash.code_byte_count = 3;
    crash.code_bytes[0] = 0x0f;
    crash.code_bytes[2] = 0xc3;
    qmon__context_of_crash(event, &crash, QMON_STAGE_SEALED, 0x1001);
    cr_expect_eq(event->context.error_number, ENOENT);
    cr_expect_str_eq(event->context.error_name, "ENOENT");
    cr_expect_str_eq(event->context.code, "0f00c3");
    cr_expect_eq(event->context.code_address, 0x1000);
    event->context.code = NULL;
    qmon__context_of_crash(event, &crash, QMON_STAGE_SEALED, 0x1003);
    cr_expect_null(event->context.code, "these bytes are not those at the program counter");
}
