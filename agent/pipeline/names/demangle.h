/* demangle.h: readable names of functions. */
#ifndef QMON_PIPELINE_DEMANGLE_H
#define QMON_PIPELINE_DEMANGLE_H

#include <stddef.h>

/* The name as people write it, into the caller's buffer: C++, Rust and D demangled, suffixes that compilers add to copies of
 * a function taken off, templates' default arguments folded. Cut where it does not fit. Returns ret_text. */
char *qmon__demangle(const char *name, char *ret_text, size_t bytes);
#define QMON__FUNCTION_BYTES 8192u

/* Folds in place what the standard library's names say twice: allocators, comparators, ABI tags. */
void qmon__fold_templates(char *name);

#endif
