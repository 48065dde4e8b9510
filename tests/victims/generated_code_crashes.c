/* A crash in code made at run time, which no file holds. */
#include <string.h>
#include <sys/mman.h>

void run_generated(void (*code)(void)) {
    code();
}

int main(void) {
    static const unsigned char bytes[] = {0x55, 0x48, 0x89, 0xe5, 0x31, 0xc0, 0x8b, 0x00, 0x5d, 0xc3};
    void *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(code, bytes, sizeof bytes);
    run_generated((void (*)(void)) code);
    return 0;
}
