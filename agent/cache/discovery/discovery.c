/*
 * discovery.c: when to look for Redis, and who does it.
 *
 * A place that was found is good for GOOD_MS; then it is looked for again, while it goes on being used (for KEPT_MS at most).
 * That there is none, or that it could not be found, is remembered for BAD_MS. AWS is asked by a process of its own, which
 * nobody waits for but who knows no place at all, and he only as long as he can: its end is bounded by an alarm. It
 * closes what it has inherited, because locks and pipes of ours are others' signs of life.
 */
#include "discovery.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <qmon/aws.h>
#include <qmon/cache.h>
#include <qmon/clock.h>

#include "redis_transport.h"

#define GOOD_MS UINT64_C(600000)
#define BAD_MS UINT64_C(300000)
#define DOUBT_MS UINT64_C(30000)
#define KEPT_MS UINT64_C(604800000)
#define ASK_MS 4000u
#define ALARM_S 8u

static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-/";

/* The prefix with the stage in it; false where that is no name of a parameter. */
static bool compose_prefix(const struct qmon_config *config, char *ret_prefix, size_t bytes) {
    static const char mark[] = "{stage}";
    const char *pattern = config->ssm_prefix, *at = strstr(pattern, mark);
    size_t length;

    if (strcmp(pattern, "off") == 0 || pattern[0] != '/')
        return false;
    if (at == NULL)
        snprintf(ret_prefix, bytes, "%s", pattern);
    else
        snprintf(ret_prefix, bytes, "%.*s%s%s", (int) (at - pattern), pattern, config->stage, at + sizeof mark - 1);
    length = strlen(ret_prefix);
    while (length > 0 && ret_prefix[length - 1] == '/')
        ret_prefix[--length] = '\0';
    return length > 0 && length + 1 < bytes && strspn(ret_prefix, allowed) == length;
}

/* Told apart by prefix and by who asks where. */
static void compose_path(const struct qmon_config *config, struct qmon__discovery *discovery) {
    static const char *const variables[] = {"AWS_PROFILE",         "AWS_REGION",        "AWS_DEFAULT_REGION",
                                            "AWS_ROLE_ARN",        "AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL",
                                            "AWS_ENDPOINT_URL_SSM"};
    uint64_t hash = 0xcbf29ce484222325u;
    char directory[3072];

    for (const char *c = discovery->prefix; *c != '\0'; c++)
        hash = (hash ^ (unsigned char) *c) * 0x100000001b3u;
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        const char *value = secure_getenv(variables[i]);
        hash = (hash ^ 0xff) * 0x100000001b3u;
        for (; value != NULL && *value != '\0'; value++)
            hash = (hash ^ (unsigned char) *value) * 0x100000001b3u;
    }
    discovery->path[0] = '\0';
    if (qmon_state_dir(config->state_dir, environ, directory, sizeof directory) >= 0)
        snprintf(discovery->path, sizeof discovery->path, "%s/redis-%016" PRIx64 ".json", directory, hash);
}

bool qmon__discovery_of(const struct qmon_config *config, struct qmon__discovery *ret_discovery) {
    if (config->stage[0] == '\0' || config->redis_url[0] != '\0' || config->redis_host[0] != '\0' ||
        !compose_prefix(config, ret_discovery->prefix, sizeof ret_discovery->prefix) || !qmon_aws_likely())
        return false;
    compose_path(config, ret_discovery);
    return true;
}

/* --- the process that asks --- */

static void ask_and_remember(const struct qmon__discovery *discovery, int tell) {
    struct qmon__place before, place;
    char how[512];
    int r;

    alarm(ALARM_S);
    qmon__place_read(discovery->path, &before);
    r = qmon__discovery_ask(discovery, ASK_MS, &place, how, sizeof how);
    if (r < 0 && r != -ENODATA && before.where[0] != '\0') { /* AWS away: the place may be right all the same */
        before.tried_ms = place.tried_ms;
        memcpy(before.problem, place.problem, sizeof before.problem);
        place = before;
    }
    qmon__place_write(discovery->path, &place);
    if (tell >= 0 && write(tell, &place, sizeof place) < 0) /* nobody is waiting any more */
        _exit(1);
    _exit(0);
}

static void become_asker(const struct qmon__discovery *discovery, int tell) {
    sigset_t none;
    int null;

    if (fork() != 0)
        _exit(0);
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
    if (tell >= 0 && dup2(tell, 3) < 0)
        _exit(1);
    closefrom(tell >= 0 ? 4 : 3);
    null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; fd++)
        dup2(null, fd);
    ask_and_remember(discovery, tell >= 0 ? 3 : -1);
}

/* `tell`: where to write the place; -1 nowhere. */
static int start_asker(const struct qmon__discovery *discovery, int tell) {
    pid_t middle = fork();

    if (middle == 0)
        become_asker(discovery, tell);
    if (middle < 0)
        return -errno;
    while (waitpid(middle, NULL, 0) < 0 && errno == EINTR)
        ;
    return 0;
}

static int ask_and_wait(const struct qmon__discovery *discovery, uint64_t deadline_ms, struct qmon__place *ret_place) {
    int ends[2], r;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    r = start_asker(discovery, ends[1]);
    close(ends[1]);
    if (r == 0)
        r = qmon__redis_wait(ends[0], POLLIN, deadline_ms);
    if (r == 0 && read(ends[0], ret_place, sizeof *ret_place) != sizeof *ret_place)
        r = -ENODATA;
    close(ends[0]);
    return r == -ETIMEDOUT ? -EINPROGRESS : r;
}

/* --- when --- */

static const char looking[] = "it is being looked for";

static uint64_t age_of(uint64_t time_ms) {
    uint64_t now_ms = qmon_real_ms();

    return time_ms == 0 || time_ms > now_ms ? UINT64_MAX : now_ms - time_ms;
}

/* That somebody is at it is remembered first, so that a storm of crashes asks once. */
static void note_looking(struct qmon__place *place) {
    place->tried_ms = qmon_real_ms();
    if (place->where[0] == '\0')
        strcpy(place->problem, looking);
}

static void look_again(const struct qmon__discovery *discovery, struct qmon__place *place) {
    note_looking(place);
    if (qmon__place_write(discovery->path, place) == 0)
        start_asker(discovery, -1);
}

static bool is_known(const struct qmon__place *place) {
    return place->where[0] != '\0' && age_of(place->found_ms) < KEPT_MS;
}

static bool is_due(const struct qmon__place *place) {
    return age_of(place->tried_ms) >= (is_known(place) ? GOOD_MS : BAD_MS);
}

/* Another process is at it, and will say so in the file. */
static int await_another(const struct qmon__discovery *discovery, uint64_t deadline_ms, struct qmon__place *place) {
    while (strcmp(place->problem, looking) == 0 && age_of(place->tried_ms) < ALARM_S * 1000u) {
        if (qmon__redis_left_ms(deadline_ms) == 0)
            return -EINPROGRESS;
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        qmon__place_read(discovery->path, place);
    }
    return 0;
}

int qmon__discover(const struct qmon__discovery *discovery, uint64_t deadline_ms, struct qmon__place *ret_place) {
    int r;

    qmon__place_read(discovery->path, ret_place);
    if (is_known(ret_place)) {
        if (is_due(ret_place))
            look_again(discovery, ret_place);
        return 0;
    }
    if (is_due(ret_place)) {
        memset(ret_place, 0, sizeof *ret_place);
        note_looking(ret_place);
        qmon__place_write(discovery->path, ret_place);
        r = ask_and_wait(discovery, deadline_ms, ret_place);
    } else {
        r = await_another(discovery, deadline_ms, ret_place);
    }
    return r < 0 ? r : ret_place->where[0] != '\0' ? 0 : -ENODATA;
}

void qmon_cache_discovery_begin(const struct qmon_config *config) {
    struct qmon__discovery discovery;
    struct qmon__place place;

    if (!qmon__discovery_of(config, &discovery))
        return;
    qmon__place_read(discovery.path, &place);
    if (!is_due(&place))
        return;
    if (!is_known(&place))
        memset(&place, 0, sizeof place);
    look_again(&discovery, &place);
}

void qmon__discovery_doubt(const struct qmon__discovery *discovery) {
    struct qmon__place place;

    qmon__place_read(discovery->path, &place);
    if (age_of(place.tried_ms) >= DOUBT_MS && place.where[0] != '\0')
        look_again(discovery, &place);
}
