/*
 * Replays files through a fuzz target that is built without libFuzzer, so that its corpus is an ordinary test.
 * Arguments are files, or directories whose files are taken. Exits with 1 if nothing was replayed.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned replayed;

static int replay_file(int fd, size_t size) {
    uint8_t *data = malloc(size ? size : 1); /* exactly as large as the input: a sanitizer sees every byte beyond it */
    size_t got = 0;

    while (data && got < size) {
        ssize_t n = read(fd, data + got, size - got);
        if (n <= 0)
            break;
        got += (size_t) n;
    }
    if (!data || got < size) {
        free(data);
        return -1;
    }
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    replayed++;
    return 0;
}

static int replay_path(int directory, const char *name);

static int replay_directory(int fd) {
    DIR *stream = fdopendir(fd);
    struct dirent *entry;
    int r = 0;

    if (!stream)
        return -1;
    while (r == 0 && (entry = readdir(stream)))
        if (entry->d_name[0] != '.')
            r = replay_path(dirfd(stream), entry->d_name);
    closedir(stream);
    return r;
}

static int replay_path(int directory, const char *name) {
    struct stat status;
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
    int r = -1;

    if (fd >= 0 && fstat(fd, &status) == 0) {
        if (S_ISDIR(status.st_mode))
            return replay_directory(fd);
        r = replay_file(fd, (size_t) status.st_size);
    }
    if (r < 0)
        perror(name);
    if (fd >= 0)
        close(fd);
    return r;
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++)
        if (replay_path(AT_FDCWD, argv[i]) < 0)
            return 1;
    printf("%u inputs replayed\n", replayed);
    return replayed ? 0 : 1;
}
