/* The API with nothing but NULLs, very long strings, in a child of fork, in a handler; none of it fails the program. */
#include <qmon/qmon.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void handler(int number) {
    qmon_breadcrumb("in a handler");
}

int main(void) {
    char *long_text = malloc(1000001);
    memset(long_text, 'x', 1000000);
    long_text[1000000] = '\0';
    const char *odd[] = {"key without a value", NULL};
    signal(SIGUSR1, handler);
    raise(SIGUSR1);
    qmon_breadcrumb(NULL);
    qmon_breadcrumb(long_text);
    int result = qmon_report(NULL, NULL, NULL, NULL, NULL);
    result |= qmon_report(long_text, long_text, long_text, long_text, odd);
    result |= qmon_report_severity(99, "odd", "\x01\xff\xfe", "\n", "%s%n", NULL);
    pid_t child = fork();
    if (child == 0) {
        qmon_report("error", NULL, NULL, NULL, NULL);
        exit(0);
    }
    waitpid(child, NULL, 0);
    printf("%d\n", result);
    return 0;
}
