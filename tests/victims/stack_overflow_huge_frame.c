/* One function whose locals do not fit on the stack: the guard page is jumped over. */
int huge(void) {
    volatile char room[64 * 1024 * 1024];
    room[0] = 1;
    return room[0];
}

int main(void) {
    return huge();
}
