/* code_places.c: see code_places.h. */
#include "code_places.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

struct qmon_module code_module(struct qmon_event *event, const void *address) {
    struct qmon_module module = {0};
    char line[4400], path[4200], flags[8];
    unsigned long start, end, offset;
    FILE *maps = fopen("/proc/self/maps", "re");
    cr_assert_not_null(maps);
    while (fgets(line, sizeof line, maps)) {
        *path = '\0';
        if (sscanf(line, "%lx-%lx %7s %lx %*s %*s %4199[^\n]", &start, &end, flags, &offset, path) < 4)
            continue;
        if ((uintptr_t) address < start || (uintptr_t) address >= end)
            continue;
        module = (struct qmon_module){qmon_event_text(event, path), NULL, start, end, offset};
        break;
    }
    fclose(maps);
    cr_assert_not_null(module.path, "no mapping at %p", address);
    return module;
}

struct qmon_event *code_event(const void *const *addresses, size_t count) {
    struct qmon_event *event = qmon_event_new(1);
    event->threads = qmon_event_alloc(event, sizeof *event->threads);
    event->thread_count = 1;
    event->threads->frames = qmon_event_alloc(event, count * sizeof *event->threads->frames);
    event->threads->frame_count = count;
    event->modules = qmon_event_alloc(event, count * sizeof *event->modules);
    for (size_t i = 0; i < count; i++) {
        event->threads->frames[i] =
            (struct qmon_frame){.index = (uint32_t) i, .pc = (uintptr_t) addresses[i], .exact = true};
        struct qmon_module module = code_module(event, addresses[i]);
        bool known = false;
        for (size_t m = 0; m < event->module_count; m++)
            known |= event->modules[m].start == module.start;
        if (!known)
            event->modules[event->module_count++] = module;
    }
    return event;
}
