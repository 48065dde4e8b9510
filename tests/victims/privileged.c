/* An instruction that only the kernel may execute: SIGSEGV without an address. */
void halt(void) {
    __asm__ volatile("hlt");
}

int main(void) {
    halt();
    return 0;
}
