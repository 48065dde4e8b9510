/* A misaligned access with alignment checking on (x86), which gives SIGBUS. */
int read_misaligned(const char *bytes) {
    __asm__ volatile("pushfq\n orq $0x40000, (%%rsp)\n popfq\n movl (%0), %%eax\n" : : "r"(bytes) : "eax", "memory");
    return 0;
}

int main(void) {
    static const char bytes[16] __attribute__((aligned(16)));
    return read_misaligned(bytes + 1);
}
