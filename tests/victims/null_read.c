/* A pointer that is NULL is read. */
int read_null(const int *pointer) {
    return *pointer;
}

int main(void) {
    return read_null(0);
}
