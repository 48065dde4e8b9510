/* A crash before main, in a constructor. */
__attribute__((constructor)) void construct(void) {
    *(volatile int *) 4 = 1;
}

int main(void) {
    return 0;
}
