/* A jump to an address where nothing is. */
void (*volatile somewhere)(void) = (void (*)(void)) 0x123456789000;

void call_wild(void) {
    somewhere();
}

int main(void) {
    call_wild();
    return 0;
}
