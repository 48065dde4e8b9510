/* empty.c: the smallest program that there is. */
int main(void) {
    return 0;
}
