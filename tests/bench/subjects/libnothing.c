/* libnothing.c: an object to preload that does nothing. */
int bench_nothing(void);

int bench_nothing(void) {
    return 0;
}
