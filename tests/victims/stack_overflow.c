/* Recursion without end in the main thread. */
int descend(int depth) {
    volatile char room[400];
    room[0] = (char) depth;
    return descend(depth + 1) + room[0];
}

int main(void) {
    return descend(0);
}
