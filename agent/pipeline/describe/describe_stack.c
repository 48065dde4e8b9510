/*
 * describe_stack.c: stack overflow. A stack that is in order can be used around its stack pointer: a fault there means
 * that the stack pointer has left its stack. Where there is one not far above, or the trace is deep, it ran over the
 * stack's end; otherwise the stack pointer itself is wrong.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#include <qmon/render.h>
#include <qmon/text.h>

#include "describe.h"
#include "function_name.h"
#include "recursion.h"

#define PAGE UINT64_C(4096)
#define REACH (UINT64_C(64) << 10) /* how far below the stack pointer a function touches its stack */
#define GAP (UINT64_C(1) << 30)    /* how far below its stack a single function can put the stack pointer */
#define NULL_REACH UINT64_C(0x10000)
#define DEEP 200u /* frames that make an overflow likely by themselves */
#define CYCLE_FUNCTIONS 6u

static bool is_fault(const struct qmon_event *event, const struct qmon_crash_facts *facts) {
    return (event->signal.number == SIGSEGV || event->signal.number == SIGBUS) && event->signal.has_address &&
           facts->stack_pointer != 0 && facts->access != 3 && facts->program_counter != event->signal.address;
}

/* Is this how a function touches its own stack? */
static bool is_near(uint64_t address, uint64_t stack_pointer) {
    return address < stack_pointer + PAGE && address + REACH >= stack_pointer;
}

static bool is_below_stack(const struct qmon_crash_facts *facts, uint64_t address) {
    return facts->stack_low != 0 && facts->stack_pointer < facts->stack_low + PAGE &&
           facts->stack_pointer + GAP >= facts->stack_low && address < facts->stack_low + PAGE &&
           address + REACH >= facts->stack_pointer;
}

static bool is_stack_fault(const struct qmon_event *event, const struct qmon_crash_facts *facts) {
    uint64_t address = event->signal.address;
    return is_fault(event, facts) && (is_near(address, facts->stack_pointer) || is_below_stack(facts, address));
}

static bool is_overflow(const struct qmon_crash_facts *facts, bool cycles) {
    bool stack_above = facts->stack_low != 0 && facts->stack_pointer < facts->stack_high &&
                       facts->stack_pointer + GAP >= facts->stack_low;
    return facts->stack_pointer >= NULL_REACH && (cycles || facts->frames_total >= DEEP || stack_above);
}

/* "parse -> value -> object": in the order of the calls. */
static const char *cycle_words(struct qmon_event *event, const struct qmon__recursion *cycle) {
    const struct qmon_frame *frames = event->threads[0].frames;
    char buffer[1024], name[256];
    struct qmon_text text;
    size_t told = cycle->period > CYCLE_FUNCTIONS ? CYCLE_FUNCTIONS : cycle->period;

    qmon_text_begin(&text, buffer, sizeof buffer);
    for (size_t i = 0; i < told; i++) {
        const struct qmon_frame *frame = &frames[cycle->entry - i];
        if (i > 0)
            qmon_text_add(&text, " -> ");
        if (frame->function)
            qmon_text_line(&text, qmon__plain_function(frame->function, name, sizeof name), 80, QMON_CUT_MIDDLE);
        else
            qmon_text_format(&text, "%.80s+0x%" PRIx64, frame->module ? qmon_base_name(frame->module) : "?",
                             frame->offset);
    }
    if (told < cycle->period)
        qmon_text_format(&text, " -> \xe2\x80\xa6 (%zu functions)", cycle->period);
    return qmon_event_text(event, buffer);
}

static void describe_wild(struct qmon_event *event, const struct qmon_crash_facts *facts,
                          struct qmon__cause *ret_cause) {
    ret_cause->kind = "wild-stack-pointer";
    ret_cause->detail = qmon_event_format(event,
                                          "The stack pointer is 0x%" PRIx64 ", where there is no stack: it was "
                                          "overwritten, or set from memory that was.",
                                          facts->stack_pointer);
}

static void describe_recursion(struct qmon_event *event, const struct qmon_crash_facts *facts,
                               const struct qmon__recursion *cycle, struct qmon__cause *ret_cause) {
    char number[32];

    ret_cause->detail =
        qmon_event_format(event, "The thread ran out of stack: %s repeated %s times.", cycle_words(event, cycle),
                          qmon_render_number(cycle->times, number, sizeof number));
    if (facts->stack_low != 0 && facts->stack_high > facts->stack_low)
        ret_cause->detail = qmon_event_format(event, "%s The stack has %" PRIu64 " KiB.", ret_cause->detail,
                                              (facts->stack_high - facts->stack_low) / 1024);
}

bool qmon__describe_stack(struct qmon_event *event, const struct qmon_crash_facts *facts,
                          struct qmon__cause *ret_cause) {
    struct qmon__recursion cycle;
    char number[32];

    if (!is_stack_fault(event, facts))
        return false;
    bool cycles = event->thread_count > 0 && qmon__recursion_find(event, &event->threads[0], &cycle);
    if (!is_overflow(facts, cycles)) {
        describe_wild(event, facts, ret_cause);
        return true;
    }
    ret_cause->kind = "stack-overflow";
    ret_cause->title = "Stack overflow";
    if (cycles)
        describe_recursion(event, facts, &cycle, ret_cause);
    else
        ret_cause->detail = qmon_event_format(
            event,
            "The thread ran out of stack in only %s calls, without simple recursion: large local variables, or a "
            "stack that is too small for them.",
            qmon_render_number(facts->frames_total, number, sizeof number));
    return true;
}
