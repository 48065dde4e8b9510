#include "scratch.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qmon/paths.h>

struct scratch scratch_make(void) {
    const char *base = getenv("TMPDIR");
    struct scratch scratch;

    snprintf(scratch.path, sizeof scratch.path, "%s/qmon-test-XXXXXX", base != NULL && base[0] == '/' ? base : "/tmp");
    cr_assert_not_null(mkdtemp(scratch.path), "no scratch directory %s", scratch.path);
    return scratch;
}

/* Where processes kept their records if this was their state directory. */
static void remove_records_of(const char *state_dir) {
    const uint32_t users[] = {0, 65534, getuid()};
    char directory[QMON_RECORD_DIRECTORY_BYTES];

    for (size_t i = 0; i < sizeof users / sizeof users[0]; i++) {
        qmon_record_directory_shm(users[i], state_dir, directory, sizeof directory);
        rmdir(directory); /* an empty one alone */
    }
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place) {
    (void) status;
    (void) place;
    if (type == FTW_DP)
        remove_records_of(path);
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
