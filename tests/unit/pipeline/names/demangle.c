/* demangle.c: names of functions as people read them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demangle.h"
#include <qmon/pipeline.h>

static void expect(const char *name, const char *readable) {
    char text[QMON__FUNCTION_BYTES];
    cr_expect_str_eq(qmon__demangle(name, text, sizeof text), readable, "%s gives %s", name, text);
}

Test(demangle, leaves_plain_names_alone, .timeout = 10) {
    expect("main", "main");
    expect("", "");
    expect("_Zwrong", "_Zwrong");
    expect("main.hotPath", "main.hotPath");
    expect("pkg.part.x", "pkg.part.x");
    expect(".hidden", ".hidden");
}

Test(demangle, takes_off_what_compilers_add_to_copies, .timeout = 10) {
    expect("parse.isra.0", "parse");
    expect("parse.constprop.3", "parse");
    expect("parse.part.0.cold", "parse");
    expect("parse.cold", "parse");
    expect("parse.lto_priv.12", "parse");
    expect("parse.llvm.4242", "parse");
    expect("_ZN1a1bEv.isra.0", "a::b()");
}

Test(demangle, reads_cpp_rust_and_d, .timeout = 10) {
    expect("_ZN3foo3barEi", "foo::bar(int)");
    expect("_ZNSt6vectorIiSaIiEE9push_backERKi", "std::vector<int>::push_back(int const&)");
    expect("_ZN4core3fmt5write17h0123456789abcdefE", "core::fmt::write");
    expect("_RNvC7mycrate3foo", "mycrate::foo");
    expect("_D3foo3barFiZv", "foo.bar(int)");
}

Test(demangle, folds_default_arguments_of_templates, .timeout = 10) {
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::size() const",
         "std::string::size() const"},
        {"f(std::map<std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >, int, "
         "std::less<std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > >, "
         "std::allocator<std::pair<std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const, "
         "int> > >&)",
         "f(std::map<std::string, int>&)"},
        {"a<std::allocator<int> >::b()", "a<std::allocator<int>>::b()"}, /* the first argument is never a default */
        {"f(int, std::allocator<int> const&)", "f(int, std::allocator<int> const&)"},
        {"name[abi:cxx11](int)", "name(int)"},
        {"x::operator<<(std::ostream&, int)", "x::operator<<(std::ostream&, int)"},
        {"v<a<b, std::allocator<b> >, std::allocator<a<b, std::allocator<b> > > >::operator[](unsigned long)",
         "v<a<b>>::operator[](unsigned long)"},
        {"unbalanced<a, std::allocator<", "unbalanced<a, std::allocator<"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1024];
        strcpy(text, cases[i].in);
        qmon__fold_templates(text);
        cr_expect_str_eq(text, cases[i].out, "%s gives %s", cases[i].in, text);
    }
}

Test(demangle, of_a_name_that_stands_for_gigabytes_is_cut, .timeout = 10) {
    /* Each pair doubles what the one before stands for: f(a<S,S>...), 60 times. */
    char name[1024] = "_Z1f";
    strcat(name, "1aIiiE");
    for (int i = 0; i < 35; i++) {
        char part[32];
        char digit = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i];
        snprintf(part, sizeof part, "S_IS%c_S%c_E", digit, digit);
        strcat(name, part);
    }
    char text[QMON__FUNCTION_BYTES];
    qmon__demangle(name, text, sizeof text);
    cr_expect_lt(strlen(text), sizeof text);
    cr_expect_eq(strncmp(text, "f(a<int, int>", 13), 0, "%.60s", text);
}

Test(demangle, into_a_small_buffer_cuts, .timeout = 10) {
    char text[8];
    cr_expect_str_eq(qmon__demangle("a_long_name", text, sizeof text), "a_long_");
    cr_expect_str_eq(qmon__demangle("_ZN3foo3barEi", text, sizeof text), "foo::ba");
}
