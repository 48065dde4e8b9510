/* A crash with stdio's locks held: in a stream's own write function, or by another thread that never lets go. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

ssize_t write_and_fault(void *cookie, const char *bytes, size_t count) {
    *(volatile int *) 4 = 1;
    return (ssize_t) count;
}

static void *hold(void *unused) {
    flockfile(stdout);
    flockfile(stderr);
    for (;;)
        pause();
    return NULL;
}

void fault_meanwhile(void) {
    *(volatile int *) 4 = 1;
}

int main(int argc, char **argv) {
    pthread_t thread;
    if (strcmp(argv[1], "own") == 0) {
        FILE *stream = fopencookie(NULL, "w", (cookie_io_functions_t){.write = write_and_fault});
        fprintf(stream, "text\n");
        fflush(stream);
    }
    pthread_create(&thread, NULL, hold, NULL);
    usleep(5000);
    fault_meanwhile();
    return 0;
}
