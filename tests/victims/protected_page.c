/* A page that may not be touched. */
#include <stddef.h>
#include <sys/mman.h>

int read_protected(const char *page) {
    return *page;
}

int main(void) {
    return read_protected(mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}
