/*
 * What libqmon.so brings into a host, read from the file itself:
 *   1. it needs libc and nothing else
 *   2. it exports the hooked names and the API, and nothing else: no unwinder, no allocator
 *   3. its thread-local data needs no call into the loader, which would allocate
 *   4. it asks for no executable stack, no text relocations, and stays loaded
 */
#include <criterion/criterion.h>
#include <elf.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AGENT QMON_BUILD_DIR "/libqmon.so"
#define EXPORTS QMON_BUILD_DIR "/libqmon.map"

static Elf *agent;
static int agent_fd = -1;

static void open_agent(void) {
    cr_assert_neq(elf_version(EV_CURRENT), (unsigned) EV_NONE);
    agent_fd = open(AGENT, O_RDONLY | O_CLOEXEC);
    cr_assert_geq(agent_fd, 0, "no " AGENT);
    agent = elf_begin(agent_fd, ELF_C_READ, NULL);
    cr_assert_not_null(agent);
}

static void close_agent(void) {
    elf_end(agent);
    close(agent_fd);
}

TestSuite(agent_file, .init = open_agent, .fini = close_agent, .timeout = 20);

/* The section of a type, its header in *ret_header. */
static Elf_Data *section(Elf64_Word type, GElf_Shdr *ret_header) {
    for (Elf_Scn *s = elf_nextscn(agent, NULL); s; s = elf_nextscn(agent, s))
        if (gelf_getshdr(s, ret_header) && ret_header->sh_type == type)
            return elf_getdata(s, NULL);
    cr_assert_fail("no section of type %u in " AGENT, type);
    return NULL;
}

/* The value of the nth dynamic entry with a tag; false when there are not so many. */
static bool dynamic_entry(Elf64_Sxword tag, int nth, GElf_Xword *ret_value, const char **ret_text) {
    GElf_Shdr header;
    Elf_Data *data = section(SHT_DYNAMIC, &header);
    GElf_Dyn entry;

    for (int i = 0; gelf_getdyn(data, i, &entry) && entry.d_tag != DT_NULL; i++)
        if (entry.d_tag == tag && nth-- == 0) {
            *ret_value = entry.d_un.d_val;
            *ret_text = elf_strptr(agent, header.sh_link, entry.d_un.d_val);
            return true;
        }
    return false;
}

Test(agent_file, needs_libc_and_nothing_else) {
    GElf_Xword value;
    const char *name;

    cr_assert(dynamic_entry(DT_NEEDED, 0, &value, &name), "libqmon.so needs nothing, not even libc");
    cr_assert_str_eq(name, "libc.so.6");
    cr_assert_not(dynamic_entry(DT_NEEDED, 1, &value, &name), "libqmon.so needs %s as well", name);
}

/* Whether a name stands on a line of its own in the version script. */
static bool is_listed(const char *exports, const char *name) {
    char line[256];

    snprintf(line, sizeof line, "    %s;\n", name);
    return strstr(exports, line);
}

static char *read_exports(void) {
    FILE *file = fopen(EXPORTS, "re");
    static char text[65536];

    cr_assert_not_null(file, "no " EXPORTS);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static bool is_exported(const GElf_Sym *symbol) {
    return symbol->st_shndx != SHN_UNDEF && GELF_ST_BIND(symbol->st_info) != STB_LOCAL;
}

Test(agent_file, exports_the_hooks_and_the_api_and_nothing_else) {
    const char *exports = read_exports();
    GElf_Shdr header;
    Elf_Data *data = section(SHT_DYNSYM, &header);
    unsigned found = 0, listed = 1; /* the first name follows "global:", every other one a semicolon */
    GElf_Sym symbol;

    for (int i = 1; gelf_getsym(data, i, &symbol); i++) {
        const char *name = elf_strptr(agent, header.sh_link, symbol.st_name);
        if (!is_exported(&symbol))
            continue;
        cr_expect(is_listed(exports, name), "%s is exported, but neither hooked nor part of the API", name);
        found++;
    }
    for (const char *at = exports; (at = strstr(at, ";\n    ")); at++)
        listed++;
    cr_assert_eq(found, listed, "%u names are exported, %u are listed in " EXPORTS, found, listed);
    cr_assert(is_listed(exports, "qmon_report") && is_listed(exports, "sigaction"));
}

Test(agent_file, calls_nothing_of_the_loader_for_its_thread_local_data) {
    GElf_Shdr header;
    Elf_Data *data = section(SHT_DYNSYM, &header);
    GElf_Sym symbol;

    for (int i = 1; gelf_getsym(data, i, &symbol); i++)
        cr_assert_str_neq(elf_strptr(agent, header.sh_link, symbol.st_name), "__tls_get_addr");
}

/* A program may define some of these itself, and call the next one from there. */
Test(agent_file, calls_its_own_functions_past_the_loader) {
    GElf_Shdr header, symbols_header;
    Elf_Data *symbols = section(SHT_DYNSYM, &symbols_header);
    unsigned looked_at = 0;

    for (Elf_Scn *s = elf_nextscn(agent, NULL); s; s = elf_nextscn(agent, s)) {
        GElf_Rela entry;
        if (!gelf_getshdr(s, &header) || header.sh_type != SHT_RELA)
            continue;
        for (int i = 0; gelf_getrela(elf_getdata(s, NULL), i, &entry); i++) {
            GElf_Sym symbol;
            if (GELF_R_SYM(entry.r_info) == 0 || !gelf_getsym(symbols, (int) GELF_R_SYM(entry.r_info), &symbol))
                continue;
            cr_expect_not(is_exported(&symbol) && GELF_ST_TYPE(symbol.st_info) == STT_FUNC, "%s may be somebody else's",
                          elf_strptr(agent, symbols_header.sh_link, symbol.st_name));
            looked_at++;
        }
    }
    cr_expect_gt(looked_at, 20);
}

Test(agent_file, asks_for_no_executable_stack) {
    size_t count = 0;
    GElf_Phdr header;
    bool seen = false;

    cr_assert_eq(elf_getphdrnum(agent, &count), 0);
    for (int i = 0; i < (int) count; i++) {
        cr_assert_not_null(gelf_getphdr(agent, i, &header));
        if (header.p_type != PT_GNU_STACK)
            continue;
        cr_assert_not(header.p_flags & PF_X);
        seen = true;
    }
    cr_assert(seen, "without PT_GNU_STACK the loader makes the host's stacks executable");
}

Test(agent_file, is_bound_at_start_and_stays_loaded_and_its_text_unchanged) {
    GElf_Xword flags = 0;
    const char *name;

    cr_assert(dynamic_entry(DT_FLAGS_1, 0, &flags, &name));
    cr_assert(flags & DF_1_NOW, "a lazy binding would call the loader from a signal handler");
    cr_assert(flags & DF_1_NODELETE);
    cr_assert_not(dynamic_entry(DT_TEXTREL, 0, &flags, &name));
}
