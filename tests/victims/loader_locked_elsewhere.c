/* A crash while another thread is in a slow dlopen, with the loader's lock held by that one. */
#include <dlfcn.h>
#include <libgen.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

static void *load(void *path) {
    dlopen(path, RTLD_NOW);
    return NULL;
}

void fault_meanwhile(void) {
    *(volatile int *) 4 = 1;
}

int main(void) {
    static char path[4096];
    pthread_t thread;
    ssize_t count = readlink("/proc/self/exe", path, sizeof path - 64);
    path[count] = '\0';
    dirname(path);
    strcat(path, "/libfragile.so");
    pthread_create(&thread, NULL, load, path);
    usleep(50000);
    fault_meanwhile();
    return 0;
}
