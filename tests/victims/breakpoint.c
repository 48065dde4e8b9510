/* A breakpoint with no debugger. */
void stop_here(void) {
#if defined(__x86_64__)
    __asm__ volatile("int3");
#else
    __asm__ volatile("brk #0");
#endif
}

int main(void) {
    stop_here();
    return 0;
}
