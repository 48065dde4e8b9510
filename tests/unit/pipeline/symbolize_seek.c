/*
 * symbolize_seek.c: a function that is sought in debug information (dwarf_seek.c, dwarf_line_seek.c) is the one that a walk over all
 * of it finds: for addresses all over a library, as compilers, versions and options lay it out.
 */
#include <criterion/criterion.h>
#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "binary.h"
#include "byte_search.h"
#include "dwarf_unit.h"
#include "elf_file.h"
#include "scratch.h"
#include "tool.h"

#define CPP_SOURCE QMON_SOURCE_DIR "/tests/victims/libtemplates.cc"
#define C_SOURCE QMON_SOURCE_DIR "/tests/victims/libsymbols.c"
#define ADDRESSES 100u

TestSuite(symbolize_seek, .timeout = 120);

static struct qmon__dwarf *open_dwarf(struct qmon__elf *elf) {
    struct qmon__bytes sections[QMON__DEBUG_SECTIONS];
    for (size_t i = 0; i < QMON__DEBUG_SECTIONS; i++)
        sections[i] = qmon__elf_section(elf, qmon__debug_names[i]);
    struct qmon__dwarf *dwarf = qmon__dwarf_new(sections, NULL);
    cr_assert_not_null(dwarf);
    return dwarf;
}

static bool extent(void *context, uint64_t address, uint64_t *ret_low, uint64_t *ret_high) {
    return qmon__elf_extent(context, address, ret_low, ret_high);
}

static bool was_walked(const struct qmon__dwarf *dwarf) {
    bool walked = false;
    for (size_t i = 0; i < dwarf->unit_count; i++)
        walked = walked || dwarf->units[i].has_functions;
    return walked;
}

static bool same_text(const char *one, const char *other) {
    return one == other || (one && other && !strcmp(one, other));
}

static void expect_same(uint64_t address, const struct qmon__place *sought, const struct qmon__place *walked) {
    cr_expect(same_text(sought->function, walked->function), "0x%lx: %s, by a walk %s", (unsigned long) address,
              sought->function, walked->function);
    cr_expect(same_text(sought->file, walked->file), "0x%lx: %s, by a walk %s", (unsigned long) address, sought->file,
              walked->file);
    cr_expect_eq(sought->line, walked->line, "0x%lx: line %u, by a walk %u", (unsigned long) address, sought->line,
                 walked->line);
    cr_expect_eq(sought->column, walked->column);
    cr_expect_eq(sought->entry, walked->entry);
}

/* Each address by a decoder of its own, as for the first frame of a file. Returns for how many of them, of those with a function, no
 * walk was needed, in percent. */
static unsigned compare(const char *path) {
    struct qmon__budget budget = {.deadline_ms = UINT64_MAX};
    struct qmon__elf *elf;
    unsigned functions = 0, sought = 0;
    uint64_t random = 4711;
    cr_assert_eq(qmon__elf_open(path, &elf), 0, "%s", path);
    const Elf64_Phdr *code = NULL;
    for (size_t i = 0; i < elf->load_count; i++)
        if (elf->loads[i].p_flags & PF_X)
            code = &elf->loads[i];
    cr_assert_not_null(code);
    for (unsigned i = 0; i < ADDRESSES; i++) {
        struct qmon__place places[2][QMON__PLACES_MAX];
        random = random * 6364136223846793005u + 1442695040888963407u;
        const uint64_t address = code->p_vaddr + (random >> 20) % code->p_memsz;
        struct qmon__dwarf *seeks = open_dwarf(elf), *walks = open_dwarf(elf);
        qmon__dwarf_set_extents(seeks, extent, elf);
        const size_t count = qmon__dwarf_find(seeks, address, &budget, places[0]);
        cr_expect_eq(count, qmon__dwarf_find(walks, address, &budget, places[1]), "0x%lx", (unsigned long) address);
        for (size_t p = 0; p < count; p++)
            expect_same(address, &places[0][p], &places[1][p]);
        functions += count && places[0][count - 1].function;
        sought += count && places[0][count - 1].function && !was_walked(seeks);
        qmon__dwarf_free(seeks);
        qmon__dwarf_free(walks);
    }
    qmon__elf_close(elf);
    cr_assert_gt(functions, 0);
    return sought * 100 / functions;
}

static void expect_sought(const char *compiler, const char *source, const char *level, const char *dwarf) {
    struct scratch scratch = scratch_make();
    const char *library = scratch_path(&scratch, "libsought.so");
    if (!tool_exists(compiler))
        cr_skip_test("%s is not installed", compiler);
    cr_assert_eq(TOOL(NULL, compiler, "-fPIC", "-shared", "-g", level, dwarf, source, "-o", library), 0);
    const unsigned percent = compare(library);
    cr_expect_geq(percent, 90, "%s %s %s: %u %% were found without a walk", compiler, level, dwarf, percent);
    scratch_remove(&scratch);
}

Test(symbolize_seek, what_gcc_makes) {
    expect_sought("g++", CPP_SOURCE, "-O0", "-gdwarf-5");
    expect_sought("g++", CPP_SOURCE, "-O2", "-gdwarf-5");
    expect_sought("g++", CPP_SOURCE, "-O3", "-gdwarf-4");
    expect_sought("gcc", C_SOURCE, "-O1", "-gdwarf-5");
    expect_sought("gcc", C_SOURCE, "-O0", "-gdwarf-3");
}

Test(symbolize_seek, what_clang_makes) {
    expect_sought("clang++", CPP_SOURCE, "-O0", "-gdwarf-4");
    expect_sought("clang++", CPP_SOURCE, "-O2", "-gdwarf-5");
    expect_sought("clang++", CPP_SOURCE, "-O2", "-gdwarf-4");
    expect_sought("clang", C_SOURCE, "-O1", "-gdwarf-5");
}

/* --- byte_search.c */

static void expect_found(const unsigned char *bytes, size_t count, const struct qmon__needle *needle) {
    for (size_t from = 0; from <= count; from += 1 + from / 7) {
        const unsigned char *there = memmem(bytes + from, count - from, needle->bytes, needle->count);
        const size_t expected = there ? (size_t) (there - bytes) : SIZE_MAX;
        cr_assert_eq(qmon__bytes_find((struct qmon__bytes){bytes, count}, from, needle), expected);
    }
}

Test(symbolize_seek, bytes_are_found_where_they_are_first) {
    uint32_t random = 1;
    for (unsigned round = 0; round < 3000; round++) {
        struct qmon__needle needle = {.count = 1 + round % 12};
        const size_t count = round % 700;
        unsigned char *bytes = malloc(count + 1); /* not a byte more, for AddressSanitizer */
        for (size_t i = 0; i < count; i++, random = random * 1103515245u + 12345u)
            bytes[i] = (unsigned char) ((random >> 16) % (round % 2 ? 3 : 200));
        for (size_t i = 0; i < needle.count; i++, random = random * 1103515245u + 12345u)
            needle.bytes[i] =
                count > 12 && round % 3 ? bytes[count - needle.count + i] : (unsigned char) (random >> 16);
        expect_found(bytes, count, &needle);
        free(bytes);
    }
}
