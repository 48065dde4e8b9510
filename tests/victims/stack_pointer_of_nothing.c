/* The stack pointer is no address at all: the stack segment's fault. */
__attribute__((noinline)) static void lose_stack(void) {
    __asm__ volatile("mov $1, %rsp\n\tshl $63, %rsp\n\tpush %rax");
}

int main(void) {
    lose_stack();
    return 0;
}
