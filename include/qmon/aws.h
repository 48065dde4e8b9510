/*
 * aws.h: who we are in AWS, where, and requests signed accordingly. Nothing here is configured by qmon: what the AWS tools on
 * this host would use is used, see agent/aws/access.c.
 *
 * Receiver side only. Threads: any. Every wait is bounded by what the caller gives. Outside AWS nothing is asked: without a
 * sign of EC2 the instance metadata is not looked for, and libcurl is not even loaded.
 */
#ifndef QMON_AWS_H
#define QMON_AWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qmon/http.h>

#define QMON_AWS_WHY_BYTES 256

/* Secrets: never to be shown or logged, and to be cleared after use. */
struct qmon_aws_access {
    char key_id[160], secret[256];
    char token[8192];    /* session token; "" none */
    uint64_t expires_ms; /* CLOCK_REALTIME; 0 never */
    char source[192];    /* where they come from, for people: "the environment", "profile dev in /root/.aws/config" */
    char region[64];
    char region_source[64]; /* "AWS_REGION", "profile dev", "instance metadata" */
};

/* Finds credentials and region; they are kept in this process until 5 minutes before they expire. 0; a negative errno: -ENOKEY
 * there are no credentials, -ENODATA no region, -EACCES refused, -ETIMEDOUT, -EBADMSG, ...; ret_why (QMON_AWS_WHY_BYTES) is a
 * sentence without secrets then, and *ret_access is cleared. */
int qmon_aws_find(uint64_t timeout_ms, struct qmon_aws_access *ret_access, char *ret_why);
void qmon_aws_clear(struct qmon_aws_access *access); /* overwrites it */
/* Forgets what this process has kept: after a service has refused the credentials. */
void qmon_aws_forget(void);

/* May credentials be had at all? Cheap: looks at variables and files, asks nobody. False: qmon_aws_find would say -ENOKEY. */
bool qmon_aws_likely(void);

struct qmon_aws_request {
    const char *service;     /* as it is signed: "ssm", "logs", "monitoring", "xray" */
    const char *endpoint_id; /* of AWS_ENDPOINT_URL_...: "SSM", "CLOUDWATCH_LOGS", "CLOUDWATCH", "XRAY" */
    const char *host;        /* first label of the host name: "ssm", "logs", "monitoring", "xray"; NULL: the service */
    const char *path;        /* "/" or "/TraceSegments": no query, nothing that needs encoding */
    const char *target;      /* X-Amz-Target; NULL none */
    const char *content_type;
    const char *const *headers; /* further ones, signed too; NULL-terminated; NULL none */
    const char *body;
    size_t body_bytes;
    const char *ca_file; /* as in qmon/http.h */
    uint64_t timeout_ms;
};

/* POSTs it, signed by SigV4. As qmon__http_send. The endpoint is that of AWS_ENDPOINT_URL_<endpoint_id> or AWS_ENDPOINT_URL, else
 * the region's. */
bool qmon_aws_send(const struct qmon_aws_access *access, const struct qmon_aws_request *request,
                   struct qmon__http_response *ret_response);

/* What an answer with an error says: "AccessDeniedException: User ... is not authorized ...", "status 500"; one printable line.
 * Returns true where it is about the credentials (expired, unknown, refused). */
bool qmon_aws_explain(const struct qmon__http_response *response, char *ret_words, size_t bytes);

/* Into ret_url: where requests to a service go. */
void qmon_aws_endpoint(const char *region, const char *endpoint_id, const char *host, char *ret_url, size_t bytes);

#endif
