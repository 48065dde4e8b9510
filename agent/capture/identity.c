#include "identity.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

#include "agent.h"
#include "guard.h"
#include "kept.h"
#include "own.h"
#include "settings.h"
#include "text.h"

const struct link_map *qmon__loaded_objects(void) {
    const ElfW(Phdr) *header = (const ElfW(Phdr) *) getauxval(AT_PHDR);
    const unsigned long count = getauxval(AT_PHNUM);
    uintptr_t bias = 0;
    const ElfW(Dyn) *entry = NULL;
    for (unsigned long i = 0; header != NULL && i < count; i++) {
        if (header[i].p_type == PT_PHDR)
            bias = (uintptr_t) header - header[i].p_vaddr;
        else if (header[i].p_type == PT_DYNAMIC)
            entry = (const ElfW(Dyn) *) (bias + header[i].p_vaddr);
    }
    for (; entry != NULL && entry->d_tag != DT_NULL; entry++)
        if (entry->d_tag == DT_DEBUG && entry->d_un.d_ptr != 0)
            return ((const struct r_debug *) entry->d_un.d_ptr)->r_map;
    return NULL;
}

const struct link_map *qmon__last_of_start;

const struct link_map *qmon__own_object(void) {
    const struct link_map *object = qmon__loaded_objects();
    while (object != NULL && object->l_ld != _DYNAMIC)
        object = object->l_next;
    return object;
}

static const char *library_name(void) {
    const struct link_map *const own = qmon__own_object();
    qmon__last_of_start = own;
    while (qmon__last_of_start != NULL && qmon__last_of_start->l_next != NULL)
        qmon__last_of_start = qmon__last_of_start->l_next;
    if (own != NULL)
        return own->l_name;
    Dl_info found;
    return dladdr(&qmon__agent, &found) != 0 ? found.dli_fname : NULL;
}

void qmon__find_library(const char *working_directory) {
    const char *name = library_name();
    char *to = qmon__agent.library;
    size_t bytes = 0;
    if (name == NULL)
        return;
    if (name[0] != '/') {
        bytes = qmon__copy_text(to, QMON_PATH_BYTES - 1, working_directory);
        to[bytes++] = '/';
    }
    qmon__copy_text(to + bytes, QMON_PATH_BYTES - bytes, name);
}

void qmon__identity_of_image(struct qmon_record_process *process, const char *executable,
                             const char *working_directory) {
    qmon__copy_text(process->executable, sizeof process->executable, executable);
    qmon__copy_text(process->working_directory, sizeof process->working_directory, working_directory);
    qmon__copy_text(process->library, sizeof process->library, qmon__agent.library);
}

/* Into QMON_COMMAND_LINE_BYTES. Returns how many are used. */
static uint32_t copy_words(char *to, int argc, char **argv, bool *ret_truncated) {
    size_t used = 0;
    *ret_truncated = false;
    for (int i = 0; i < argc && argv[i] != NULL; i++) {
        size_t bytes = strlen(argv[i]) + 1, room = QMON_COMMAND_LINE_BYTES - used;
        if (bytes > room) {
            *ret_truncated = true;
            if (room > 1) {
                memcpy(to + used, argv[i], room - 1);
                to[QMON_COMMAND_LINE_BYTES - 1] = '\0';
                used = QMON_COMMAND_LINE_BYTES;
            }
            break;
        }
        memcpy(to + used, argv[i], bytes);
        used += bytes;
    }
    return (uint32_t) used;
}

void qmon__identity_of_command(struct qmon_record_process *process, int argc, char **argv) {
    bool truncated;
    process->command_line_bytes = copy_words(process->command_line, argc, argv, &truncated);
    process->flags &= ~QMON_PROCESS_COMMAND_TRUNCATED;
    if (truncated)
        process->flags |= QMON_PROCESS_COMMAND_TRUNCATED;
}

/* There is always room: the environment is not given all of it (settings.c). */
_Static_assert(QMON__SETTINGS_KEPT_BYTES + 2 * QMON_PATH_BYTES + QMON_COMMAND_LINE_BYTES <= QMON__KEPT_BYTES,
               "what is kept outgrew its room");

static const char *keep_path(const char *path) {
    char *const copy = qmon__kept_room(QMON_PATH_BYTES);
    qmon__kept_take(qmon__copy_text(copy, QMON_PATH_BYTES, path) + 1);
    return copy;
}

void qmon__identity_keep(const char *executable, const char *working_directory, int argc, char **argv) {
    struct qmon__own_image *const image = &qmon__own_image;
    image->executable = keep_path(executable);
    image->working_directory = keep_path(working_directory);
    char *const command_line = qmon__kept_room(QMON_COMMAND_LINE_BYTES);
    image->command_line_bytes = copy_words(command_line, argc, argv, &image->command_truncated);
    qmon__kept_take(image->command_line_bytes);
    image->command_line = command_line;
}

struct next_image {
    struct qmon_record_process *process;
    const char *path;
    char *const *arguments;
};

static void copy_path(void *argument) {
    const struct next_image *image = argument;
    const char *const path = image->path[0] != '\0' || image->arguments == NULL ? image->path : image->arguments[0];
    if (path != NULL)
        qmon__copy_text(image->process->executable, sizeof image->process->executable, path);
}

static void copy_command(void *argument) {
    const struct next_image *image = argument;
    qmon__identity_of_command(image->process, INT_MAX, (char **) (uintptr_t) image->arguments);
}

void qmon__identity_of_next_image(struct qmon_record_process *process, const char *path, char *const arguments[]) {
    struct next_image image = {process, path, arguments};
    if (path != NULL)
        qmon__guarded(copy_path, &image, 0);
    if (arguments == NULL || !qmon__guarded(copy_command, &image, 0))
        process->command_line_bytes = 0;
}

void qmon__identity_of_boot(char ret_boot_id[static QMON_BOOT_ID_BYTES]) {
    int fd = (int) qmon__sys_4(SYS_openat, AT_FDCWD, "/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return;
    long count = qmon__sys_3(SYS_read, fd, ret_boot_id, QMON_BOOT_ID_BYTES - 1);
    qmon__sys_1(SYS_close, fd);
    ret_boot_id[count > 0 ? count : 0] = '\0';
    char *newline = strchr(ret_boot_id, '\n');
    if (newline != NULL)
        *newline = '\0';
}
