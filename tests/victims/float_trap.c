/* victim: -lm */
/* A floating-point exception with traps enabled. */
#include <fenv.h>
#include <stdio.h>

double divide(volatile double by) {
    return 1.0 / by;
}

int main(void) {
    feenableexcept(FE_DIVBYZERO);
    printf("%f\n", divide(0.0));
    return 0;
}
