/*
 * profile_file.c: ~/.aws/credentials and ~/.aws/config. Sections in brackets, "name = value" below them; lines that begin with
 * white space belong to nested settings, of which there is none for us.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "profile.h"
#include "search.h"

struct line {
    char *name, *value;
};

static const struct {
    const char *name;
    size_t offset, bytes;
} texts[] = {
#define TEXT(name, field)                                                                                              \
    { name, offsetof(struct qmon__aws_settings, field), sizeof((struct qmon__aws_settings *) NULL)->field }
    TEXT("aws_access_key_id", key_id),
    TEXT("aws_secret_access_key", secret),
    TEXT("aws_session_token", token),
    TEXT("region", region),
    TEXT("endpoint_url", endpoint_url),
    TEXT("role_arn", role_arn),
    TEXT("source_profile", source_profile),
    TEXT("credential_source", credential_source),
    TEXT("role_session_name", session_name),
    TEXT("external_id", external_id),
    TEXT("web_identity_token_file", web_identity_file),
    TEXT("credential_process", program),
#undef TEXT
};

const char *qmon__aws_profile_name(void) {
    const char *name = qmon__aws_variable("AWS_PROFILE");

    if (name == NULL)
        name = qmon__aws_variable("AWS_DEFAULT_PROFILE");
    return name != NULL ? name : "default";
}

static char *strip(char *text) {
    size_t bytes;

    text += strspn(text, " \t\r");
    bytes = strlen(text);
    while (bytes > 0 && strchr(" \t\r", text[bytes - 1]) != NULL)
        text[--bytes] = '\0';
    return text;
}

/* Is this "[profile NAME]", or "[NAME]" where it may be named so? */
static bool is_section(char *line, const char *name, bool config) {
    char *end = strchr(line, ']');

    if (line[0] != '[' || end == NULL)
        return false;
    *end = '\0';
    line = strip(line + 1);
    if (config && strncmp(line, "profile", 7) == 0 && (line[7] == ' ' || line[7] == '\t'))
        return strcmp(strip(line + 7), name) == 0;
    return (!config || strcmp(name, "default") == 0) && strcmp(line, name) == 0;
}

static void take(struct qmon__aws_settings *settings, char *line, const char *file) {
    char *equals = strchr(line, '=');
    char *name, *value;

    if (equals == NULL)
        return;
    *equals = '\0';
    name = strip(line);
    value = strip(equals + 1);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char *to = (char *) settings + texts[i].offset;
        if (strcasecmp(texts[i].name, name) == 0 && to[0] == '\0' && strlen(value) < texts[i].bytes) {
            strcpy(to, value);
            if (to == settings->key_id)
                settings->file = file;
        }
    }
    settings->elsewhere |= strcasecmp(name, "sso_session") == 0 || strcasecmp(name, "sso_account_id") == 0;
}

static void read_file(const char *path, const char *name, bool config, struct qmon__aws_settings *settings) {
    char *text = qmon__aws_read(path), *rest = text, *line;
    bool ours = false;

    while (rest != NULL && (line = strsep(&rest, "\n")) != NULL) {
        if (line[0] == '[') {
            ours = is_section(line, name, config);
            settings->found |= ours;
        } else if (ours && line[0] != '#' && line[0] != ';' && line[0] != ' ' && line[0] != '\t') {
            take(settings, line, config ? "config" : "credentials");
        }
    }
    qmon__aws_free(text);
}

static void read_one(const char *variable, const char *name, bool config, struct qmon__aws_settings *settings) {
    const char *path = qmon__aws_variable(variable), *home = qmon__aws_variable("HOME");
    char text[4096];

    if (path == NULL && home == NULL)
        return;
    if (path == NULL)
        snprintf(text, sizeof text, "%s/.aws/%s", home, config ? "config" : "credentials");
    else if (strncmp(path, "~/", 2) == 0 && home != NULL)
        snprintf(text, sizeof text, "%s%s", home, path + 1);
    else
        snprintf(text, sizeof text, "%s", path);
    read_file(text, name, config, settings);
}

void qmon__aws_read_profile(const char *name, struct qmon__aws_settings *ret_settings) {
    memset(ret_settings, 0, sizeof *ret_settings);
    read_one("AWS_SHARED_CREDENTIALS_FILE", name, false, ret_settings);
    read_one("AWS_CONFIG_FILE", name, true, ret_settings);
}

void qmon__aws_clear_profile(struct qmon__aws_settings *settings) {
    explicit_bzero(settings, sizeof *settings);
}
