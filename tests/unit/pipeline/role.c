/* role.c: whose code a frame is. */
#include <criterion/criterion.h>

#include "role.h"

Test(role, is_told_by_module_file_and_function, .timeout = 10) {
    static const struct {
        const char *module, *function, *file;
        enum qmon_frame_role role;
    } cases[] = {
        {"/opt/shop/bin/shop", "main", "/src/main.c", QMON_ROLE_APP},
        {"/opt/shop/lib/libcart.so.3", NULL, NULL, QMON_ROLE_APP},
        {"/usr/lib/x86_64-linux-gnu/libcurl.so.4", "Curl_open", NULL, QMON_ROLE_APP},
        {NULL, NULL, NULL, QMON_ROLE_APP},
        {"/usr/lib/x86_64-linux-gnu/libc.so.6", "abort", NULL, QMON_ROLE_LIBC},
        {"/lib64/ld-linux-x86-64.so.2", NULL, NULL, QMON_ROLE_LIBC},
        {"/lib/ld-musl-x86_64.so.1", NULL, NULL, QMON_ROLE_LIBC},
        {"/lib/libpthread.so.0", "start_thread", NULL, QMON_ROLE_LIBC},
        {"[vdso]", "__vdso_gettimeofday", NULL, QMON_ROLE_LIBC},
        {"/opt/libc.so.d/program", "main", NULL, QMON_ROLE_APP},
        {"/opt/shop/libclient.so", NULL, NULL, QMON_ROLE_APP},
        {"/usr/lib/libstdc++.so.6", "std::terminate()", NULL, QMON_ROLE_RUNTIME},
        {"/usr/lib/libgcc_s.so.1", NULL, NULL, QMON_ROLE_RUNTIME},
        {"/usr/local/lib/libqmon.so", "qmon_report", NULL, QMON_ROLE_QMON},
        {"/opt/shop", "std::vector<int>::at(unsigned long)", "/usr/include/c++/12/bits/stl_vector.h",
         QMON_ROLE_RUNTIME},
        {"/opt/shop", "core::panicking::panic",
         "/rustc/9fc6b43126469e3858e2fe86cafb4f0fd5068869/library/core/src/panicking.rs", QMON_ROLE_RUNTIME},
        {"/opt/shop", "std::panicking::rust_panic", "/usr/src/rustc-1.63.0/library/std/src/panicking.rs",
         QMON_ROLE_RUNTIME},
        {"/opt/shop", "rustc_demangle::main", "/opt/rustc-demangle/src/main.rs", QMON_ROLE_APP},
        {"/opt/shop/libstd-a5a48102fbd58791.so", NULL, NULL, QMON_ROLE_RUNTIME},
        {"/opt/shop", "strtol@plt", NULL, QMON_ROLE_RUNTIME},
        {"/opt/shop", "memcpy", "/usr/include/x86_64-linux-gnu/bits/string_fortified.h", QMON_ROLE_LIBC},
        {"/opt/static", "__libc_start_main", NULL, QMON_ROLE_LIBC},
        {"/opt/static", "raise", "../sysdeps/posix/raise.c", QMON_ROLE_LIBC},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect_eq(qmon__role_of(cases[i].module, cases[i].function, cases[i].file), cases[i].role, "case %zu: %s", i,
                     cases[i].module ? cases[i].module : "(none)");
}
