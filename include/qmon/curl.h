/*
 * curl.h: libcurl's functions, found at run time: the first who needs it opens the library, and it stays open.
 */
#ifndef QMON_CURL_H
#define QMON_CURL_H

#define CURL_DISABLE_DEPRECATION
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include <qmon/http.h>

/* SYMBOL(member, function, REQUIRED or OPTIONAL) */
#define QMON__CURL_SYMBOLS(SYMBOL)                                                                                     \
    SYMBOL(global_init, curl_global_init, REQUIRED)                                                                    \
    SYMBOL(easy_init, curl_easy_init, REQUIRED)                                                                        \
    SYMBOL(easy_reset, curl_easy_reset, REQUIRED)                                                                      \
    SYMBOL(easy_setopt, curl_easy_setopt, REQUIRED)                                                                    \
    SYMBOL(easy_perform, curl_easy_perform, REQUIRED)                                                                  \
    SYMBOL(easy_getinfo, curl_easy_getinfo, REQUIRED)                                                                  \
    SYMBOL(easy_cleanup, curl_easy_cleanup, REQUIRED)                                                                  \
    SYMBOL(slist_append, curl_slist_append, REQUIRED)                                                                  \
    SYMBOL(slist_free_all, curl_slist_free_all, REQUIRED)                                                              \
    SYMBOL(easy_send, curl_easy_send, REQUIRED)                                                                        \
    SYMBOL(easy_recv, curl_easy_recv, REQUIRED)                                                                        \
    SYMBOL(version_info, curl_version_info, REQUIRED)                                                                  \
    SYMBOL(easy_strerror, curl_easy_strerror, OPTIONAL)

#undef curl_easy_setopt
#undef curl_easy_getinfo

struct qmon__curl {
#define SYMBOL(member, function, need) __typeof__(&function) member;
    QMON__CURL_SYMBOLS(SYMBOL)
#undef SYMBOL
};

/* Whom a handle trusts: see http.h. */
void qmon__http_trust(const struct qmon__curl *curl, CURL *handle, const char *ca_file);

/* The library, opened by the first call of the process; NULL: *ret_problem (static) says why. */
const struct qmon__curl *qmon__curl_load(const char **ret_problem);

/* What went wrong with a transfer. */
struct qmon__http_trouble {
    int code;           /* CURLcode */
    int os_error;       /* errno of a failed connect; 0 unknown */
    long proxy_status;  /* of a refused CONNECT; 0 none */
    const char *detail; /* curl's own words: may hold parts of the URL; used for certificates only */
    const char *url;
    uint64_t timeout_ms;
};

/* Sets failure and reason, in words that hold no secrets. */
void qmon__http_explain(const struct qmon__http_trouble *trouble, struct qmon__http_response *response);

#endif
