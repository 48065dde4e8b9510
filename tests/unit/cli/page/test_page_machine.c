/* What a page shows of the machine, and of what the process was like. */
#include <criterion/criterion.h>
#include <locale.h>
#include <string.h>

#include "disassemble.h"
#include "page.h"
#include "printed.h"
#include "sample_event.h"

static struct sample sample;
static struct qmon_register registers[] = {
    {"rax", 8, NULL}, {"rdi", 0x1000, "heap+0x10"}, {"rip", 0x40100c, "parse+0xc (checkout)"}};

static void setup(void) {
    setlocale(LC_ALL, "C.UTF-8");
    sample_crash(&sample);
    sample_trace(&sample);
    sample.event.registers = registers;
    sample.event.register_count = 3;
    sample.event.process.architecture = "x86_64";
    sample.event.context.code_address = 0x401000;
    /* push rbp; mov rbp,rsp; mov [rbp-8],rdi; mov rax,[rbp-8]; mov eax,[rax]; pop rbp; ret */
    sample.event.context.code = "554889e548897df8488b45f88b005dc3";
    registers[2].value = 0x40100c;
}

TestSuite(cli_page_machine, .init = setup, .timeout = 20);

typedef void part(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event);

static char *printed_by(part *print) {
    struct qmon__cli_style style = {.unicode = true};
    struct printed printed;
    printed_begin(&printed);
    print(printed.out, &style, &sample.event);
    return printed_end(&printed);
}

#define cr_prints(print, expected)                                                                                     \
    do {                                                                                                               \
        char *text = printed_by(print);                                                                                \
        cr_expect_str_eq(text, expected);                                                                              \
        free(text);                                                                                                    \
    } while (0)

Test(cli_page_machine, shows_what_each_register_points_to) {
    cr_prints(qmon__cli_page_registers, "\nRegisters\n"
                                        "  rax     0x0000000000000008\n"
                                        "  rdi     0x0000000000001000  heap+0x10\n"
                                        "  rip     0x000000000040100c  parse+0xc (checkout)\n");
}

Test(cli_page_machine, shows_the_instructions_around_the_program_counter) {
    cr_prints(qmon__cli_page_code, "\nCode at the program counter\n"
                                   "  0x401000  55                        push rbp\n"
                                   "  0x401001  48 89 e5                  mov rbp, rsp\n"
                                   "  0x401004  48 89 7d f8               mov qword ptr [rbp - 8], rdi\n"
                                   "  0x401008  48 8b 45 f8               mov rax, qword ptr [rbp - 8]\n"
                                   "> 0x40100c  8b 00                     mov eax, dword ptr [rax]\n"
                                   "  0x40100e  5d                        pop rbp\n"
                                   "  0x40100f  c3                        ret\n");
}

Test(cli_page_machine, names_the_instruction_and_the_registers_of_its_address) {
    cr_prints(qmon__cli_page_instruction, "Executing  mov eax, dword ptr [rax], rax = 0x8\n");
}

Test(cli_page_machine, shows_no_instructions_where_the_bytes_are_others) {
    struct qmon__cli_instruction instructions[9];
    const char *problem = NULL;
    registers[2].value = 0x500000;
    cr_expect_eq(qmon__cli_disassemble(&sample.event, 4, 4, instructions, &problem), 0);
    registers[2].value = 0x40100c;
    sample.event.context.code = "not hexadecimal";
    cr_expect_eq(qmon__cli_disassemble(&sample.event, 4, 4, instructions, &problem), 0);
    sample.event.context.code = NULL;
    cr_expect_eq(qmon__cli_disassemble(&sample.event, 4, 4, instructions, &problem), 0);
    cr_prints(qmon__cli_page_code, "");
}

Test(cli_page_machine, decodes_the_other_machine_too) {
    struct qmon__cli_instruction instructions[3];
    const char *problem = NULL;
    sample.event.process.architecture = "aarch64";
    sample.event.context.code = "000040f9c0035fd6";
    registers[2].name = "pc";
    registers[2].value = 0x401000;
    cr_assert_eq(qmon__cli_disassemble(&sample.event, 0, 2, instructions, &problem), 2);
    cr_expect_str_eq(instructions[0].text, "ldr x0, [x0]");
    cr_expect(instructions[0].current);
    registers[2].name = "rip";
}

Test(cli_page_machine, shows_what_the_process_was_like) {
    static struct qmon_pair kinds[] = {{"sockets", "1000"}, {"files", "1"}};
    static struct qmon_pair limits[] = {{"stack", "8 MB"}, {"core file", "0 bytes"}};
    sample.event.context.error_number = 24;
    sample.event.context.error_name = "EMFILE";
    sample.event.context.resident_bytes = 12u << 20;
    sample.event.context.resident_peak_bytes = 13u << 20;
    sample.event.context.virtual_bytes = UINT64_C(3) << 30;
    sample.event.context.group_used_bytes = 500u << 20;
    sample.event.context.group_limit_bytes = 512u << 20;
    sample.event.context.descriptors = 1001;
    sample.event.context.descriptor_limit = 1024;
    sample.event.context.descriptor_kinds = kinds;
    sample.event.context.descriptor_kind_count = 2;
    sample.event.context.limits = limits;
    sample.event.context.limit_count = 2;
    cr_prints(qmon__cli_page_context,
              "errno      EMFILE (24), Too many open files (left by the last call that failed)\n"
              "Memory     12 MB resident (peak 13 MB), 3 GB virtual\n"
              "           its control group uses 500 MB of 512 MB\n"
              "Files      1,001 of 1,024 descriptors open: 1000 sockets, 1 file\n"
              "           that is close to the limit: calls that open something fail then\n"
              "Limits     stack 8 MB, core file 0 bytes\n");
}

Test(cli_page_machine, raw_shows_what_was_captured_and_not_what_was_made_of_it) {
    static const char *words[] = {"0x401020", "-", "0x7", "0x0", "0x401099"};
    static struct qmon_module modules[] = {{"/usr/bin/checkout", "abcd", 0x555500001000, 0x555500003000, 0x1000}};
    sample.event.context.stack_address = 0x7ffc00000010;
    sample.event.context.stack_words = words;
    sample.event.context.stack_word_count = 5;
    sample.event.modules = modules;
    sample.event.module_count = 1;
    char *text = printed_by(qmon__cli_page_raw);
    cr_expect_not_null(strstr(text, "\nThread 4711 worker, crashed, state unknown\n"
                                    "  #0   0x0000555500001000  libc.so.6+0x1000\n"),
                       "%s", text);
    cr_expect_null(strstr(text, "parse_header"));
    cr_expect_not_null(strstr(text, "  0x00007ffc00000010  0x401020           -                  0x7                "
                                    "0x0\n  0x00007ffc00000030  0x401099\n"),
                       "%s", text);
    cr_expect_not_null(strstr(text, "  0x555500001000-0x555500003000  0x1000      abcd  /usr/bin/checkout\n"), "%s",
                       text);
    cr_expect_not_null(strstr(text, "Code bytes from 0x401000\n  554889e548897df8488b45f88b005dc3\n"));
    free(text);
}

static void print_crumbs(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event) {
    qmon__cli_page_crumbs(out, style, event, false);
}

static void print_all_crumbs(FILE *out, const struct qmon__cli_style *style, const struct qmon_event *event) {
    qmon__cli_page_crumbs(out, style, event, true);
}

Test(cli_page_machine, libraries_opened_one_after_another_are_one_row) {
    static struct qmon_crumb crumbs[] = {{0, 1, "started /bin/x"},
                                         {0, 1, "opens library /usr/lib/a.so"},
                                         {0, 1, "opens library /usr/lib/b.so"},
                                         {0, 1, "ready"}};
    for (size_t i = 0; i < 4; i++)
        crumbs[i].time_ns = sample.event.time_ns - 5000000;
    sample.event.crumbs = crumbs;
    sample.event.crumb_count = 4;
    cr_prints(print_crumbs, "Before it  -5 ms started /bin/x\n"
                            "           -5 ms opens library b.so, the last of 2\n"
                            "           -5 ms ready\n");
    cr_prints(print_all_crumbs, "Before it  -5 ms started /bin/x\n"
                                "           -5 ms opens library /usr/lib/a.so\n"
                                "           -5 ms opens library /usr/lib/b.so\n"
                                "           -5 ms ready\n");
}

Test(cli_page_machine, of_many_breadcrumbs_the_last_are_shown) {
    static struct qmon_crumb crumbs[20];
    for (size_t i = 0; i < 20; i++)
        crumbs[i] = (struct qmon_crumb){sample.event.time_ns - 5000000, 1, i == 8 ? "the ninth" : "another"};
    sample.event.crumbs = crumbs;
    sample.event.crumb_count = 20;
    char *text = printed_by(print_crumbs);
    cr_expect_eq(strstr(text, "Before it  (8 earlier ones: --full shows them)\n           -5 ms the ninth\n"), text,
                 "%s", text);
    free(text);
}
