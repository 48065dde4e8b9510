/* A pointer that is NULL is written to, at the offset of a member. */
struct big {
    char room[0x40];
    int member;
};

void write_null(struct big *pointer) {
    pointer->member = 1;
}

int main(void) {
    write_null(0);
    return 0;
}
