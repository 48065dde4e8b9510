/* victim: -Wl,--no-as-needed -lfragile */
/* A library that the program is linked to: its constructor crashes before main, its destructor after it. */
int main(void) {
    return 0;
}
