/*
 * Where exceptions are thrown. libstdc++ calls a function of its own, by its name, to make each exception before it is thrown
 * (__cxa_throw), or put into a std::exception_ptr. Ours stands in front of it.
 *
 * WHOSE. A program may have several libraries that define it, none of them where the loader's order would lead from here: a C program
 * that loads a C++ plug-in has it nowhere in sight. So the caller is asked: a library that defines it means its own. A program
 * that calls it itself (std::make_exception_ptr is inlined) means the next one in the loader's order, or else the one that its own
 * libraries lead to. Answers are kept, each for one caller, until code goes (dlclose); one that is half of another's is none.
 */
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#include <agent.h>
#include <modules.h>
#include <steps.h>
#include <thrown.h>

#include "next.h"

#define NAME "__cxa_init_primary_exception"
#define ANSWERS 16u /* a power of two */

struct answer {
    _Atomic uintptr_t real, mixed;
};

static struct answer answers[ANSWERS];

void *__cxa_init_primary_exception(void *object, void *type, void (*destroy)(void *));

struct question {
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
    question->real = qmon__symbol_in(&image, NAME, NULL);
    question->path = information->dlpi_name;
    return 1;
}

/* By the libraries that the caller brought along. */
static uintptr_t ask_loader(const char *path) {
    void *handle = path != NULL && *path != '\0' ? dlopen(path, RTLD_LAZY | RTLD_NOLOAD) : NULL;
    const uintptr_t found = handle != NULL ? (uintptr_t) dlsym(handle, NAME) : 0;
    if (handle != NULL)
        dlclose(handle);
    return found != (uintptr_t) __cxa_init_primary_exception ? found : 0;
}

static uintptr_t find(uintptr_t caller) {
    static void *_Atomic next;
    struct question question = {.caller = caller};
    dl_iterate_phdr(find_image, &question);
    if (question.real == 0)
        question.real = (uintptr_t) qmon__next(NAME, &next);
    return question.real != 0 ? question.real : ask_loader(question.path);
}

static uintptr_t real_of(uintptr_t caller) {
    struct answer *answer = &answers[(caller ^ caller >> 8) % ANSWERS];
    uintptr_t real = atomic_load_explicit(&answer->real, memory_order_relaxed);
    const uintptr_t mixed = atomic_load_explicit(&answer->mixed, memory_order_relaxed);
    if (real != 0 && (mixed ^ real) == (caller ^ (uintptr_t) qmon__steps_age() << 48))
        return real;
    const int error_number = errno;
    real = find(caller);
    errno = error_number;
    atomic_store_explicit(&answer->real, real, memory_order_relaxed);
    atomic_store_explicit(&answer->mixed, real ^ caller ^ (uintptr_t) qmon__steps_age() << 48, memory_order_relaxed);
    return real;
}

void *__cxa_init_primary_exception(void *object, void *type, void (*destroy)(void *)) {
    const uintptr_t real = real_of((uintptr_t) __builtin_return_address(0));
    if (real == 0)
        abort(); /* the caller was bound to a function that is nowhere */
    if (qmon__agent.active)
        qmon__note_thrown(object, type);
    return ((void *(*) (void *, void *, void (*)(void *))) real)(object, type, destroy);
}
