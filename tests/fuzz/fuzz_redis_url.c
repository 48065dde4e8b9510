/* The address of Redis, as somebody may have mistyped it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "redis_address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct qmon__redis_address address;
    char why[QMON__REDIS_WHY_BYTES] = "";
    char *url = malloc(size + 1);

    if (url == NULL)
        return 0;
    memcpy(url, data, size);
    url[size] = '\0';
    if (qmon__redis_address_parse(url, &address, why) == 0) {
        if ((address.path == NULL) == (address.node_count == 0) ||
            (address.path == NULL && address.nodes[0].port == 0) || address.sentinel != (address.service != NULL) ||
            address.username == NULL || address.password == NULL || address.shown[0] == '\0')
            abort();
        qmon__redis_address_clear(&address);
    } else if (why[0] == '\0') {
        abort();
    }
    free(url);
    return 0;
}
