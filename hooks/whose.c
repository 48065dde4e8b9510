/*
 * A program may have several libraries that define a name, none of them where the loader's order would lead from here: a C program
 * that loads a C++ plug-in has what that needs nowhere in sight. So the caller is asked: a library that defines the name means its own.
 * Another means the next one in the loader's order, or else the one that its own libraries lead to.
 */
#include "whose.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stddef.h>

#include <modules.h>
#include <steps.h>

#include "next.h"

struct question {
    const char *name;
    uintptr_t caller, real;
    const char *path;
};

static int find_image(struct dl_phdr_info *information, size_t bytes, void *argument) {
    struct question *question = argument;
    struct qmon__image image = {.start = UINTPTR_MAX,
                                .bias = information->dlpi_addr,
                                .headers = information->dlpi_phdr,
                                .header_count = information->dlpi_phnum};
    (void) bytes;
    for (unsigned i = 0; i < information->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &information->dlpi_phdr[i];
        const uintptr_t start = information->dlpi_addr + header->p_vaddr, end = start + header->p_memsz;
        if (header->p_type != PT_LOAD)
            continue;
        image.start = start < image.start ? start : image.start;
        image.end = end > image.end ? end : image.end;
    }
    if (question->caller < image.start || question->caller >= image.end)
        return 0;
    question->real = qmon__symbol_in(&image, question->name, NULL);
    question->path = information->dlpi_name;
    return 1;
}

/* By the libraries that the caller brought along. */
static uintptr_t ask_loader(const struct qmon__hook_name *name, const char *path) {
    void *handle = path != NULL && *path != '\0' ? dlopen(path, RTLD_LAZY | RTLD_NOLOAD) : NULL;
    void *const found = handle != NULL ? dlsym(handle, name->name) : NULL;
    if (handle != NULL)
        dlclose(handle);
    return found != name->hook ? (uintptr_t) found : 0;
}

static uintptr_t find(struct qmon__whose *whose, const struct qmon__hook_name *name, uintptr_t caller) {
    struct question question = {.name = name->name, .caller = caller};
    dl_iterate_phdr(find_image, &question);
    if (question.real == 0)
        question.real = (uintptr_t) qmon__next(name->name, &whose->next);
    return question.real != 0 ? question.real : ask_loader(name, question.path);
}

uintptr_t qmon__whose_function(struct qmon__whose *whose, const struct qmon__hook_name *name, uintptr_t caller) {
    struct qmon__answer *answer = &whose->answers[(caller ^ caller >> 8) % QMON__ANSWERS];
    uintptr_t real = atomic_load_explicit(&answer->real, memory_order_relaxed);
    const uintptr_t mixed = atomic_load_explicit(&answer->mixed, memory_order_relaxed);
    if (real != 0 && (mixed ^ real) == (caller ^ (uintptr_t) qmon__steps_age() << 48))
        return real;
    const int error_number = errno;
    real = find(whose, name, caller);
    errno = error_number;
    atomic_store_explicit(&answer->real, real, memory_order_relaxed);
    atomic_store_explicit(&answer->mixed, real ^ caller ^ (uintptr_t) qmon__steps_age() << 48, memory_order_relaxed);
    return real;
}
