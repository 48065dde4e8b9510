/*
 * role.c: whose code a frame is, by tables. Module and source file decide; names of functions only for what a static
 * executable contains of libc. The rules are few on purpose: what is in no table is the program's own, since a frame too
 * many costs a glance, and one too few the place of the fault.
 */
#include "role.h"

#include <fnmatch.h>
#include <string.h>

#include <qmon/text.h>

struct rule {
    enum qmon_frame_role role;
    const char *pattern;
};

static const struct rule modules[] = {
    /* base names */
    {QMON_ROLE_QMON, "libqmon.so*"},
    {QMON_ROLE_LIBC, "libc.so*"},
    {QMON_ROLE_LIBC, "libc-*.so*"},
    {QMON_ROLE_LIBC, "ld-linux*.so*"},
    {QMON_ROLE_LIBC, "ld-[0-9]*.so"},
    {QMON_ROLE_LIBC, "ld-musl-*.so*"},
    {QMON_ROLE_LIBC, "libc.musl-*.so*"},
    {QMON_ROLE_LIBC, "libpthread.so*"},
    {QMON_ROLE_LIBC, "libpthread-*.so*"},
    {QMON_ROLE_LIBC, "librt.so*"},
    {QMON_ROLE_LIBC, "libdl.so*"},
    {QMON_ROLE_LIBC, "[[]vdso]"},
    {QMON_ROLE_LIBC, "[[]vsyscall]"},
    {QMON_ROLE_RUNTIME, "libstdc++.so*"},
    {QMON_ROLE_RUNTIME, "libgcc_s.so*"},
    {QMON_ROLE_RUNTIME, "libgcc_s-*.so*"},
    {QMON_ROLE_RUNTIME, "libc++.so*"},
    {QMON_ROLE_RUNTIME, "libc++abi.so*"},
    {QMON_ROLE_RUNTIME, "libunwind.so*"},
    {QMON_ROLE_RUNTIME, "libasan.so*"},
    {QMON_ROLE_RUNTIME, "libubsan.so*"},
    {QMON_ROLE_RUNTIME, "libtsan.so*"},
    {QMON_ROLE_RUNTIME, "liblsan.so*"},
    {QMON_ROLE_RUNTIME, "libclang_rt.*"},
    {QMON_ROLE_RUNTIME, "libgomp.so*"},
    {QMON_ROLE_RUNTIME, "libffi.so*"},
    {QMON_ROLE_RUNTIME, "libpython[23]*.so*"},
    {QMON_ROLE_RUNTIME, "python[23].[0-9]*"},
    {QMON_ROLE_RUNTIME, "libjvm.so"},
    {QMON_ROLE_RUNTIME, "libperl.so*"},
    {QMON_ROLE_RUNTIME, "libruby*.so*"},
    {QMON_ROLE_RUNTIME, "libnode.so*"},
    {QMON_ROLE_RUNTIME, "libcoreclr.so"},
    {QMON_ROLE_RUNTIME, "libstd-[0-9a-f]*.so"}, /* Rust's */
};

static const struct rule paths[] = {
    /* whole paths of modules: what comes with Python and is written in C */
    {QMON_ROLE_RUNTIME, "*/python3*/lib-dynload/*"},
};

static const struct rule files[] = {
    /* whole paths */
    {QMON_ROLE_RUNTIME, "*/include/c++/*"},
    {QMON_ROLE_RUNTIME, "*/libstdc++-v3/*"},
    {QMON_ROLE_RUNTIME,
     "*/rustc*/library/*/src/*"}, /* /rustc/HASH of the project's, /usr/src/rustc-VERSION of a distribution's */
    {QMON_ROLE_RUNTIME, "*/rustlib/src/rust/library/*"},
    {QMON_ROLE_RUNTIME, "*/lib/gcc/*/include/*"},
    {QMON_ROLE_LIBC, "/usr/include/*/bits/*.h"},
    {QMON_ROLE_LIBC, "*/sysdeps/*"},
};

/* What starts programs and threads. */
static const char *const start_functions[] = {
    "_start", "__libc_start_main", "__libc_start_main_impl", "__libc_start_call_main", "start_thread", "clone",
    "clone3", "__clone3",
};

/* Of libc, in executables that contain it. */
static const char *const libc_functions[] = {
    "__restore_rt",
    "__pthread_kill_implementation",
    "__pthread_kill_internal",
    "__assert_fail",
    "__assert_fail_base",
    "__assert_perror_fail",
    "__libc_message",
    "__stack_chk_fail",
    "__fortify_fail",
    "__chk_fail",
    "malloc_printerr",
};

static bool is_among(const char *const *functions, size_t count, const char *function) {
    for (size_t i = 0; i < count; i++)
        if (!strcmp(function, functions[i]))
            return true;
    return false;
}

static bool find_rule(const struct rule *rules, size_t count, const char *text, enum qmon_frame_role *ret_role) {
    for (size_t i = 0; text && i < count; i++)
        if (!fnmatch(rules[i].pattern, text, 0)) {
            *ret_role = rules[i].role;
            return true;
        }
    return false;
}

bool qmon__is_interpreter_library(const char *file) {
    if (!fnmatch("<frozen *>", file, 0))
        return true;
    return !fnmatch("*/lib/python3*/*", file, 0) && !strstr(file, "/site-packages/") &&
           !strstr(file, "/dist-packages/");
}

enum qmon_frame_role qmon__role_of(const char *module, const char *function, const char *file) {
    enum qmon_frame_role role = QMON_ROLE_APP;
    if (find_rule(modules, sizeof modules / sizeof *modules, qmon_base_name(module), &role) ||
        find_rule(paths, sizeof paths / sizeof *paths, module, &role) ||
        find_rule(files, sizeof files / sizeof *files, file, &role))
        return role;
    size_t length = function ? strlen(function) : 0;
    if (length > 4 && !strcmp(function + length - 4, "@plt"))
        return QMON_ROLE_RUNTIME;
    if (function && (is_among(start_functions, sizeof start_functions / sizeof *start_functions, function) ||
                     is_among(libc_functions, sizeof libc_functions / sizeof *libc_functions, function)))
        return QMON_ROLE_LIBC;
    return role;
}
