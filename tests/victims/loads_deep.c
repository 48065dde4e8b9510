/*
 * A library is loaded with RTLD_DEEPBIND, as PHP loads its extensions, so that it finds libc's functions before any preload's:
 *   handler  its handler for SIGSEGV aborts
 *   kill     a child that it makes kills itself
 * `now` and `lazy` are when its functions are bound.
 */
#include <dlfcn.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void original_fault(void) {
    *(volatile int *) 4 = 1;
}

int main(int argc, char **argv) {
    char path[4096];
    struct sigaction seen;
    const ssize_t count = readlink("/proc/self/exe", path, sizeof path - 64);
    path[count] = '\0';
    dirname(path);
    void *library =
        dlopen(strcat(path, "/libdeep.so"), (strcmp(argv[2], "lazy") == 0 ? RTLD_LAZY : RTLD_NOW) | RTLD_DEEPBIND);
    printf("loaded %d, %s\n", library != NULL, dlerror() == NULL ? "well" : "with an error");
    if (library == NULL || argc != 3)
        return 9;
    if (strcmp(argv[1], "handler") == 0) {
        void (*(*handler)(void) )(int) = (void (*(*) (void) )(int)) dlsym(library, "deep_handler");
        void (*const set)(int) = handler();
        sigaction(SIGSEGV, NULL, &seen);
        printf("its handler %d, seen %d\n", set != NULL, seen.sa_handler == set);
        fflush(stdout);
        original_fault();
    }
    printf("ended by %d\n", ((int (*)(void)) dlsym(library, "deep_kill"))());
    return 0;
}
