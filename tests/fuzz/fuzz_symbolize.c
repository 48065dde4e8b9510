/* A module's file with anything in it: symbols for addresses all over it, within the time given. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <qmon/pipeline.h>

#define BASE 0x10000000u
#define FRAMES 24
#define TIME_MS 2000u

static uint64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

static void symbolize(const char *path, size_t size) {
    struct qmon_symbolizer *symbolizer = qmon_symbolizer_open();
    struct qmon_event *event = qmon_event_new(1);
    struct qmon_module module = {path, NULL, BASE, BASE + size, 0};
    struct qmon_frame frames[FRAMES] = {0};
    struct qmon_thread thread = {.frames = frames, .frame_count = FRAMES};
    for (uint32_t i = 0; i < FRAMES; i++) { /* the code of the small files in the corpus is near their beginning */
        uint64_t offset = i < FRAMES / 2 ? 0x26c + i * 7 : size * i / FRAMES;
        frames[i] = (struct qmon_frame){.index = i, .pc = BASE + offset, .exact = i % 2};
    }
    event->modules = &module;
    event->module_count = 1;
    event->threads = &thread;
    event->thread_count = 1;

    uint64_t start = now_ms();
    qmon_symbolize(symbolizer, event, 0, start + TIME_MS);
    if (now_ms() > start + 4 * TIME_MS)
        abort(); /* it did not keep to its time */
    if (thread.frame_count < FRAMES)
        abort(); /* a frame got lost */
    char *json = qmon_event_to_json(event);
    free(json);
    qmon_event_free(event);
    qmon_symbolizer_close(symbolizer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[64];
    int fd = memfd_create("module", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t) size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    symbolize(path, size);
    close(fd);
    return 0;
}
