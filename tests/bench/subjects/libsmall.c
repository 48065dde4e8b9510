/* libsmall.c: an object to load and unload. */
int bench_small(void);

int bench_small(void) {
    return 0;
}
