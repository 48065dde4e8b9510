/*
 * Records as reports: the little of the receiver's work that the tests of the host's half need, done anew, so that they judge
 * the record alone.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <gelf.h>
#include <json-c/json.h>
#include <libelf.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qmon/paths.h>
#include <qmon/record.h>

#include "reports.h"
#include "reports_private.h"

typedef void visit_record(void *context, const char *path);

/* Each file in the places where a state directory's processes keep their records, whoever their user is. */
static void visit_records(const char *state_dir, visit_record *visit, void *context) {
    static const uint32_t users[] = {0, 65534};
    char directory[QMON_RECORD_DIRECTORY_BYTES], path[QMON_RECORD_DIRECTORY_BYTES + 300];
    for (unsigned i = 0; i < 4; i++) {
        if (i < 2)
            qmon_record_directory_shm(users[i], state_dir, directory, sizeof directory);
        else if (i == 2)
            qmon_record_directory_shm(getuid(), state_dir, directory, sizeof directory);
        else
            qmon_record_directory_disk(state_dir, directory, sizeof directory);
        DIR *files = i == 2 && getuid() == 0 ? NULL : opendir(directory);
        struct dirent *entry;
        while (files != NULL && (entry = readdir(files)) != NULL) {
            snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
            if (entry->d_name[0] != '.')
                visit(context, path);
        }
        if (files != NULL)
            closedir(files);
    }
}

/* The function of a program's symbol table that holds a file offset; "" where there is none. */
static void name_function(Elf *elf, uint64_t offset, char *ret_name, size_t bytes) {
    size_t headers = 0;
    uint64_t address = offset;
    elf_getphdrnum(elf, &headers);
    for (int i = 0; i < (int) headers; i++) {
        GElf_Phdr header;
        if (gelf_getphdr(elf, i, &header) != NULL && header.p_type == PT_LOAD && offset >= header.p_offset &&
            offset - header.p_offset < header.p_filesz)
            address = offset - header.p_offset + header.p_vaddr;
    }
    for (Elf_Scn *section = elf_nextscn(elf, NULL); section != NULL; section = elf_nextscn(elf, section)) {
        GElf_Shdr header;
        GElf_Sym symbol;
        if (gelf_getshdr(section, &header) == NULL || header.sh_type != SHT_SYMTAB)
            continue;
        Elf_Data *data = elf_getdata(section, NULL);
        for (int i = 0; gelf_getsym(data, i, &symbol) != NULL; i++)
            if (GELF_ST_TYPE(symbol.st_info) == STT_FUNC && address >= symbol.st_value &&
                address - symbol.st_value < symbol.st_size)
                snprintf(ret_name, bytes, "%s", elf_strptr(elf, header.sh_link, symbol.st_name));
    }
}

static void name_frame(const char *module, uint64_t offset, char *ret_name, size_t bytes) {
    elf_version(EV_CURRENT);
    int fd = open(module, O_RDONLY | O_CLOEXEC);
    Elf *elf = fd >= 0 ? elf_begin(fd, ELF_C_READ, NULL) : NULL;
    if (elf != NULL)
        name_function(elf, offset, ret_name, bytes);
    elf_end(elf);
    if (fd >= 0)
        close(fd);
}

static bool is_runtime(const char *module) {
    static const char *const names[] = {"libqmon.so", "libc.so", "ld-linux", "libstdc++",
                                        "libgcc_s",   "[vdso]",  "libm.so"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strstr(module, names[i]) != NULL)
            return true;
    return false;
}

/* The first frame that is neither ours nor libc's nor a runtime's. */
static void find_origin(const struct qmon_record *record, char *ret_name, size_t bytes) {
    const struct qmon_record_modules *modules = &record->modules;
    for (uint32_t i = 0; i < record->crash.frame_count_inner && i < QMON_CRASH_FRAMES; i++) {
        uint64_t pc = record->crash.frames[i] - !(record->crash.frame_flags[i] & QMON_FRAME_EXACT);
        for (uint32_t j = 0; j < modules->count && j < QMON_RECORD_MODULES; j++) {
            const struct qmon_record_module *module = &modules->entries[j];
            char path[PATH_MAX];
            snprintf(path, sizeof path, "%.*s", (int) module->path_bytes, modules->paths + module->path);
            if (pc < module->start || pc >= module->end || is_runtime(path))
                continue;
            name_frame(path, pc - module->start + module->file_offset, ret_name, bytes);
            return;
        }
    }
}

static struct json_object *crash_of(const struct qmon_record *record) {
    struct json_object *frame = json_object_new_object(), *frames = json_object_new_array();
    struct json_object *thread = json_object_new_object(), *threads = json_object_new_array();
    struct json_object *event = json_object_new_object();
    const char *name = sigabbrev_np(record->crash.signal);
    char origin[256] = "", code[32];

    find_origin(record, origin, sizeof origin);
    if (name != NULL)
        snprintf(code, sizeof code, "SIG%s", name);
    else
        snprintf(code, sizeof code, "SIGRTMIN+%d", record->crash.signal - SIGRTMIN);
    json_object_object_add(frame, "function", json_object_new_string(origin));
    json_object_array_add(frames, frame);
    json_object_object_add(thread, "frames", frames);
    json_object_array_add(threads, thread);
    json_object_object_add(event, "kind", json_object_new_string("crash"));
    json_object_object_add(event, "code", json_object_new_string(code));
    json_object_object_add(event, "threads", threads);
    json_object_object_add(event, "origin", json_object_new_int(0));
    json_object_object_add(event, "abort_message", json_object_new_string(record->crash.abort_message));
    json_object_object_add(event, "assertion", json_object_new_string(record->crash.assertion));
    json_object_object_add(event, "exception_type", json_object_new_string(record->crash.exception_type));
    json_object_object_add(event, "exception_message", json_object_new_string(record->crash.exception_message));
    json_object_object_add(event, "stage", json_object_new_int((int) atomic_load(&record->crash.stage)));
    return event;
}

static struct json_object *exit_of(const struct qmon_record *record) {
    char code[32];
    if (record->end.how != QMON_END_EXIT || record->end.status == 0 ||
        !(record->process.flags & QMON_PROCESS_TELL_EXIT))
        return NULL;
    struct json_object *event = json_object_new_object();
    snprintf(code, sizeof code, "exit:%d", record->end.status);
    json_object_object_add(event, "kind", json_object_new_string("exit"));
    json_object_object_add(event, "code", json_object_new_string(code));
    return event;
}

static struct json_object *lost(void) {
    struct json_object *event = json_object_new_object();
    json_object_object_add(event, "kind", json_object_new_string("crash"));
    json_object_object_add(event, "code", json_object_new_string("lost"));
    return event;
}

static struct json_object *event_of(const struct qmon_record *record) {
    switch (atomic_load(&record->header.state)) {
    case QMON_STATE_CRASHING:
    case QMON_STATE_SEALED:
        return crash_of(record);
    case QMON_STATE_STOPPED:
        return exit_of(record);
    case QMON_STATE_RUNNING:
        return lost();
    default:
        return NULL;
    }
}

static void add_record(void *context, const char *path) {
    struct report_list *list = context;
    static struct qmon_record record;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t count = fd >= 0 ? read(fd, &record, sizeof record) : -1;
    if (fd >= 0)
        close(fd);
    if (count != (ssize_t) sizeof record || record.header.magic != QMON_RECORD_MAGIC)
        return;
    struct json_object *event = event_of(&record), *process = json_object_new_object();
    if (event == NULL)
        event = json_object_new_object();
    json_object_object_add(process, "pid", json_object_new_int64(record.process.pid));
    json_object_object_add(event, "process", process);
    reports__add(list, event);
}

void reports_of_records(const char *state_dir, struct report_list *ret_list) {
    *ret_list = (struct report_list){.memory = json_object_new_array()};
    visit_records(state_dir, add_record, ret_list);
}

static void remove_record(void *context, const char *path) {
    unsigned *count = context;
    *count += unlink(path) == 0;
}

unsigned records_sweep(const char *state_dir) {
    static const uint32_t users[] = {0, 65534};
    char directory[QMON_RECORD_DIRECTORY_BYTES];
    unsigned count = 0;
    visit_records(state_dir, remove_record, &count);
    for (unsigned i = 0; i < 2; i++) {
        qmon_record_directory_shm(users[i], state_dir, directory, sizeof directory);
        rmdir(directory);
    }
    qmon_record_directory_shm(getuid(), state_dir, directory, sizeof directory);
    rmdir(directory);
    return count;
}
