/* victim: -O2 -fPIC */
/* No victim, but code at known places for the tests of symbols: each label stands where a line number says. */

#define LABEL(name) __asm__ volatile(".globl " #name "\n" #name ": nop")

const int symbols_deep_line = __LINE__ + 2;
static inline __attribute__((always_inline)) int deep(int value) {
    LABEL(symbols_deep);
    return value + 1;
}

const int symbols_middle_line = __LINE__ + 2;
static inline __attribute__((always_inline)) int middle(int value) {
    return deep(value * 3);
}

const int symbols_outer_line = __LINE__ + 2;
__attribute__((noinline)) int symbols_outer(int value) {
    return middle(value) ^ 5;
}

static __attribute__((noinline)) int hidden(int value) {
    LABEL(symbols_in_hidden);
    return value * 7;
}

__attribute__((noinline)) int symbols_calls_hidden(int value) {
    return hidden(value) + 1;
}

/* Hot and cold parts stand apart. */
extern void abort(void);
__attribute__((noinline, cold)) void symbols_cold(void) {
    LABEL(symbols_in_cold);
    abort();
}

__attribute__((noinline)) int symbols_splits(int value) {
    if (__builtin_expect(value == 123456, 0)) {
        LABEL(symbols_in_split);
        symbols_cold();
    }
    return value + 2;
}

/* Of these three only the outer one and the last have frames. */
const void *volatile symbols_tail_return;
static __attribute__((noinline)) int tail_last(int value) {
    symbols_tail_return = __builtin_return_address(0);
    LABEL(symbols_in_tail_last);
    return value * 5;
}

const int symbols_tail_line = __LINE__ + 2;
static __attribute__((noinline)) int tail_first(int value) {
    return tail_last(value + 1);
}

__attribute__((noinline)) int symbols_tail_outer(int value) {
    return tail_first(value + 2) ^ 3;
}
