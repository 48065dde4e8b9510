/*
 * A handler for a fault that prints and then gives up, in each of the ways there are:
 *   default    sets the default action and returns, so that the fault happens again
 *   reraise    sets the default action and raises the signal
 *   kill       sets the default action and sends the signal to the process
 *   abort, exit, _exit, quick_exit, term
 *   fault      faults itself, with its signal blocked
 *   divide     faults itself, by another signal
 *   assert     fails an assertion
 */
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *how;
static volatile int zero;

static int is(const char *word) {
    return strcmp(how, word) == 0;
}

void give_up(int number) {
    write(1, "handler\n", 8);
    if (is("default") || is("reraise") || is("kill"))
        signal(number, SIG_DFL);
    if (is("reraise"))
        raise(number);
    if (is("kill"))
        kill(getpid(), number);
    if (is("abort"))
        abort();
    if (is("exit"))
        exit(3);
    if (is("_exit"))
        _exit(4);
    if (is("quick_exit"))
        quick_exit(5);
    if (is("term"))
        raise(SIGTERM);
    if (is("fault"))
        *(volatile int *) 16 = 1;
    if (is("divide"))
        zero = 100 / zero;
    if (is("assert"))
        assert(!"in the handler");
}

void original_fault(void) {
    *(volatile int *) 4 = 1;
}

int main(int argc, char **argv) {
    how = argv[1];
    signal(SIGSEGV, give_up);
    original_fault();
    return 0;
}
