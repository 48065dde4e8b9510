#include "image.h"

#include <elf.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qmon/paths.h>

#include "agent.h"
#include "guard.h"
#include "hot.h"
#include "text.h"

#define MOST_INTERPRETERS 4
#define HEAD_BYTES 256u /* that the kernel looks at, too */
#define COPY_BYTES_LIMIT (64u * 1024u)

static const char variable[] = "LD_PRELOAD=";

/* Entries of LD_PRELOAD end at a colon or a blank. */
static size_t entry_bytes(const char *entry) {
    return strcspn(entry, ": ");
}

static bool is_our_library(const char *entry, size_t bytes) {
    const char *const name = qmon__base_name(qmon__agent.library);
    const size_t name_bytes = strlen(name);
    return bytes >= name_bytes && name_bytes > 0 && memcmp(entry + bytes - name_bytes, name, name_bytes) == 0 &&
           (bytes == name_bytes || entry[bytes - name_bytes - 1] == '/');
}

static bool names_our_library(const char *setting) {
    if (strncmp(setting, variable, sizeof variable - 1) != 0)
        return false;
    for (const char *at = setting + sizeof variable - 1; *at != '\0'; at++) {
        const size_t bytes = entry_bytes(at);
        if (is_our_library(at, bytes))
            return true;
        at += bytes;
        if (*at == '\0')
            break;
    }
    return false;
}

/* What an environment without our library takes; 0: there is none that is ours, or it is too much for a stack. */
static size_t bytes_without_us(char *const environment[]) {
    size_t words = 1, text = 0;
    bool ours = false;
    for (char *const *word = environment; word != NULL && *word != NULL; word++, words++)
        if (names_our_library(*word)) {
            ours = true;
            text += strlen(*word) + 1;
        }
    const size_t bytes = words * sizeof(char *) + text;
    return ours && bytes <= COPY_BYTES_LIMIT ? bytes : 0;
}

/* Copies the setting but for our library. Returns where the copy ends, `to` itself where nothing is left to be set. */
static char *copy_without_us(char *to, const char *setting) {
    char *at = to;
    memcpy(at, variable, sizeof variable - 1);
    at += sizeof variable - 1;
    char *const first = at;
    for (const char *entry = setting + sizeof variable - 1; *entry != '\0';) {
        const size_t bytes = entry_bytes(entry);
        if (bytes > 0 && !is_our_library(entry, bytes)) {
            if (at != first)
                *at++ = ':';
            memcpy(at, entry, bytes);
            at += bytes;
        }
        entry += bytes + (entry[bytes] != '\0');
    }
    *at = '\0';
    return at == first ? to : at + 1;
}

struct strip {
    char *const *environment;
    void *memory;
    size_t bytes;
    bool done;
};

/* The program may be changing what it asks to be passed on: what finds no room stays as it is. */
static void strip(void *argument) {
    struct strip *const job = argument;
    char *const end = (char *) job->memory + job->bytes;
    size_t words = 1, kept = 0;
    while (job->environment[words - 1] != NULL)
        words++;
    if (words * sizeof(char *) > job->bytes)
        return;
    char **const copy = job->memory;
    char *text = (char *) (copy + words);
    for (size_t i = 0; i + 1 < words && text <= end; i++) {
        char *const word = job->environment[i];
        if (!names_our_library(word) || strlen(word) + 1 > (size_t) (end - text)) {
            copy[kept++] = word;
            continue;
        }
        char *const after = copy_without_us(text, word);
        if (after != text)
            copy[kept++] = text;
        text = after;
    }
    copy[kept] = NULL;
    job->done = true;
}

char *const *qmon__image_strip(char *const environment[], void *memory, size_t bytes) {
    struct strip job = {environment, memory, bytes, false};
    return qmon__guarded(strip, &job, 0) && job.done ? memory : environment;
}

struct head {
    uint64_t identity; /* of the file */
    char bytes[HEAD_BYTES];
    size_t count;
};

/* The file that was looked into last of those that are programs and take our library; 0: none. Who starts many programs mostly starts
 * the same. */
static _Atomic uint64_t last_taken QMON__HOT;

/* Changes whenever the file does. Never 0. */
static uint64_t identity_of(const struct stat *status) {
    const uint64_t parts[] = {status->st_dev, status->st_ino, (uint64_t) status->st_size,
                              (uint64_t) status->st_ctim.tv_sec, (uint64_t) status->st_ctim.tv_nsec};
    uint64_t identity = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        identity = (identity ^ parts[i]) * 0x9e3779b97f4a7c15u;
        identity ^= identity >> 32;
    }
    return identity | 1;
}

/* Only a regular file is opened: with a device or a pipe that does something. False: not read, or known to take us. */
static bool read_head(int directory, const char *path, struct head *ret_head) {
    struct stat status;
    int fd = directory;
    if (qmon__sys_4(SYS_newfstatat, directory, path, &status, path[0] == '\0' ? AT_EMPTY_PATH : 0) != 0 ||
        !S_ISREG(status.st_mode))
        return false;
    ret_head->identity = identity_of(&status);
    if (ret_head->identity == atomic_load_explicit(&last_taken, memory_order_relaxed))
        return false;
    if (path[0] != '\0')
        fd = (int) qmon__sys_4(SYS_openat, directory, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
    if (fd < 0)
        return false;
    const long count = qmon__sys_4(SYS_pread64, fd, ret_head->bytes, sizeof ret_head->bytes - 1, 0);
    if (path[0] != '\0')
        qmon__sys_1(SYS_close, fd);
    ret_head->count = count > 0 ? (size_t) count : 0;
    ret_head->bytes[ret_head->count] = '\0';
    return count > 0;
}

static bool is_foreign_elf(const struct head *head) {
#if defined(__x86_64__)
    const uint16_t own = EM_X86_64;
#else
    const uint16_t own = EM_AARCH64;
#endif
    uint16_t machine; /* both classes begin the same */
    if (head->count < sizeof(Elf32_Ehdr) || memcmp(head->bytes, ELFMAG, SELFMAG) != 0)
        return false;
    memcpy(&machine, head->bytes + offsetof(Elf64_Ehdr, e_machine), sizeof machine);
    return head->bytes[EI_CLASS] != ELFCLASS64 || head->bytes[EI_DATA] != ELFDATA2LSB || machine != own;
}

/* What the "#!" line of a script names, ended in place; NULL: it is none. */
static const char *interpreter_of(struct head *head) {
    if (head->count < 3 || head->bytes[0] != '#' || head->bytes[1] != '!')
        return NULL;
    char *name = head->bytes + 2;
    while (*name == ' ' || *name == '\t')
        name++;
    name[strcspn(name, " \t\n")] = '\0';
    return name[0] != '\0' ? name : NULL;
}

/* Is the file a program whose loader would refuse our library? False also where nothing can be known. */
static bool refuses_us(int directory, const char *path) {
    struct head heads[2]; /* the name that is looked at lies in the one before */
    for (unsigned i = 0; i <= MOST_INTERPRETERS && path != NULL; i++) {
        struct head *const head = &heads[i % 2];
        if (!read_head(directory, path, head))
            return false;
        if (is_foreign_elf(head))
            return true;
        path = interpreter_of(head);
        if (path == NULL)
            atomic_store_explicit(&last_taken, head->identity, memory_order_relaxed);
        directory = AT_FDCWD;
    }
    return false;
}

struct question {
    int directory;
    const char *path;
    char *const *environment;
    size_t bytes;
};

static void look(void *argument) {
    struct question *const question = argument;
    const size_t bytes = bytes_without_us(question->environment);
    if (bytes > 0 && refuses_us(question->directory, question->path))
        question->bytes = bytes;
}

size_t qmon__image_stripped_bytes(int directory, const char *path, char *const environment[]) {
    struct question question = {directory, path, environment, 0};
    return qmon__agent.active && qmon__guarded(look, &question, 0) ? question.bytes : 0;
}

static bool may_be_run(const char *path) {
    struct stat status;
    return qmon__sys_4(SYS_newfstatat, AT_FDCWD, path, &status, 0) == 0 && S_ISREG(status.st_mode) &&
           qmon__sys_3(SYS_faccessat, AT_FDCWD, path, X_OK) == 0;
}

bool qmon__image_find(const char *file, const char *search, char *ret_path, size_t bytes) {
    const char *const end = ret_path + bytes - 1;
    if (strchr(file, '/') != NULL || search == NULL) {
        qmon__copy_text(ret_path, bytes, file);
        return search != NULL || strchr(file, '/') != NULL;
    }
    for (;;) {
        const size_t directory = strcspn(search, ":");
        if (directory + strlen(file) + 2 <= bytes) {
            memcpy(ret_path, search, directory);
            char *at = ret_path + directory;
            if (directory > 0)
                *at++ = '/';
            *qmon__put_text(at, end, file) = '\0';
            if (may_be_run(ret_path))
                return true;
        }
        if (search[directory] == '\0')
            return false;
        search += directory + 1;
    }
}
