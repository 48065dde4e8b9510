/*
 * Libraries that a program loads with RTLD_DEEPBIND, as PHP does with its extensions: they find a function in the libraries that
 * they need before they look where a preload would be. So libc's own sigaction, fork or kill are called, past us, and a handler
 * of such a library takes the kernel's slot from the agent.
 *
 * Once the loader is done, the places where it has put the address of a function of libc that we stand in for get ours. All
 * other names stay bound as the program wants them. A place that is bound at the first call only still leads into the library
 * itself; it is known by its name.
 *
 * What the library's constructors call has happened by then.
 */
#include "deep.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <identity.h>
#include <modules.h>
#include <text.h>

#include "next.h"

#if defined(__x86_64__)
#define BINDS_CALL R_X86_64_JUMP_SLOT
#define BINDS_DATA R_X86_64_GLOB_DAT
#define BINDS_WORD R_X86_64_64
#elif defined(__aarch64__)
#define BINDS_CALL R_AARCH64_JUMP_SLOT
#define BINDS_DATA R_AARCH64_GLOB_DAT
#define BINDS_WORD R_AARCH64_ABS64
#endif

/* Characters and no pointers to them: those would be put into each process at its start. */
#define HOOK(name) #name,
static const char names[][32] = {
#include "hooks.def"
};
#undef HOOK
#define HOOKS (sizeof names / sizeof names[0])

static struct hook { uintptr_t own, of_libc; /* 0: there is none */ } hooks[HOOKS];
static uintptr_t lowest = UINTPTR_MAX, highest; /* of their functions in libc */

static const struct link_map *find_libc(void) {
    const struct link_map *object = qmon__loaded_objects();
    while (object != NULL && strcmp(qmon__base_name(object->l_name), "libc.so.6") != 0)
        object = object != qmon__last_of_start ? object->l_next : NULL;
    return object;
}

/* Without the loader, whose lock another thread may hold that waits for this one (next.c). */
static void find_functions(void) {
    const struct link_map *const own = qmon__own_object(), *const libc = find_libc();
    for (size_t i = 0; own != NULL && libc != NULL && i < HOOKS; i++) {
        bool unsure;
        hooks[i].own = qmon__symbol_of(own, names[i], &unsure);
        const uintptr_t found = qmon__symbol_of(libc, names[i], &unsure);
        const uintptr_t of_libc = hooks[i].of_libc = unsure ? 0 : found;
        lowest = of_libc != 0 && of_libc < lowest ? of_libc : lowest;
        highest = of_libc > highest ? of_libc : highest;
    }
}

/* An object, as far as it matters here. */
struct object {
    uintptr_t bias, start, end;
    uintptr_t protected_start, protected_end; /* read-only since the loader was done with it */
    const ElfW(Sym) * symbols;
    const char *names;
};

static uintptr_t page_of(uintptr_t address) {
    return address & ~((uintptr_t) sysconf(_SC_PAGESIZE) - 1);
}

/* glibc has added the bias to what is an address in the dynamic section. */
static uintptr_t address_in(const struct object *object, uintptr_t value) {
    return value < object->bias ? value + object->bias : value;
}

static const struct hook *hook_at(uintptr_t address) {
    for (size_t i = 0; i < HOOKS && address >= lowest && address <= highest; i++)
        if (hooks[i].own != 0 && hooks[i].of_libc == address)
            return &hooks[i];
    return NULL;
}

static const struct hook *hook_named(const char *name) {
    for (size_t i = 0; i < HOOKS; i++)
        if (hooks[i].own != 0 && hooks[i].of_libc != 0 && strcmp(names[i], name) == 0)
            return &hooks[i];
    return NULL;
}

static void put(const struct object *object, _Atomic uintptr_t *place, uintptr_t value) {
    const uintptr_t at = (uintptr_t) place;
    const bool is_protected = at >= object->protected_start && at < object->protected_end;
    void *const start = (void *) object->protected_start;
    const size_t bytes = object->protected_end - object->protected_start;
    if (is_protected && mprotect(start, bytes, PROT_READ | PROT_WRITE) != 0)
        return;
    atomic_store_explicit(place, value, memory_order_release);
    if (is_protected)
        mprotect(start, bytes, PROT_READ);
}

static void bind_again(const struct object *object, const ElfW(Rela) * relocation) {
    const unsigned long type = ELF64_R_TYPE(relocation->r_info);
    const ElfW(Sym) *const symbol = &object->symbols[ELF64_R_SYM(relocation->r_info)];
    _Atomic uintptr_t *const place = (_Atomic uintptr_t *) (object->bias + relocation->r_offset);
    if ((type != BINDS_CALL && type != BINDS_DATA && type != BINDS_WORD) || relocation->r_addend != 0 ||
        symbol->st_shndx != SHN_UNDEF)
        return;
    const uintptr_t value = atomic_load_explicit(place, memory_order_relaxed);
    const bool is_unbound = type == BINDS_CALL && value >= object->start && value < object->end;
    const struct hook *const hook = is_unbound ? hook_named(object->names + symbol->st_name) : hook_at(value);
    if (hook != NULL)
        put(object, place, hook->own);
}

static void bind_list(const struct object *object, uintptr_t list, size_t bytes) {
    const ElfW(Rela) *const relocations = (const ElfW(Rela) *) list;
    for (size_t i = 0; i < bytes / sizeof *relocations; i++)
        if (ELF64_R_SYM(relocations[i].r_info) != 0)
            bind_again(object, &relocations[i]);
}

static void bind_object(struct object *object, const ElfW(Dyn) * dynamic) {
    uintptr_t calls = 0, others = 0;
    size_t call_bytes = 0, other_bytes = 0;
    for (; dynamic->d_tag != DT_NULL; dynamic++) {
        const uintptr_t address = address_in(object, dynamic->d_un.d_ptr);
        switch (dynamic->d_tag) {
        case DT_SYMTAB:
            object->symbols = (const ElfW(Sym) *) address;
            break;
        case DT_STRTAB:
            object->names = (const char *) address;
            break;
        case DT_JMPREL:
            calls = address;
            break;
        case DT_PLTRELSZ:
            call_bytes = dynamic->d_un.d_val;
            break;
        case DT_RELA:
            others = address;
            break;
        case DT_RELASZ:
            other_bytes = dynamic->d_un.d_val;
            break;
        default:
            break;
        }
    }
    if (object->symbols == NULL || object->names == NULL)
        return;
    if (calls != 0)
        bind_list(object, calls, call_bytes);
    if (others != 0)
        bind_list(object, others, other_bytes);
}

static void look_at(const struct dl_phdr_info *info) {
    struct object object = {.bias = info->dlpi_addr, .start = UINTPTR_MAX};
    const ElfW(Dyn) *dynamic = NULL;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *const header = &info->dlpi_phdr[i];
        const uintptr_t start = object.bias + header->p_vaddr, end = start + header->p_memsz;
        if (header->p_type == PT_LOAD) {
            object.start = start < object.start ? start : object.start;
            object.end = end > object.end ? end : object.end;
        } else if (header->p_type == PT_DYNAMIC) {
            dynamic = (const ElfW(Dyn) *) start;
        } else if (header->p_type == PT_GNU_RELRO) {
            object.protected_start = page_of(start);
            object.protected_end = page_of(end);
        }
    }
    if (dynamic != NULL)
        bind_object(&object, dynamic);
}

struct visit {
    unsigned long long loads, unloads; /* so far, of the process */
    unsigned long long index, first;   /* of the object; the first one to look at */
    bool counts;                       /* only the former */
};

static int visit_object(struct dl_phdr_info *info, size_t bytes, void *data) {
    struct visit *visit = data;
    if (visit->index == 0) {
        const unsigned long long before = visit->loads;
        visit->loads = info->dlpi_adds;
        visit->unloads = info->dlpi_subs;
        visit->first = visit->loads - visit->unloads - (visit->loads - before); /* the newest are last */
    }
    if (!visit->counts && visit->index >= visit->first)
        look_at(info);
    visit->index++;
    (void) bytes;
    return visit->counts;
}

typedef int (*iterate_function)(int (*)(struct dl_phdr_info *, size_t, void *), void *);

void *qmon__load_deep(void *(*real)(const char *file, int mode), const char *file, int mode) {
    static void *_Atomic next;
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const int error_number = errno;
    struct visit visit = {.counts = true};
    const iterate_function iterate = (iterate_function) qmon__next("dl_iterate_phdr", &next);
    pthread_once(&once, find_functions);
    if (iterate != NULL)
        iterate(visit_object, &visit);
    errno = error_number;
    void *const library = real(file, mode);
    if (library == NULL || iterate == NULL)
        return library;
    const int later_error = errno;
    iterate(visit_object, &(struct visit){.loads = visit.loads});
    errno = later_error;
    return library;
}
