/* A crash inside libc for a wrong argument: strlen(NULL), as most crashes of C programs are. */
#include <string.h>

size_t measure(const char *volatile text) {
    return strlen(text);
}

int main(void) {
    return (int) measure(NULL);
}
