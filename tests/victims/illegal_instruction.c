/* An instruction that does not exist. */
void run_illegal(void) {
#if defined(__x86_64__)
    __asm__ volatile("ud2");
#else
    __asm__ volatile(".inst 0");
#endif
}

int main(void) {
    run_illegal();
    return 0;
}
