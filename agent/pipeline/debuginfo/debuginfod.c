#include "debuginfod.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qmon/pipeline.h>

#define LIBRARY "libdebuginfod.so.1"
#define BYTES_MAX "1073741824"
#define LEAST_MS 100u /* with less time nobody is asked */
#define LONGEST_S 60u

struct client; /* the library's */

static struct {
    bool wanted, sought;
    struct client *(*begin)(void);
    void (*end)(struct client *client);
    int (*find)(struct client *client, const unsigned char *build_id, int bytes, char **ret_path);
    void (*set_progress)(struct client *client, int (*progress)(struct client *client, long done, long total));
} library;

static struct qmon__budget share; /* of the question that is being asked */

void qmon_debuginfod_configure(const char *urls, const char *cache_directory) {
    library.wanted = urls != NULL && *urls != '\0' && setenv("DEBUGINFOD_URLS", urls, 1) == 0 &&
                     setenv("DEBUGINFOD_CACHE_PATH", cache_directory, 1) == 0 &&
                     setenv("DEBUGINFOD_MAXSIZE", BYTES_MAX, 1) == 0;
    unsetenv("DEBUGINFOD_PROGRESS");
    unsetenv("DEBUGINFOD_VERBOSE");
    unsetenv("DEBUGINFOD_HEADERS_FILE");
}

static void take(void *handle, const char *name, void *ret_function) {
    void *const address = dlsym(handle, name);
    memcpy(ret_function, &address, sizeof address);
}

static bool load(void) {
    if (library.sought)
        return library.find != NULL;
    library.sought = true;
    void *handle = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL);
    if (handle == NULL)
        return false;
    take(handle, "debuginfod_begin", &library.begin);
    take(handle, "debuginfod_end", &library.end);
    take(handle, "debuginfod_set_progressfn", &library.set_progress);
    if (library.begin != NULL && library.end != NULL && library.set_progress != NULL)
        take(handle, "debuginfod_find_debuginfo", &library.find);
    return library.find != NULL;
}

/* Asked all the time; not 0: enough. */
static int is_late(struct client *client, long done, long total) {
    (void) client;
    (void) done;
    (void) total;
    return qmon__budget_check(&share);
}

bool qmon__debuginfod_find(const char *build_id, const struct qmon__budget *budget, char *ret_path, size_t bytes) {
    const uint64_t left_ms = qmon__budget_left_ms(budget);
    char seconds[16], *path = NULL;
    if (!library.wanted || left_ms / 2 < LEAST_MS || strlen(build_id) < 4 || !load())
        return false;
    share = *budget;
    share.deadline_ms -= left_ms < share.deadline_ms ? left_ms - left_ms / 2 : 0;
    const uint64_t most_s = left_ms / 2000 + 1;
    snprintf(seconds, sizeof seconds, "%u", (unsigned) (most_s < LONGEST_S ? most_s : LONGEST_S));
    if (setenv("DEBUGINFOD_TIMEOUT", seconds, 1) != 0 || setenv("DEBUGINFOD_MAXTIME", seconds, 1) != 0)
        return false;
    struct client *client = library.begin();
    if (client == NULL)
        return false;
    library.set_progress(client, is_late);
    const int fd = library.find(client, (const unsigned char *) build_id, 0, &path);
    const bool found = fd >= 0 && path != NULL && strlen(path) < bytes;
    if (found)
        strcpy(ret_path, path);
    if (fd >= 0)
        close(fd);
    free(path);
    library.end(client);
    return found;
}
