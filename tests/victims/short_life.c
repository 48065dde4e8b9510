/* A program that does nothing at all. */
int main(void) {
    return 0;
}
