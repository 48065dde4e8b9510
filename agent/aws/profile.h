/* profile.h: a profile of the shared files. Private to agent/aws. */
#ifndef QMON__AWS_PROFILE_H
#define QMON__AWS_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

struct qmon__aws_settings {
    bool found;       /* there is a profile of that name in one of the files */
    bool elsewhere;   /* it gets its credentials by SSO: not supported */
    const char *file; /* static: where its keys are, "credentials" or "config"; NULL it has none */
    char key_id[160], secret[256], token[8192];
    char region[64], endpoint_url[256];
    char role_arn[256], source_profile[128], credential_source[32], session_name[80], external_id[256];
    char web_identity_file[1024];
    char program[2048]; /* credential_process */
};

/* Reads both files: what the credentials file says counts more. Files that are not there, and lines that say nothing, are
 * passed over. A value that does not fit is left out. */
void qmon__aws_read_profile(const char *name, struct qmon__aws_settings *ret_settings);
void qmon__aws_clear_profile(struct qmon__aws_settings *settings);

/* The profile that is chosen here: AWS_PROFILE, AWS_DEFAULT_PROFILE, "default". */
const char *qmon__aws_profile_name(void);

#endif
