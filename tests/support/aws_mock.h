/*
 * aws_mock.h: SSM, STS, the instance metadata service and a container's credentials endpoint in one server on loopback. Every
 * signature is checked.
 */
#ifndef QMON_TEST_AWS_MOCK_H
#define QMON_TEST_AWS_MOCK_H

#include <stdatomic.h>

#include "http_server.h"
#include "sigv4_check.h"

struct aws_mock {
    struct http_server *server;
    struct sigv4_expected expected; /* who may ask SSM, and STS for AssumeRole */
    const char *container_token;    /* wanted as Authorization; NULL none */
    const char *instance_role;      /* NULL: the instance has none */
    const char *endpoint, *port;    /* SSM parameters; NULL: there is no such parameter */
    const char *prefix;             /* "/quarkle/test/cache" */
    int ssm_status;                 /* 0: as asked; else this status with ssm_body */
    const char *ssm_body;
    unsigned delay_ms;               /* before SSM answers */
    _Atomic(const char *) complaint; /* what was wrong with a request; NULL nothing */
    atomic_uint ssm_count, sts_count, imds_count, container_count;
};

/* What the mock hands out: to containers, instances and for roles. */
#define MOCK_CONTAINER_KEY "ASIACONTAINER0000001"
#define MOCK_INSTANCE_KEY "ASIAINSTANCE00000001"
#define MOCK_ROLE_KEY "ASIAROLE000000000001"
#define MOCK_SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
extern const char mock_token[]; /* as long as they come: more than 1 KB, with slashes and equal signs */
#define MOCK_WEB_TOKEN "eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl"

/* Everything AWS in the environment is unset; AWS_ENDPOINT_URL names the mock. `mock` as the test has filled it in. */
void aws_mock_start(struct aws_mock *mock);
void aws_mock_stop(struct aws_mock *mock);

/* Credentials that the mock hands out under this key id, in us-west-2, for SSM. */
struct sigv4_expected aws_mock_expects(const char *key_id);

#endif
