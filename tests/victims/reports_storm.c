/* One error, as often as it is told, from as many threads as it is told; prints how many of the reports were taken. */
#include <pthread.h>
#include <qmon/qmon.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static _Atomic unsigned taken;
static unsigned count;

void fail(void) {
    taken += qmon_report("storm", "/pay", NULL, "the same each time", NULL) == 0;
}

static void *work(void *unused) {
    for (unsigned i = 0; i < count; i++)
        fail();
    return unused;
}

int main(int argc, char **argv) {
    pthread_t ids[16];
    int threads = argc > 2 ? atoi(argv[2]) : 1;
    count = (unsigned) atoi(argv[1]);
    for (int i = 1; i < threads; i++)
        pthread_create(&ids[i], NULL, work, NULL);
    work(NULL);
    for (int i = 1; i < threads; i++)
        pthread_join(ids[i], NULL);
    printf("%u\n", taken);
    return 0;
}
