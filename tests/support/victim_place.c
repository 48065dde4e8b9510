#include "victim_place.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "reports.h"

void victim_file(const char *name, char *ret_path, size_t bytes) {
    const bool is_victim = strchr(name, '/') == NULL || strncmp(name, "runtimes/", 9) == 0;
    snprintf(ret_path, bytes, "%s%s", is_victim ? QMON_BUILD_DIR "/victims/" : "", name);
}

static void set_command(struct victim_place *place) {
    const struct victim *victim = place->victim;
    size_t count = 0;
    victim_file(victim->program, place->program, sizeof place->program);
    place->arguments[count++] = place->program;
    for (size_t i = 0; i < VICTIM_ARGUMENTS && victim->arguments[i] != NULL; i++)
        place->arguments[count++] = victim->arguments[i];
    place->arguments[count] = NULL;
}

void victim_place_make(struct victim_place *place, const struct victim *victim) {
    place->victim = victim;
    const mode_t mode = victim->open_place ? 0777 : 0700;
    place->scratch = scratch_make();
    snprintf(place->state, sizeof place->state, "%s/state", place->scratch.path);
    snprintf(place->events, sizeof place->events, "%s/events.json", place->scratch.path);
    snprintf(place->work, sizeof place->work, "%s/work", place->scratch.path);
    set_command(place);
    cr_assert_eq(mkdir(place->work, 0777), 0);
    if (victim->open_place) {
        cr_assert_eq(mkdir(place->state, mode), 0);
        scratch_write(&place->scratch, "events.json", "");
        chmod(place->state, mode);
        chmod(place->events, 0666);
        chmod(place->work, mode);
        chmod(place->scratch.path, 0755);
    }
}

void victim_place_drop(struct victim_place *place) {
    records_sweep(place->state);
    scratch_remove(&place->scratch);
}

static const char *setting(struct victim_place *place, size_t index, const char *name, const char *value) {
    snprintf(place->texts[index], sizeof place->texts[index], "%s=%s", name, value);
    return place->texts[index];
}

/* Of the program, with the agent or without; else of `qmon`. */
static void set_environment(struct victim_place *place, bool program, bool agent) {
    size_t count = 0;
    place->environment[count++] = "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";
    place->environment[count++] = "LANG=C";
    place->environment[count++] = setting(place, 0, "HOME", place->work);
    for (size_t i = 0; i < VICTIM_ENVIRONMENT && place->victim->environment[i] != NULL; i++)
        place->environment[count++] = place->victim->environment[i];
    if (!program || agent) {
        place->environment[count++] = setting(place, 1, "QMON_STATE_DIR", place->state);
        place->environment[count++] = setting(place, 2, "QMON_EVENTS_FILE", place->events);
        place->environment[count++] = setting(place, 3, "QMON_LOG", scratch_path(&place->scratch, "log"));
        place->environment[count++] = "QMON_DEDUP_LIMIT=1000"; /* so that one that comes twice is seen */
    }
    const char *before = place->victim->preload_before, *after = place->victim->preload_after;
    char preload[600];
    snprintf(preload, sizeof preload, "%s:%s:%s", before != NULL ? before : "", agent ? VICTIM_AGENT : "",
             after != NULL ? after : "");
    if (program && (agent || before != NULL || after != NULL))
        place->environment[count++] = setting(place, 4, "LD_PRELOAD", preload);
    place->environment[count] = NULL;
}

void victim_place_run(struct victim_place *place, bool agent, struct tree_result *ret_result) {
    const struct victim *victim = place->victim;
    struct tree_request request = {.arguments = place->arguments,
                                   .environment = place->environment,
                                   .directory = place->work,
                                   .prepare = victim->prepare,
                                   .limit_ms = victim->limit_ms != 0 ? victim->limit_ms : VICTIM_LIMIT_MS};
    set_environment(place, true, agent);
    tree_run(&request, ret_result);
}

void victim_place_flush(struct victim_place *place, struct tree_result *ret_result) {
    const char *arguments[] = {VICTIM_COMMAND, "flush", NULL};
    struct tree_request request = {.arguments = arguments,
                                   .environment = place->environment,
                                   .directory = place->work,
                                   .limit_ms = VICTIM_LIMIT_MS};
    set_environment(place, false, false);
    tree_run(&request, ret_result);
}
