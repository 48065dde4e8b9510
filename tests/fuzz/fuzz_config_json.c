/*
 * The configuration's JSON file: anything at all may stand in it. Whatever is understood of it is put to use: events are routed,
 * held through the night, and told in its words.
 */
#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <qmon/delivery.h>
#include <qmon/pipeline.h>
#include <qmon/routing.h>
#include <qmon/sink.h>
#include <qmon/text.h>

#include "document.h"
#include "slack_limits.h"
#include "slack_render.h"
#include "template.h"
#include "value.h"

#define ALL_CHANNELS ((qmon_channels) (((uint64_t) 1 << QMON_CHANNELS) - 1))

static const char error[] =
    "{\"schema\":\"qmon.event/1\",\"id\":\"01934a1c-7e10-7a2b-8c3d-4e5f60718293\",\"time\":\"2024-11-20T12:03:00Z\","
    "\"kind\":\"error\",\"severity\":\"error\",\"title\":\"404 at <here>\",\"message\":\"gone & \\u00e4\\ud83d\\ude00\","
    "\"code\":\"404\",\"threads\":[{\"tid\":1,\"name\":\"main\",\"frames\":[{\"index\":0,\"pc\":\"0x10\",\"module\":"
    "\"/usr/bin/shop\",\"function\":\"sell\",\"file\":\"/src/shop.c\",\"line\":7,\"in_app\":true}]}],"
    "\"service\":{\"name\":\"shop\",\"stage\":\"test\",\"version\":\"1\"},\"host\":{\"name\":\"web-7\"},"
    "\"process\":{\"pid\":7,\"executable\":\"/usr/bin/shop\"},\"notes\":[\"one\",\"two\"],"
    "\"report\":{\"endpoint\":\"/a?b\",\"user_id\":\"u\",\"extra\":{\"a\":\"1\",\"b.c\":\"2\",\"a[0]\":\"`3`\"}}}";
static const char crash[] =
    "{\"schema\":\"qmon.event/1\",\"id\":\"01934a1c-7e10-7a2b-8c3d-4e5f60718294\",\"time\":\"2024-11-20T12:03:00Z\","
    "\"kind\":\"crash\",\"severity\":\"critical\",\"title\":\"SIGSEGV\",\"code\":\"SIGSEGV\",\"signal\":{\"number\":11,"
    "\"name\":\"SIGSEGV\"},\"registers\":{\"rip\":\"0x1\"},\"process\":{\"pid\":7}}";

static struct qmon_event *event_of(const char *json) {
    const char *problem = NULL;
    struct qmon_event *event = qmon_event_from_json(json, strlen(json), &problem);

    if (event == NULL) {
        fprintf(stderr, "%s\n", problem);
        abort();
    }
    return event;
}

static void check_clean(const char *text) {
    size_t left = text != NULL ? strlen(text) : 0;
    uint32_t code;

    while (left > 0) {
        size_t step = qmon_utf8_step(text, left, &code);
        if (step == 0)
            abort();
        text += step;
        left -= step;
    }
}

/* An operator's own body may hold markup, which the strict check does not let through. */
static void check_message(const struct qmon_event *event) {
    struct qmon__slack_render_options options = {.channel = "C012AB3CD"};
    char *message = qmon__slack_render(event, &options), problem[256] = "";
    bool fine = message != NULL;

    if (fine && event->told.body == NULL)
        fine = slack_limits_check(message, strlen(message), true, problem, sizeof problem);
    if (!fine) {
        fprintf(stderr, "%s\n%s\n", problem, message != NULL ? message : "no message");
        abort();
    }
    check_clean(message);
    free(message);
}

static void tell(const struct qmon_config *config, const struct qmon_sink *sink, const char *json) {
    struct qmon_event *event = event_of(json);

    qmon__fill_templates(event, config, sink);
    check_clean(event->told.title);
    check_clean(event->told.body);
    if (strcmp(sink->name, "slack") == 0)
        check_message(event);
    qmon_event_free(event);
}

static void route(const struct qmon_config *config, const char *json) {
    struct qmon_event *event = event_of(json);
    struct qmon_routed routed = qmon_routed(config->routing, event, ALL_CHANNELS);

    if ((routed.channels & routed.too_mild) != 0 || (routed.muted && routed.channels != 0))
        abort();
    routed = qmon_route_of(event, config);
    if (routed.muted && routed.channels != 0)
        abort();
    qmon_event_free(event);
}

static void wait_for_morning(const struct qmon_config *config) {
    static const uint64_t times_ms[] = {0, UINT64_C(1732104180000),
                                        UINT64_C(1774746000000), /* the clocks of Europe change */
                                        UINT64_C(253402300799999)};

    for (size_t i = 0; i < sizeof times_ms / sizeof times_ms[0]; i++)
        for (enum qmon_channel channel = 0; channel < QMON_CHANNELS; channel++) {
            uint64_t until_ms = qmon_quiet_until(config->routing, channel, QMON_SEVERITY_WARNING, times_ms[i]);
            if (until_ms != 0 && until_ms <= times_ms[i] - times_ms[i] % 1000)
                abort();
        }
}

static void use(const struct qmon_config *config) {
    for (size_t i = 0; i < config->problem_count; i++)
        if (strchr(config->problems[i], '\n') != NULL)
            abort();
    route(config, error);
    route(config, crash);
    if (config->routing != NULL && config->routing->quiet_count > 0)
        wait_for_morning(config);
    for (size_t i = 0; config->templates != NULL && qmon_sinks[i] != NULL; i++) {
        tell(config, qmon_sinks[i], error);
        tell(config, qmon_sinks[i], crash);
    }
}

/* The whole way, from a file. */
static void load(const uint8_t *data, size_t size) {
    static int file = -1;
    char variable[64], least[] = "QMON_MIN_SEVERITY=info,email=error";

    if (file < 0)
        file = memfd_create("qmon.json", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != (ssize_t) size)
        abort();
    snprintf(variable, sizeof variable, "QMON_CONFIG=/proc/self/fd/%d", file);
    char *const environment[] = {variable, least, NULL};
    struct qmon_config *config = qmon_config_load(environment);
    if (config == NULL)
        abort();
    use(config);
    qmon_config_free(config);
}

/* What parses nothing is given to it on invalid documents, too. */
static void locate(const uint8_t *data, size_t size) {
    static const char *const names[] = {"dedup", "window"}, *const item[] = {"routes", "[1]", "channels"};
    char *text = malloc(size + 1);
    struct qmon__place place;

    if (text == NULL)
        return;
    memcpy(text, data, size);
    text[size] = '\0';
    qmon__document_locate(text, size, names, 2, &place);
    qmon__document_locate(text, size, item, 3, &place);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > QMON__DOCUMENT_BYTES_MAX)
        return 0;
    locate(data, size);
    load(data, size);
    return 0;
}
