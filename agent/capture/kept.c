#include "kept.h"

#include "sys.h"

static char kept[QMON__KEPT_BYTES] __attribute__((aligned(4096)));
static size_t used QMON__HOT;

void qmon__kept_begin(void) {
    qmon__make_pages(kept, 4096);
    used = 0;
}

char *qmon__kept_room(size_t bytes) {
    return bytes <= sizeof kept - used ? kept + used : NULL;
}

void qmon__kept_take(size_t bytes) {
    used += bytes;
}
