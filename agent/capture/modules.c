#include "modules.h"

#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>

#include "agent.h"
#include "guard.h"
#include "identity.h"
#include "own.h"
#include "text.h"

#define IMAGES 1024u
#define CODE_RANGES 1024u

static struct qmon__image images[IMAGES];
static size_t image_count;
static struct { uintptr_t start, end; } code[CODE_RANGES]; /* what can be executed */
static size_t code_count;
static struct qmon_record_modules *list;

/* One line of /proc/self/maps; proc(5). */
struct line {
    uint64_t start, end, offset, device, inode;
    bool readable, writable, executable;
    const char *path; /* may be empty; may hold any byte but newline (which the kernel writes as \012) */
};

static uint64_t parse_number(const char **text, unsigned base) {
    uint64_t value = 0;
    for (;; (*text)++) {
        const char c = **text;
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned) (c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned) (c - 'a') + 10
                                                : 99;
        if (digit >= base)
            return value;
        value = value * base + digit;
    }
}

static bool parse_line(const char *text, struct line *ret_line) {
    ret_line->start = parse_number(&text, 16);
    if (*text++ != '-')
        return false;
    ret_line->end = parse_number(&text, 16);
    if (*text++ != ' ' || strlen(text) < 5)
        return false;
    ret_line->readable = text[0] == 'r';
    ret_line->writable = text[1] == 'w';
    ret_line->executable = text[2] == 'x';
    text += 5;
    ret_line->offset = parse_number(&text, 16);
    if (*text++ != ' ')
        return false;
    const uint64_t major = parse_number(&text, 16);
    if (*text++ != ':')
        return false;
    ret_line->device = major << 32 | parse_number(&text, 16);
    if (*text++ != ' ')
        return false;
    ret_line->inode = parse_number(&text, 10);
    while (*text == ' ')
        text++;
    ret_line->path = text;
    return true;
}

/* Puts a path into the record, once for neighbours that share it. */
static bool keep_path(const char *path, uint32_t *ret_offset, uint16_t *ret_bytes) {
    const size_t bytes = strlen(path);
    if (bytes > UINT16_MAX)
        return false;
    if (list->count > 0) {
        const struct qmon_record_module *last = &list->entries[list->count - 1];
        if (last->path_bytes == bytes && memcmp(list->paths + last->path, path, bytes) == 0) {
            *ret_offset = last->path;
            *ret_bytes = (uint16_t) bytes;
            return true;
        }
    }
    if (bytes + 1 > QMON_MODULE_PATHS_BYTES - list->path_bytes)
        return false;
    memcpy(list->paths + list->path_bytes, path, bytes + 1);
    *ret_offset = list->path_bytes;
    *ret_bytes = (uint16_t) bytes;
    list->path_bytes += (uint32_t) bytes + 1;
    return true;
}

/* The build id of an image, from the notes among its loaded headers. */
static void keep_build_id(const struct qmon__image *image, struct qmon_record_module *module) {
    for (unsigned i = 0; i < image->header_count; i++) {
        ElfW(Phdr) header;
        if (!qmon__copy_guarded(&header, image->headers + i, sizeof header) || header.p_type != PT_NOTE)
            continue;
        for (size_t at = 0; at + sizeof(ElfW(Nhdr)) <= header.p_memsz && at < 4096;) {
            struct {
                ElfW(Nhdr) head;
                char name[4];
                uint8_t id[QMON_BUILD_ID_BYTES];
            } note;
            memset(&note, 0, sizeof note);
            const uintptr_t address = image->bias + header.p_vaddr + at;
            const size_t room = header.p_memsz - at;
            if (!qmon__copy_guarded(&note, (const void *) address, room < sizeof note ? room : sizeof note))
                break;
            if (note.head.n_type == NT_GNU_BUILD_ID && note.head.n_namesz == 4 && memcmp(note.name, "GNU", 4) == 0) {
                const size_t bytes =
                    note.head.n_descsz < QMON_BUILD_ID_BYTES ? note.head.n_descsz : QMON_BUILD_ID_BYTES;
                module->build_id_bytes = (uint8_t) bytes;
                memcpy(module->build_id, note.id, bytes);
                return;
            }
            at += sizeof note.head + ((note.head.n_namesz + 3ull) & ~3ull) + ((note.head.n_descsz + 3ull) & ~3ull);
        }
    }
}

/* The first page of a file that is an ELF image: notes where its program headers lie and what was added to its addresses. */
static bool begin_image(const struct line *line) {
    ElfW(Ehdr) header;
    if (image_count == IMAGES || !qmon__copy_guarded(&header, (const void *) line->start, sizeof header) ||
        memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_phentsize != sizeof(ElfW(Phdr)) ||
        header.e_phoff + header.e_phnum * sizeof(ElfW(Phdr)) > line->end - line->start)
        return false;
    struct qmon__image *image = &images[image_count];
    memset(image, 0, sizeof *image);
    image->start = line->start;
    image->end = line->end;
    image->headers = (const ElfW(Phdr) *) (line->start + header.e_phoff);
    image->header_count = header.e_phnum;
    for (unsigned i = 0; i < header.e_phnum; i++) {
        ElfW(Phdr) load;
        if (!qmon__copy_guarded(&load, image->headers + i, sizeof load))
            return false;
        if (load.p_type == PT_LOAD && load.p_offset < qmon__agent.page_bytes) {
            image->bias = line->start - (load.p_vaddr & ~(ElfW(Addr))(qmon__agent.page_bytes - 1));
            image_count++;
            return true;
        }
    }
    return false;
}

static void keep_module(const struct line *line, const struct qmon__image *image) {
    uint32_t path;
    uint16_t path_bytes;
    if (list->count == QMON_RECORD_MODULES || !keep_path(line->path, &path, &path_bytes)) {
        list->dropped++;
        return;
    }
    struct qmon_record_module *module = &list->entries[list->count];
    memset(module, 0, sizeof *module);
    module->path = path;
    module->path_bytes = path_bytes;
    module->start = line->start;
    module->end = line->end;
    module->file_offset = line->offset;
    module->device = line->device;
    module->inode = line->inode;
    if (image != NULL)
        keep_build_id(image, module);
    list->count++;
}

static bool is_stack_of(const struct qmon__scan *scan, const struct line *line) {
    return scan->stack.end == 0 && line->readable && line->end > scan->stack_pointer;
}

/* What finds no room is taken for code together with all that lies before it. */
static void keep_code(const struct line *line) {
    if (code_count > 0 && (code[code_count - 1].end == line->start || code_count == CODE_RANGES)) {
        code[code_count - 1].end = line->end;
    } else {
        code[code_count].start = line->start;
        code[code_count++].end = line->end;
    }
}

bool qmon__is_code(uintptr_t address) {
    for (size_t i = 0; i < code_count; i++)
        if (address >= code[i].start && address < code[i].end)
            return true;
    return false;
}

struct walk {
    struct qmon__scan *scan;
    uint64_t device, inode; /* of the image begun last */
    bool in_image;
};

static void take_line(struct walk *walk, const char *text) {
    struct line line;
    if (!parse_line(text, &line))
        return;
    if (is_stack_of(walk->scan, &line))
        walk->scan->stack = (struct qmon__mapping){line.start, line.end, line.readable, line.writable, line.executable};
    if (line.executable && walk->scan->program_counter >= line.start && walk->scan->program_counter < line.end)
        walk->scan->executable = true;
    if (line.executable)
        keep_code(&line);
    const bool vdso = strcmp(line.path, "[vdso]") == 0;
    if ((line.inode != 0 || vdso) && line.offset == 0 && line.readable) {
        walk->in_image = begin_image(&line);
        walk->device = line.device;
        walk->inode = line.inode;
    }
    const bool same =
        walk->in_image && line.device == walk->device && line.inode == walk->inode && (line.inode != 0 || vdso);
    struct qmon__image *image = same ? &images[image_count - 1] : NULL;
    if (image != NULL)
        image->end = line.end;
    if (line.executable && line.path[0] != '\0') {
        keep_module(&line, image);
        if (image != NULL && list->count > 0)
            image->path = list->entries[list->count - 1].path;
    }
}

/* What the loader has put where, for when the kernel does not say (no /proc, no descriptor left): the loader's list is
 * read without its lock, under a guard. The main object has no name of its own in it. */
static void take_object(const struct link_map *object) {
    const bool main_object = object->l_name[0] == '\0';
    const ElfW(Phdr) *headers = main_object ? (const ElfW(Phdr) *) getauxval(AT_PHDR) : NULL;
    uint16_t count = main_object ? (uint16_t) getauxval(AT_PHNUM) : 0;
    if (headers == NULL) {
        const ElfW(Ehdr) *header = (const ElfW(Ehdr) *) object->l_addr;
        if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
            return;
        headers = (const ElfW(Phdr) *) (object->l_addr + header->e_phoff);
        count = header->e_phnum;
    }
    if (image_count == IMAGES)
        return;
    struct qmon__image *image = &images[image_count++];
    *image =
        (struct qmon__image){.start = UINTPTR_MAX, .bias = object->l_addr, .headers = headers, .header_count = count};
    const uintptr_t page = qmon__agent.page_bytes - 1;
    for (unsigned i = 0; i < count; i++) {
        if (headers[i].p_type != PT_LOAD)
            continue;
        const struct line line = {.start = (object->l_addr + headers[i].p_vaddr) & ~page,
                                  .end = (object->l_addr + headers[i].p_vaddr + headers[i].p_memsz + page) & ~page,
                                  .offset = headers[i].p_offset & ~page,
                                  .path = main_object ? qmon__own_image.executable : object->l_name};
        image->start = line.start < image->start ? line.start : image->start;
        image->end = line.end > image->end ? line.end : image->end;
        if ((headers[i].p_flags & PF_X) != 0) {
            keep_code(&line);
            keep_module(&line, image);
            image->path = list->count > 0 ? list->entries[list->count - 1].path : 0;
        }
    }
}

static void take_loaded_objects(void *unused) {
    (void) unused;
    for (const struct link_map *object = qmon__loaded_objects(); object != NULL; object = object->l_next)
        take_object(object);
}

void qmon__modules_scan(struct qmon_record_modules *modules, struct qmon__scan *scan) {
    char text[4096 + 1024];
    size_t held = 0;
    struct walk walk = {.scan = scan};
    image_count = code_count = 0;
    list = modules;
    list->count = list->dropped = list->path_bytes = 0;
    int fd = (int) qmon__sys_4(SYS_openat, AT_FDCWD, "/proc/thread-self/maps", O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) {
        qmon__guarded(take_loaded_objects, NULL, 0);
        return;
    }
    for (;;) {
        const long count = qmon__sys_3(SYS_read, fd, text + held, sizeof text - 1 - held);
        if (count <= 0) {
            scan->complete = count == 0;
            break;
        }
        held += (size_t) count;
        text[held] = '\0';
        char *start = text;
        for (char *newline; (newline = memchr(start, '\n', held - (size_t) (start - text))) != NULL;
             start = newline + 1) {
            *newline = '\0';
            take_line(&walk, start);
        }
        held -= (size_t) (start - text);
        memmove(text, start, held);
        if (held == sizeof text - 1)
            held = 0; /* no line is that long: skip it */
    }
    qmon__sys_1(SYS_close, fd);
    if (list->count == 0)
        qmon__guarded(take_loaded_objects, NULL, 0);
}

size_t qmon__image_count(void) {
    return image_count;
}

const struct qmon__image *qmon__image_at(size_t index) {
    return &images[index];
}

const char *qmon__image_path(const struct qmon__image *image) {
    return list->paths + image->path;
}

const struct qmon__image *qmon__image_of(uintptr_t address) {
    for (size_t i = 0; i < image_count; i++)
        if (address >= images[i].start && address < images[i].end)
            return &images[i];
    return NULL;
}
