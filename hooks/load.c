/* dlopen, but for its entry, which is in jumps.S, and dlclose, after which other code may be where some was. */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include <agent.h>
#include <crumbs.h>
#include <steps.h>

#include "deep.h"
#include "next.h"

#define NAME_BYTES 96u
#define TOLD 256u /* names; a power of two */

void *qmon__load_next(const char *file, int mode);

/* Is this the first time, as far as can be told? Programs open the same library again and again. */
static bool is_news(const char *file) {
    static _Atomic uint32_t told[TOLD];
    uint32_t hash = 2166136261u;
    for (; *file != '\0'; file++)
        hash = (hash ^ (unsigned char) *file) * 16777619u;
    return atomic_exchange_explicit(&told[hash % TOLD], hash, memory_order_relaxed) != hash;
}

/* What of a long path tells most. */
static const char *end_of(const char *file) {
    const size_t bytes = strlen(file);
    return bytes > NAME_BYTES ? file + bytes - NAME_BYTES : file;
}

static void *_Atomic next_load;

static void *load_deep(const char *file, int mode) {
    return qmon__load_deep((void *(*) (const char *, int) ) qmon__next("dlopen", &next_load), file, mode);
}

/* It is called from here and not from the program. That makes no difference to a path: nothing is searched for then, but what the
 * library needs, where dlopen's caller is a library with the old kind of path (RPATH). */
static bool is_deep(const char *file, int mode) {
    return file != NULL && (mode & RTLD_DEEPBIND) != 0 && (mode & RTLD_NOLOAD) == 0 && strchr(file, '/') != NULL &&
           strchr(file, '$') == NULL;
}

/* Where dlopen goes on; NULL: the program has none. */
void *qmon__load_next(const char *file, int mode) {
    const int error_number = errno;
    if (qmon__agent.active && file != NULL && (mode & RTLD_NOLOAD) == 0 && is_news(file))
        qmon__crumb("opens library ", end_of(file), NULL);
    void *const real = qmon__next("dlopen", &next_load);
    errno = error_number;
    return real != NULL && qmon__agent.active && is_deep(file, mode) ? (void *) load_deep : real;
}

int dlclose(void *handle) {
    static void *_Atomic next;
    int (*const real)(void *) = (int (*)(void *)) qmon__next("dlclose", &next);
    const int result = real != NULL ? real(handle) : -1;
    qmon__steps_forget();
    return result;
}
