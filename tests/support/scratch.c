#include "scratch.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct scratch scratch_make(void) {
    const char *base = getenv("TMPDIR");
    struct scratch scratch;

    snprintf(scratch.path, sizeof scratch.path, "%s/qmon-test-XXXXXX", base != NULL && base[0] == '/' ? base : "/tmp");
    cr_assert_not_null(mkdtemp(scratch.path), "no scratch directory %s", scratch.path);
    return scratch;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place) {
    (void) status;
    (void) type;
    (void) place;
    remove(path);
    return 0;
}

void scratch_remove(const struct scratch *scratch) {
    nftw(scratch->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *scratch_path(const struct scratch *scratch, const char *name) {
    static char paths[8][SCRATCH_BYTES + 128];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", scratch->path, name);
    return path;
}

const char *scratch_write(const struct scratch *scratch, const char *name, const char *text) {
    const char *path = scratch_path(scratch, name);
    FILE *file = fopen(path, "we");

    cr_assert_not_null(file, "cannot write %s", path);
    cr_assert_eq(fwrite(text, 1, strlen(text), file), strlen(text));
    cr_assert_eq(fclose(file), 0);
    return path;
}

char *scratch_read(const char *path) {
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t bytes = 0;

    if (file == NULL)
        return NULL;
    if (getdelim(&text, &bytes, '\0', file) < 0 && text != NULL)
        text[0] = '\0';
    fclose(file);
    return text;
}
