/*
 * The parts of libqmon-kit one by one, from C++: a cache, a tracker that decides through it, and a notifier.
 *
 *     c++ kit_parts.cc $(pkg-config --cflags --libs qmon-kit)
 */
#include <cstdio>
#include <cstdlib>

#include <qmon/kit.h>

int main() {
    const char *const settings[] = {"APP_NAME=shop", "STAGE=test", nullptr};
    qmon_kit_cache *cache = qmon_kit_cache_open(QMON_KIT_CACHE_BEST, settings);
    qmon_kit_tracker *tracker = qmon_kit_tracker_open(cache, settings);
    qmon_kit_notifier *notifier = qmon_kit_notifier_open(settings);
    char version[64], *value = nullptr;

    if (cache == nullptr || tracker == nullptr || notifier == nullptr)
        return 1;

    qmon_kit_cache_set(cache, "greeting", "hello", 3600);
    if (qmon_kit_cache_get(cache, "greeting", &value) == 0)
        std::printf("greeting: %s\n", value);
    std::free(value);
    std::printf("exists: %d, %d\n", qmon_kit_cache_exists(cache, "greeting"), qmon_kit_cache_exists(cache, "farewell"));
    for (int i = 0; i < 3; i++)
        std::printf("may send: %d\n", qmon_kit_cache_rate_limit(cache, "mail to user-7", 2, 3600));

    qmon_kit_error error{};
    error.code = "ECONNRESET";
    error.endpoint = "/api/users";
    error.function = __func__;
    error.file = __FILE__;
    error.line = __LINE__;
    for (int i = 0; i < 2; i++) {
        qmon_kit_tracked tracked{};
        if (qmon_kit_track_error(tracker, &error, &tracked) != 0)
            return 1;
        std::printf("alert: %d, occurrence %llu\n", tracked.should_alert,
                    static_cast<unsigned long long>(tracked.total));
        if (tracked.should_alert)
            std::printf("told to: %d\n", qmon_kit_send_error(notifier, tracked.event, 5000));
        qmon_kit_tracked_clear(&tracked);
    }
    std::printf("version: %s\n", qmon_kit_version_info("v1.2.3", settings, version, sizeof version));

    qmon_kit_notifier_close(notifier);
    qmon_kit_tracker_close(tracker);
    qmon_kit_cache_close(cache);
    return 0;
}
