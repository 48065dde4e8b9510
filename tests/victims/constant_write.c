/* A write to a constant: the page may only be read. */
static const char constant[] = "do not change";

void write_constant(char *text) {
    *text = 'D';
}

int main(void) {
    write_constant((char *) constant);
    return constant[0];
}
