/* victim: -static */
/* A program that no agent can be in crashes. */
void fault_here(void) {
    *(volatile int *) 4 = 1;
}

int main(int argc, char **argv) {
    if (argc > 1)
        fault_here();
    return 0;
}
