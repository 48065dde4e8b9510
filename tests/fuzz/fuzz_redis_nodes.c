/* What a cluster says about its nodes, as whoever answers may have written it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "redis_cluster.h"

static void look(void *context, const struct qmon__redis_range *range) {
    (void) context;
    if (range->node.port == 0 || range->node.host[0] == '\0' ||
        (range->first <= range->last && range->last >= QMON__REDIS_SLOTS))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct qmon__redis_node asked = {"asked", 1};
    struct qmon__redis_node node;
    char *text = malloc(size + 1);
    bool ask;

    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (qmon__redis_redirection(text, &asked, &ask, &node) && (node.port == 0 || node.host[0] == '\0'))
        abort();
    if (qmon__redis_slot(text) >= QMON__REDIS_SLOTS)
        abort();
    qmon__redis_read_nodes(text, (size & 1) != 0, look, NULL);
    free(text);
    return 0;
}
