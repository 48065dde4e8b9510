/*
 * dl_iterate_phdr: AddressSanitizer refuses to run where the first shared object is not its own runtime, as is so with any
 * preload. To such a host we come last in the list; to all others the call is passed on as it is.
 */
#include <link.h>
#include <stddef.h>

#include "next.h"

void __asan_init(void) __attribute__((weak));

typedef int (*visit_function)(struct dl_phdr_info *, size_t, void *);
typedef int (*iterate_function)(visit_function, void *);

struct visit {
    visit_function function;
    void *data;
    struct dl_phdr_info own;
    size_t own_bytes; /* 0: not met */
};

static int is_own(const struct dl_phdr_info *info) {
    for (unsigned i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_DYNAMIC &&
            info->dlpi_addr + info->dlpi_phdr[i].p_vaddr == (ElfW(Addr)) _DYNAMIC)
            return 1;
    return 0;
}

static int visit_others(struct dl_phdr_info *info, size_t bytes, void *data) {
    struct visit *visit = data;
    if (visit->own_bytes == 0 && bytes <= sizeof visit->own && is_own(info)) {
        visit->own = *info;
        visit->own_bytes = bytes;
        return 0;
    }
    return visit->function(info, bytes, visit->data);
}

int dl_iterate_phdr(visit_function function, void *data) {
    static void *_Atomic next;
    const iterate_function real = (iterate_function) qmon__next("dl_iterate_phdr", &next);
    if (real == NULL)
        return -1;
    if (__asan_init == NULL)
        return real(function, data);
    struct visit visit = {.function = function, .data = data};
    const int result = real(visit_others, &visit);
    return result != 0 || visit.own_bytes == 0 ? result : function(&visit.own, visit.own_bytes, data);
}
