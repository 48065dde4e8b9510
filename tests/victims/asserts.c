/* An assertion that fails. */
#include <assert.h>

void insist(int answer) {
    assert(answer == 42);
}

int main(void) {
    insist(41);
    return 0;
}
