/*
 * access.c: who we are and where.
 *
 * CREDENTIALS are looked for as AWS' own tools do, in this order: variables; a token file with a role (EKS); the profile in
 * the shared files; the container's endpoint (ECS, EKS); the instance's role. The first way that is set up is the one: where
 * it does not work, that is said, and no other is tried, because other credentials would be somebody else's.
 *
 * REGION: AWS_REGION, AWS_DEFAULT_REGION, the profile's, the instance's.
 *
 * What is found is kept for this process, in memory only, until it is about to expire.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qmon/clock.h>

#include "profile.h"
#include "search.h"

#define EARLY_MS UINT64_C(300000)

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct qmon_aws_access kept; /* key_id "": nothing */

void qmon_aws_clear(struct qmon_aws_access *access) {
    explicit_bzero(access, sizeof *access);
}

void qmon_aws_forget(void) {
    pthread_mutex_lock(&mutex);
    qmon_aws_clear(&kept);
    pthread_mutex_unlock(&mutex);
}

static bool take_kept(struct qmon_aws_access *ret_access) {
    const uint64_t now_ms = qmon_real_ms();
    bool good;

    pthread_mutex_lock(&mutex);
    good = kept.key_id[0] != '\0' && (kept.expires_ms == 0 || now_ms + EARLY_MS < kept.expires_ms);
    if (good)
        *ret_access = kept;
    pthread_mutex_unlock(&mutex);
    return good;
}

static void keep(const struct qmon_aws_access *access) {
    pthread_mutex_lock(&mutex);
    kept = *access;
    pthread_mutex_unlock(&mutex);
}

/* It becomes part of host names. */
static bool is_region(const char *text) {
    size_t bytes = strlen(text);

    return bytes > 0 && bytes < 33 && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == bytes &&
           text[0] != '-' && text[bytes - 1] != '-';
}

static bool region_is(struct qmon_aws_access *access, const char *region, const char *source) {
    if (region == NULL || region[0] == '\0' || strlen(region) >= sizeof access->region)
        return false;
    strcpy(access->region, region);
    snprintf(access->region_source, sizeof access->region_source, "%s", source);
    return true;
}

static bool region_of_profile(struct qmon_aws_access *access) {
    struct qmon__aws_settings *settings = malloc(sizeof *settings);
    char source[64];
    bool found;

    if (settings == NULL)
        return false;
    qmon__aws_read_profile(qmon__aws_profile_name(), settings);
    snprintf(source, sizeof source, "profile %.48s", qmon__aws_profile_name());
    found = region_is(access, settings->region, source);
    qmon__aws_clear_profile(settings);
    free(settings);
    return found;
}

static int find_region(struct qmon__aws_search *search) {
    struct qmon_aws_access *access = search->access;
    int r = 0;

    if (!region_is(access, qmon__aws_variable("AWS_REGION"), "AWS_REGION") &&
        !region_is(access, qmon__aws_variable("AWS_DEFAULT_REGION"), "AWS_DEFAULT_REGION") &&
        !region_of_profile(access))
        r = qmon__aws_instance_region(search);
    if (r == 1)
        return qmon__aws_fail(search, -ENODATA, "no region is known: AWS_REGION is not set, and no profile has one");
    if (r == 0 && !is_region(access->region))
        return qmon__aws_fail(search, -EINVAL, "the region of %s is not one", access->region_source);
    return r;
}

static int find_credentials(struct qmon__aws_search *search) {
    static qmon__aws_way *const ways[] = {qmon__aws_environment, qmon__aws_web_identity, qmon__aws_profile,
                                          qmon__aws_container, qmon__aws_instance};

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        int r = ways[i](search);
        if (r != 1)
            return r;
    }
    return qmon__aws_fail(search, -ENOKEY,
                          "there are no AWS credentials: no variables, profile, container endpoint or instance role");
}

bool qmon_aws_likely(void) {
    static const char *const variables[] = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE",
                                            "AWS_DEFAULT_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"};
    struct qmon__aws_settings *settings;
    bool likely = qmon__aws_is_container() || qmon__aws_is_instance();

    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        likely |= qmon__aws_variable(variables[i]) != NULL;
    settings = likely ? NULL : malloc(sizeof *settings);
    if (settings == NULL)
        return likely;
    qmon__aws_read_profile("default", settings);
    likely = settings->key_id[0] != '\0' || settings->role_arn[0] != '\0' || settings->program[0] != '\0' ||
             settings->elsewhere;
    qmon__aws_clear_profile(settings);
    free(settings);
    return likely;
}

int qmon_aws_find(uint64_t timeout_ms, struct qmon_aws_access *ret_access, char *ret_why) {
    struct qmon__aws_search search = {
        .deadline_ms = qmon_monotonic_ms() + timeout_ms, .access = ret_access, .why = ret_why};
    int r;

    ret_why[0] = '\0';
    if (take_kept(ret_access))
        return 0;
    memset(ret_access, 0, sizeof *ret_access);
    r = find_credentials(&search);
    if (r == 0)
        r = find_region(&search);
    if (r < 0)
        qmon_aws_clear(ret_access);
    else
        keep(ret_access);
    return r;
}
