/* An address that no pointer can have (not canonical) is read: a fault without an address. */
long read_wild(void) {
    return *(volatile long *) 0xdead00000000beef;
}

int main(void) {
    return (int) read_wild();
}
