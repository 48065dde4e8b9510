/*
 * Where exceptions are thrown. libstdc++ calls a function of its own, by its name, to make each exception before it is thrown
 * (__cxa_throw), or put into a std::exception_ptr; a program that makes one itself (std::make_exception_ptr is inlined) calls it, too. The
 * unwinder's way to throw is everybody's, and Rust's panics are told by theirs.
 */
#include <stdint.h>
#include <stdlib.h>

#include <agent.h>
#include <panic.h>
#include <thrown.h>

#include "whose.h"

void *__cxa_init_primary_exception(void *object, void *type, void (*destroy)(void *));
int _Unwind_RaiseException(void *exception);

void *__cxa_init_primary_exception(void *object, void *type, void (*destroy)(void *)) {
    static struct qmon__whose whose;
    static const struct qmon__hook_name name = {"__cxa_init_primary_exception", (void *) __cxa_init_primary_exception};
    const uintptr_t real = qmon__whose_function(&whose, &name, (uintptr_t) __builtin_return_address(0));
    if (real == 0)
        abort(); /* the caller was bound to a function that is nowhere */
    if (qmon__agent.active)
        qmon__note_thrown(object, type);
    return ((void *(*) (void *, void *, void (*)(void *))) real)(object, type, destroy);
}

/* It returns where nobody catches. What it unwinds begins with its caller: us, or, where the call is made a jump, ours. */
int _Unwind_RaiseException(void *exception) {
    static struct qmon__whose whose;
    static const struct qmon__hook_name name = {"_Unwind_RaiseException", (void *) _Unwind_RaiseException};
    const uintptr_t real = qmon__whose_function(&whose, &name, (uintptr_t) __builtin_return_address(0));
    if (real == 0)
        abort();
    if (qmon__agent.active)
        qmon__note_panic(exception);
    return ((int (*)(void *)) real)(exception);
}
