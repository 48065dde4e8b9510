/* A crash in a function that libc calls: the program's frames go on beyond libc's. */
#include <stdlib.h>

int compare(const void *first, const void *second) {
    return **(int **) first - **(int **) second;
}

void sort_them(void) {
    int one = 1, *pointers[3] = {&one, NULL, &one};
    qsort(pointers, 3, sizeof pointers[0], compare);
}

int main(void) {
    sort_them();
    return 0;
}
