/* A crash in a callback of dl_iterate_phdr, with the loader's lock held by this thread. */
#include <link.h>
#include <stddef.h>

int look_and_fault(struct dl_phdr_info *info, size_t bytes, void *data) {
    *(volatile int *) 4 = 1;
    return 0;
}

int main(void) {
    return dl_iterate_phdr(look_and_fault, NULL);
}
