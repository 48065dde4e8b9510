/*
 * runtime.c: which interpreter or virtual machine a process runs, by what is mapped; and what its own stacks say. CPython's
 * are read (python.h). Of the others the code that they made at run time is marked, which has no file and no names.
 */
#include <fnmatch.h>
#include <gelf.h>
#include <string.h>

#include <qmon/text.h>

#include "binary.h"
#include "describe.h"
#include "file_guard.h"
#include "python.h"

#define MODULES_TRIED 8u

struct runtime {
    const char *pattern; /* of a module's base name */
    const char *name, *language;
};

/* Libraries before programs: a program that embeds one has another name. */
static const struct runtime runtimes[] = {
    {"libpython[23]*.so*", "python", "python"},
    {"libjvm.so", "java", "java"},
    {"libnode.so*", "node", "javascript"},
    {"libcoreclr.so", "dotnet", "c#"},
    {"libmonosgen-*.so*", "mono", "c#"},
    {"libperl.so*", "perl", "perl"},
    {"libruby*.so*", "ruby", "ruby"},
    {"libphp*.so*", "php", "php"},
    {"libluajit-*.so*", "luajit", "lua"},
    {"liblua*.so*", "lua", "lua"},
    {"libguile-*.so*", "guile", "scheme"},
    {"python[23]*", "python", "python"},
    {"node", "node", "javascript"},
    {"nodejs", "node", "javascript"},
    {"perl", "perl", "perl"},
    {"perl5*", "perl", "perl"},
    {"ruby", "ruby", "ruby"},
    {"ruby[23]*", "ruby", "ruby"},
    {"php", "php", "php"},
    {"php[578]*", "php", "php"},
    {"php-fpm*", "php", "php"},
    {"beam.smp", "erlang", "erlang"},
    {"luajit*", "luajit", "lua"},
    {"lua[5]*", "lua", "lua"},
    {"deno", "deno", "javascript"},
    {"bun", "bun", "javascript"},
};

static const struct runtime *find_runtime(const struct qmon_event *event) {
    for (size_t i = 0; i < sizeof runtimes / sizeof runtimes[0]; i++)
        for (size_t m = 0; m < event->module_count; m++)
            if (event->modules[m].path && !fnmatch(runtimes[i].pattern, qmon_base_name(event->modules[m].path), 0))
                return &runtimes[i];
    return NULL;
}

/* Code that is in no file was made by the runtime. */
static void mark_made_code(struct qmon_event *event, const struct qmon_memory_eye *eye, const char *language) {
    for (size_t t = 0; t < event->thread_count; t++)
        for (size_t i = 0; i < event->threads[t].frame_count; i++) {
            struct qmon_frame *frame = &event->threads[t].frames[i];
            bool known = !eye->is_code(eye->context, frame->pc);
            for (size_t m = 0; m < event->module_count && !known; m++)
                known = frame->pc >= event->modules[m].start && frame->pc < event->modules[m].end;
            if (!known)
                frame->language = language;
        }
}

struct wanted {
    const char *name;
    uint64_t address;
};

/* Addresses in the file of defined symbols of the dynamic symbol table. */
static void find_symbols(struct qmon__elf *elf, struct wanted *wanted, size_t count) {
    Elf_Scn *section = qmon__elf_section_of_type(elf, SHT_DYNSYM);
    GElf_Shdr header;
    Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
    if (!data || !gelf_getshdr(section, &header))
        return;
    for (size_t i = 0; i < data->d_size / sizeof(Elf64_Sym); i++) {
        GElf_Sym symbol;
        if (!gelf_getsym(data, (int) i, &symbol) || symbol.st_shndx == SHN_UNDEF)
            continue;
        const char *name = elf_strptr(elf->elf, header.sh_link, symbol.st_name);
        for (size_t w = 0; name && w < count; w++)
            if (!strcmp(name, wanted[w].name))
                wanted[w].address = symbol.st_value;
    }
}

/* "3.10" in "libpython3.10.so.1.0" or "python3.10"; 0: there is none. */
static uint32_t version_in_name(const char *name) {
    const char *at = strstr(name, "python3.");
    uint32_t minor = 0;
    if (!at)
        return 0;
    for (at += strlen("python3."); *at >= '0' && *at <= '9' && minor < 100; at++)
        minor = minor * 10 + (uint32_t) (*at - '0');
    return minor ? 0x0300 | minor : 0;
}

static void name_python(struct qmon_event *event, uint32_t version) {
    if (version > 0xffff) /* with patch level */
        event->process.runtime =
            qmon_event_format(event, "python %u.%u.%u", version >> 24, version >> 16 & 255, version >> 8 & 255);
    else if (version)
        event->process.runtime = qmon_event_format(event, "python %u.%u", version >> 8, version & 255);
}

/* False: this is not the module that the interpreter is in. */
static bool read_python(struct qmon_event *event, const struct qmon_memory_eye *eye, const struct qmon_module *module,
                        struct qmon__binary *binary) {
    struct wanted wanted[] = {{"_PyRuntime", 0}, {"PyCode_Type", 0}, {"PyUnicode_Type", 0}, {"Py_Version", 0}};
    uint64_t address, version = 0;
    if (!binary->elf || !qmon__elf_address(binary->elf, module->file_offset, &address))
        return false;
    find_symbols(binary->elf, wanted, sizeof wanted / sizeof wanted[0]);
    if (!wanted[0].address || !wanted[1].address || !wanted[2].address)
        return false;
    const uint64_t bias = module->start - address;
    struct qmon__python python = {.eye = eye,
                                  .runtime = bias + wanted[0].address,
                                  .code_type = bias + wanted[1].address,
                                  .text_type = bias + wanted[2].address};
    if (wanted[3].address && !eye->read(eye->context, bias + wanted[3].address, &version, sizeof version))
        return true;
    const uint32_t named =
        version ? (uint32_t) (version >> 16 & 0xffff) : version_in_name(qmon_base_name(module->path));
    name_python(event, version ? (uint32_t) version : named);
    const struct qmon__python_layout *layout = qmon__python_layout(named);
    if (layout)
        python.layout = *layout;
    if (layout || qmon__python_read_layout(eye, python.runtime, &python.layout))
        qmon__python_stacks(&python, event);
    return true;
}

static void find_python(struct qmon_event *event, const struct qmon_memory_eye *eye, uint32_t live_pid) {
    const char *last = NULL;
    size_t tried = 0;
    for (size_t i = 0; i < event->module_count && tried < MODULES_TRIED; i++) {
        const struct qmon_module *module = &event->modules[i];
        if (!module->path || !strstr(qmon_base_name(module->path), "python3.") || (last && !strcmp(last, module->path)))
            continue;
        const struct qmon__module_source source = {.path = module->path,
                                                   .build_id = module->build_id,
                                                   .start = module->start,
                                                   .end = module->end,
                                                   .is_executable = event->process.executable &&
                                                                    !strcmp(event->process.executable, module->path),
                                                   .live_pid = live_pid};
        struct qmon__binary *binary = qmon__binary_open(&source);
        const bool found = binary && read_python(event, eye, module, binary);
        qmon__binary_close(binary);
        last = module->path;
        tried++;
        if (found)
            return;
    }
}

void qmon_add_runtime(struct qmon_event *event, const struct qmon_memory_eye *eye, uint32_t live_pid) {
    const struct runtime *runtime = find_runtime(event);
    struct qmon__file_guard guard;
    if (!runtime)
        return;
    event->process.runtime = runtime->name;
    if (strcmp(runtime->name, "python") != 0) {
        mark_made_code(event, eye, runtime->language);
        return;
    }
    if (sigsetjmp(guard.jump, 1)) { /* its file shrank meanwhile; what had been opened is lost */
        qmon_event_note(event, "the Python stack is not shown: the interpreter's file shrank while it was read");
        return;
    }
    qmon__file_guard_begin(&guard);
    find_python(event, eye, live_pid);
    qmon__file_guard_end(&guard);
}
