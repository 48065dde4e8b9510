/* A library is loaded while the program runs: its constructor crashes, a function of it, its destructor at dlclose, or what is
 * left of it after that. */
#include <dlfcn.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
    char path[4096];
    ssize_t count = readlink("/proc/self/exe", path, sizeof path - 64);
    path[count] = '\0';
    dirname(path);
    void *library = dlopen(strcat(path, "/libfragile.so"), RTLD_NOW);
    int (*function)(int *) = (int (*)(int *)) dlsym(library, "library_function");
    printf("loaded %d\n", library != NULL);
    fflush(stdout);
    if (strcmp(argv[1], "call") == 0)
        return function(NULL);
    dlclose(library);
    if (strcmp(argv[1], "gone") == 0)
        return function(NULL);
    return 0;
}
