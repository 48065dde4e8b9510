#include "redis_transport.h"

int qmon__redis_connect(const struct qmon__redis_address *address, const struct qmon__redis_node *node,
                        uint64_t deadline_ms, struct qmon__redis_transport **ret_transport, const char **ret_note) {
    *ret_note = NULL;
    if (address->tls)
        return qmon__redis_connect_tls(address, node, deadline_ms, ret_transport, ret_note);
    return qmon__redis_connect_socket(address, node, deadline_ms, ret_transport);
}
