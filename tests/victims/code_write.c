/* A write to the program's own code. */
int main(void);

void write_code(void *code) {
    *(char *) code = 0;
}

int main(void) {
    write_code((void *) main);
    return 0;
}
