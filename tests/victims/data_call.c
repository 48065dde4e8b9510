/* A jump into data, which may not be executed. */
char data[64] = {'\xc3'};

void call_data(void) {
    ((void (*)(void)) data)();
}

int main(void) {
    call_data();
    return 0;
}
