/* A program in C loads a plug-in in C++ for itself alone, and unloads it, again and again: what the plug-in throws it catches. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

int main(int count, char **arguments) {
    char path[4096];
    snprintf(path, sizeof path, "%s", arguments[0]);
    strcpy(strrchr(path, '/') + 1, "libthrows.so");
    for (int i = 0; i < 20; i++) {
        void *plug_in = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (!plug_in)
            return 2;
        int (*run)(int) = (int (*)(int)) dlsym(plug_in, "throws_and_catches");
        if (run(50) != 100)
            return 3;
        dlclose(plug_in);
    }
    puts("2000 caught");
    return 0;
}
