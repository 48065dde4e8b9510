/* assert_perror: an error number that should not be there. */
#include <assert.h>
#include <errno.h>

void insist(int error) {
    assert_perror(error);
}

int main(void) {
    insist(EACCES);
    return 0;
}
