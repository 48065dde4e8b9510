/*
 * profile.c: credentials of a profile in the shared files: its own keys, those that a program of its owner's says, or those of a role that it takes on, by a token file
 * (web identity), by another profile's credentials, or by those of the environment, container or instance.
 */
#include "profile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "search.h"

#define DEPTH_MAX 4

static int find(struct qmon__aws_search *search, const char *name, int depth);

static int source_of(struct qmon__aws_search *search, const struct qmon__aws_settings *settings, const char *name,
                     int depth) {
    static const struct {
        const char *name;
        qmon__aws_way *way;
    } sources[] = {{"Environment", qmon__aws_environment},
                   {"EcsContainer", qmon__aws_container},
                   {"Ec2InstanceMetadata", qmon__aws_instance}};

    if (settings->source_profile[0] != '\0') {
        if (depth == DEPTH_MAX)
            return qmon__aws_fail(search, -ELOOP, "profile %.64s: its source_profile leads too far", name);
        return find(search, settings->source_profile,
                    strcmp(settings->source_profile, name) == 0 ? DEPTH_MAX + 1 : depth + 1);
    }
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++)
        if (strcmp(sources[i].name, settings->credential_source) == 0)
            return sources[i].way(search);
    return qmon__aws_fail(search, -EINVAL, "profile %.64s has a role_arn, but no source of credentials", name);
}

static int take_role(struct qmon__aws_search *search, const struct qmon__aws_settings *settings, const char *name,
                     int depth) {
    struct qmon__aws_role role = {.arn = settings->role_arn,
                                  .session_name = settings->session_name,
                                  .external_id = settings->external_id,
                                  .region = settings->region};
    char *token = NULL;
    int r;

    if (settings->web_identity_file[0] != '\0') {
        token = qmon__aws_read(settings->web_identity_file);
        if (token == NULL)
            return qmon__aws_fail(search, -errno, "profile %.64s: its web_identity_token_file: %s", name,
                                  strerror(errno));
        role.web_identity = token;
        r = 0;
    } else {
        r = source_of(search, settings, name, depth);
        if (r == 1)
            r = qmon__aws_fail(search, -ENOKEY, "profile %.64s: its source has no credentials", name);
    }
    if (r == 0)
        r = qmon__aws_assume(search, &role);
    qmon__aws_free(token);
    if (r == 0)
        snprintf(search->access->source, sizeof search->access->source, "profile %.64s, role %.100s", name,
                 settings->role_arn);
    return r;
}

static int take_keys(struct qmon__aws_search *search, const struct qmon__aws_settings *settings, const char *name) {
    struct qmon_aws_access *access = search->access;

    if (settings->key_id[0] == '\0' && settings->program[0] != '\0')
        return qmon__aws_program(search, name, settings->program);
    if (settings->key_id[0] == '\0' && settings->elsewhere)
        return qmon__aws_fail(search, -ENOTSUP, "profile %.64s gets its credentials by SSO, which is not supported",
                              name);
    if (settings->key_id[0] == '\0')
        return 1;
    if (settings->secret[0] == '\0' || !qmon__aws_keep(access->key_id, sizeof access->key_id, settings->key_id) ||
        !qmon__aws_keep(access->secret, sizeof access->secret, settings->secret) ||
        !qmon__aws_keep(access->token, sizeof access->token, settings->token))
        return qmon__aws_fail(search, -ENOKEY, "profile %.64s has no usable pair of keys", name);
    snprintf(access->source, sizeof access->source, "profile %.64s of the shared %s file", name, settings->file);
    return 0;
}

/* A depth beyond the largest: the profile names itself as its source, and its own keys are meant. */
static int find(struct qmon__aws_search *search, const char *name, int depth) {
    struct qmon__aws_settings *settings = malloc(sizeof *settings);
    int r;

    if (settings == NULL)
        return qmon__aws_fail(search, -ENOMEM, "out of memory");
    qmon__aws_read_profile(name, settings);
    if (!settings->found)
        r = depth == 0 ? 1 : qmon__aws_fail(search, -ENOKEY, "there is no profile %.64s in the shared files", name);
    else if (settings->role_arn[0] != '\0' && depth <= DEPTH_MAX)
        r = take_role(search, settings, name, depth);
    else
        r = take_keys(search, settings, name);
    qmon__aws_clear_profile(settings);
    free(settings);
    return r;
}

int qmon__aws_profile(struct qmon__aws_search *search) {
    int r = find(search, qmon__aws_profile_name(), 0);

    if (r == 1 && strcmp(qmon__aws_profile_name(), "default") != 0)
        return qmon__aws_fail(search, -ENOKEY, "profile %.64s is not in the shared files, or has no credentials",
                              qmon__aws_profile_name());
    return r;
}
