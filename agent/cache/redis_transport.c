#include "redis_transport.h"

#include <errno.h>

int qmon__redis_connect(const struct qmon__redis_address *address, uint64_t deadline_ms,
                        struct qmon__redis_transport **ret_transport) {
    if (address->tls)
        return -EPROTONOSUPPORT;
    return qmon__redis_connect_socket(address, deadline_ms, ret_transport);
}
