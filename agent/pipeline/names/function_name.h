/* function_name.h: function names without what a compiler, a template or a lambda's number adds. Private to this folder. */
#ifndef QMON_PIPELINE_FUNCTION_NAME_H
#define QMON_PIPELINE_FUNCTION_NAME_H

#include <stddef.h>

/*
 * Writes the plain name of a demangled function: "std::vector<int, std::allocator<int> >::at(unsigned long) const" is
 * "std::vector::at", "parse.isra.0" is "parse", "main::{lambda(int)#2}::operator()(int)" is "main::{lambda}". Parameters,
 * return types, template arguments, ABI tags, clone suffixes, Rust hashes and the numbers of lambdas and closures go.
 * Always terminated, cut at bytes - 1 (at least 1), never longer than the name. Returns ret_name.
 */
char *qmon__plain_function(const char *name, char *ret_name, size_t bytes);

#endif
