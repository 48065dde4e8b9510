/* Loads a plug-in whose constructor waits for a thread (libwaits.cc), in a program that has done nothing before. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

int main(int count, char **arguments) {
    char path[4096];
    snprintf(path, sizeof path, "%s", arguments[0]);
    strcpy(strrchr(path, '/') + 1, "libwaits.so");
    return dlopen(path, RTLD_NOW | RTLD_LOCAL) ? 0 : 2;
}
