/* http_words.h: what went wrong with a request, in words that hold no secrets. Private to http*.c. */
#ifndef QMON_HTTP_WORDS_H
#define QMON_HTTP_WORDS_H

#include <qmon/http.h>

struct qmon__http_trouble {
    int code;           /* CURLcode */
    int os_error;       /* errno of a failed connect; 0 unknown */
    long proxy_status;  /* of a refused CONNECT; 0 none */
    const char *detail; /* curl's own words: may hold parts of the URL; used for certificates only */
    const char *url;
    uint64_t timeout_ms;
};

/* Sets failure and reason. */
void qmon__http_explain(const struct qmon__http_trouble *trouble, struct qmon__http_response *response);

#endif
