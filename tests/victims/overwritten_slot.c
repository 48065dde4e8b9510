/* victim: -O1 -fno-builtin -no-pie -Wl,-z,lazy -Wl,-z,norelro */
/* The slots through which libraries are called were overwritten: the program dies in the stub that uses one. */
#include <link.h>
#include <stdio.h>

extern ElfW(Dyn) _DYNAMIC[];

__attribute__((noinline)) int parse(const char *text) {
    return puts(text) + 1;
}

int main(void) {
    unsigned long *slots = NULL;
    for (const ElfW(Dyn) *entry = _DYNAMIC; entry->d_tag != DT_NULL; entry++)
        if (entry->d_tag == DT_PLTGOT)
            slots = (unsigned long *) entry->d_un.d_ptr;
    slots[3] = 0xdeadbeefdeadbeef;
    return parse("3");
}
