/* The constructor. The library is linked with -z initfirst: it runs before the constructors of all others, libc's too. */
#include <agent.h>

__attribute__((constructor)) static void start(int argc, char **argv, char **envp) {
    qmon__process_start(argc, argv, envp);
}

/* What is registered with libc is known by this; the compiler's start files, which would define it, have nothing else for us, and
 * cost each process a page and the lookup of four names. */
extern void *__dso_handle __attribute__((visibility("hidden")));
void *__dso_handle = &__dso_handle;
