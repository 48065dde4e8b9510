/* The stack pointer itself is destroyed. */
void lose_stack(void) {
    __asm__ volatile("movq $0x10, %rsp\n pushq %rax\n");
}

int main(void) {
    lose_stack();
    return 0;
}
