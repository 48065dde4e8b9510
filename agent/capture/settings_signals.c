#include <string.h>

#include "settings.h"
#include "signals.h"
#include "text.h"

static const struct {
    int number;
    char name[8];
} names[] = {
    {SIGSEGV, "SEGV"}, {SIGBUS, "BUS"},       {SIGILL, "ILL"},   {SIGFPE, "FPE"},   {SIGABRT, "ABRT"},
    {SIGTRAP, "TRAP"}, {SIGSYS, "SYS"},       {SIGTERM, "TERM"}, {SIGINT, "INT"},   {SIGHUP, "HUP"},
    {SIGQUIT, "QUIT"}, {SIGXCPU, "XCPU"},     {SIGXFSZ, "XFSZ"}, {SIGPIPE, "PIPE"}, {SIGALRM, "ALRM"},
    {SIGPROF, "PROF"}, {SIGUSR1, "USR1"},     {SIGUSR2, "USR2"}, {SIGIO, "IO"},     {SIGVTALRM, "VTALRM"},
    {SIGPWR, "PWR"},   {SIGSTKFLT, "STKFLT"},
};

static int signal_number(const char *word, size_t bytes) {
    if (bytes > 3 && qmon__same_word(word, 3, "SIG")) {
        word += 3;
        bytes -= 3;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (qmon__same_word(word, bytes, names[i].name))
            return names[i].number;
    char digits[4];
    uint64_t number;
    if (bytes >= sizeof digits)
        return 0;
    memcpy(digits, word, bytes);
    digits[bytes] = '\0';
    return qmon__parse_count(digits, &number) && number >= 1 && number <= QMON__SIGNALS ? (int) number : 0;
}

qmon__sigset qmon__parse_signals(const char *list) {
    qmon__sigset set = 0;
    while (*list != '\0') {
        size_t bytes = strcspn(list, ", ");
        int number = bytes > 0 ? signal_number(list, bytes) : 0;
        if (number != 0)
            set |= QMON__SIGNAL_BIT(number);
        list += bytes + (list[bytes] != '\0');
    }
    return set & QMON__CAUGHT_SIGNALS;
}
