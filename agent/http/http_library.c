/*
 * http_library.c: opens libcurl once. It is never closed again: it may have threads of its own (name resolution). Bound
 * lazily: it comes with 30 libraries, of which a request calls little.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <qmon/curl.h>
#include <qmon/http.h>

static const char *const libraries[] = {"libcurl.so.4", "libcurl-gnutls.so.4", NULL};
const char *const *qmon__http_libraries = libraries;

enum need { REQUIRED, OPTIONAL };

static const struct symbol {
    const char *name;
    size_t member;
    enum need need;
} symbols[] = {
#define SYMBOL(member, function, need) {#function, offsetof(struct qmon__curl, member), need},
    QMON__CURL_SYMBOLS(SYMBOL)
#undef SYMBOL
};

static struct qmon__curl curl;
static bool loaded;
static char problem[160];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool resolve(void *handle, const char *library) {
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
        void *address = dlsym(handle, symbols[i].name);
        if (!address && symbols[i].need == REQUIRED) {
            snprintf(problem, sizeof problem, "%s has no %s", library, symbols[i].name);
            return false;
        }
        memcpy((char *) &curl + symbols[i].member, &address, sizeof address);
    }
    return true;
}

static void load(void) {
    for (const char *const *library = qmon__http_libraries; *library; library++) {
        void *handle = dlopen(*library, RTLD_LAZY | RTLD_LOCAL);
        if (!handle)
            continue;
        if (resolve(handle, *library) && curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) {
            loaded = true;
            return;
        }
        dlclose(handle);
    }
    if (!problem[0])
        snprintf(problem, sizeof problem, "%s cannot be loaded; install libcurl4", qmon__http_libraries[0]);
}

const struct qmon__curl *qmon__curl_load(const char **ret_problem) {
    pthread_once(&once, load);
    if (!loaded)
        *ret_problem = problem;
    return loaded ? &curl : NULL;
}
