/*
 * A program may have several libraries that define a name, none of them where the loader's order would lead from here: a C program
 * that loads a C++ plug-in has what that needs nowhere in sight. So the caller is asked: a library that defines the name means its own.
 * Another means the next one in the loader's order, or else one of those that it says it needs. The loader's own answer would have to be
 * waited for (next.c).
 */
#include "whose.h"

#include <errno.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <modules.h>
#include <steps.h>
#include <text.h>

#include "next.h"

struct question {
    const struct qmon__hook_name *name;
    uintptr_t caller, real;
    const ElfW(Dyn) * needs; /* what the caller's library says of itself; NULL: it is not known yet */
    const char *names;
};

static struct qmon__image image_of(const struct dl_phdr_info *information) {
    struct qmon__image image = {.start = UINTPTR_MAX,
                                .bias = information->dlpi_addr,
                                .headers = information->dlpi_phdr,
                                .header_count = information->dlpi_phnum};
    for (unsigned i = 0; i < information->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &information->dlpi_phdr[i];
        const uintptr_t start = information->dlpi_addr + header->p_vaddr, end = start + header->p_memsz;
        if (header->p_type != PT_LOAD)
            continue;
        image.start = start < image.start ? start : image.start;
        image.end = end > image.end ? end : image.end;
    }
    return image;
}

static void find_needs(const struct qmon__image *image, struct question *question) {
    for (unsigned i = 0; i < image->header_count; i++)
        if (image->headers[i].p_type == PT_DYNAMIC)
            question->needs = (const ElfW(Dyn) *) (image->bias + image->headers[i].p_vaddr);
    for (const ElfW(Dyn) *entry = question->needs; entry != NULL && entry->d_tag != DT_NULL; entry++)
        if (entry->d_tag == DT_STRTAB)
            question->names =
                (const char *) (entry->d_un.d_ptr >= image->bias ? entry->d_un.d_ptr : entry->d_un.d_ptr + image->bias);
}

static int find_caller(struct dl_phdr_info *information, size_t bytes, void *argument) {
    struct question *question = argument;
    const struct qmon__image image = image_of(information);
    (void) bytes;
    if (question->caller < image.start || question->caller >= image.end)
        return 0;
    question->real = qmon__symbol_in(&image, question->name->name, NULL);
    find_needs(&image, question);
    return 1;
}

static bool is_needed(const struct question *question, const char *path) {
    for (const ElfW(Dyn) *entry = question->needs; entry->d_tag != DT_NULL; entry++)
        if (entry->d_tag == DT_NEEDED &&
            strcmp(qmon__base_name(question->names + entry->d_un.d_val), qmon__base_name(path)) == 0)
            return true;
    return false;
}

static int find_any(struct dl_phdr_info *information, size_t bytes, void *argument) {
    struct question *question = argument;
    const struct qmon__image image = image_of(information);
    (void) bytes;
    const uintptr_t found = qmon__symbol_in(&image, question->name->name, NULL);
    question->real = found != (uintptr_t) question->name->hook ? found : 0;
    return question->real != 0;
}

static int find_needed(struct dl_phdr_info *information, size_t bytes, void *argument) {
    return is_needed(argument, information->dlpi_name) ? find_any(information, bytes, argument) : 0;
}

static uintptr_t find(struct qmon__whose *whose, const struct qmon__hook_name *name, uintptr_t caller) {
    struct question question = {.name = name, .caller = caller};
    dl_iterate_phdr(find_caller, &question);
    if (question.real == 0)
        question.real = (uintptr_t) qmon__next(name->name, &whose->next);
    if (question.real == 0 && question.names != NULL)
        dl_iterate_phdr(find_needed, &question);
    if (question.real == 0) /* what is needed may have another name than its file */
        dl_iterate_phdr(find_any, &question);
    return question.real;
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
