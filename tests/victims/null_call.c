/* A function pointer that is NULL is called. */
void (*volatile nowhere)(void);

void call_null(void) {
    nowhere();
}

int main(void) {
    call_null();
    return 0;
}
