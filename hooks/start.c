/* The constructor. The library is linked with -z initfirst: it runs before the constructors of all others, libc's too. */
#include <agent.h>

__attribute__((constructor)) static void start(int argc, char **argv, char **envp) {
    qmon__process_start(argc, argv, envp);
}
