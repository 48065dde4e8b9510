/* What compilers put where the program cannot get. */
void unreachable(void) {
    __builtin_trap();
}

int main(void) {
    unreachable();
    return 0;
}
