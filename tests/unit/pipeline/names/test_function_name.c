#include <string.h>

#include <criterion/criterion.h>

#include "function_name.h"

static const char *plain(const char *name) {
    static char buffer[256];

    return qmon__plain_function(name, buffer, sizeof buffer);
}

Test(function_name, keeps_c_names_as_they_are, .timeout = 10) {
    cr_assert_str_eq(plain("parse_header"), "parse_header");
    cr_assert_str_eq(plain("_start"), "_start");
    cr_assert_str_eq(plain("__GI_raise"), "__GI_raise");
}

Test(function_name, drops_what_the_optimizer_appends, .timeout = 10) {
    cr_assert_str_eq(plain("parse.isra.0"), "parse");
    cr_assert_str_eq(plain("parse.part.0.constprop.3"), "parse");
    cr_assert_str_eq(plain("parse.cold"), "parse");
    cr_assert_str_eq(plain("parse.llvm.1234567890"), "parse");
    cr_assert_str_eq(plain("parse.lto_priv.7"), "parse");
    cr_assert_str_eq(plain("shop::parse(int) [clone .isra.0] [clone .cold]"), "shop::parse");
}

Test(function_name, drops_parameters_templates_and_return_types, .timeout = 10) {
    cr_assert_str_eq(plain("std::vector<int, std::allocator<int> >::at(unsigned long) const"), "std::vector::at");
    cr_assert_str_eq(plain("void shop::visit<shop::Order>(shop::Order const&)"), "shop::visit");
    cr_assert_str_eq(plain("std::map<int, long>::mapped_type shop::find<int>(int)"), "shop::find");
    cr_assert_str_eq(plain("decltype (f({parm#1})) shop::apply<int>(int)"), "shop::apply");
    cr_assert_str_eq(plain("shop::name[abi:cxx11](int)"), "shop::name");
    cr_assert_str_eq(plain("shop::(anonymous namespace)::helper(int)"), "shop::helper");
    cr_assert_str_eq(plain("f<(shop::Kind)1>(int (*)(int))"), "f");
    cr_assert_str_eq(plain("f<&(g(int))>(int)"), "f");
}

Test(function_name, knows_operators, .timeout = 10) {
    cr_assert_str_eq(plain("shop::Call::operator()(int) const"), "shop::Call::operator()");
    cr_assert_str_eq(plain("shop::operator-<shop::Item*>"), "shop::operator-");
    cr_assert_str_eq(plain("shop::operator-<shop::Item*>(shop::Item*)"), "shop::operator-");
    cr_assert_str_eq(plain("shop::Call::operator()<shop::Item<int*>, long >"), "shop::Call::operator()");
    cr_assert_str_eq(plain("shop::operator<<(std::ostream&, shop::Order const&)"), "shop::operator<<");
    cr_assert_str_eq(plain("bool shop::operator< <int>(int, int)"), "shop::operator<");
    cr_assert_str_eq(plain("operator new(unsigned long)"), "operator_new");
    cr_assert_str_eq(plain("shop::Order::operator bool() const"), "shop::Order::operator_bool");
    cr_assert_str_eq(plain("std::vector<int>::operator[](unsigned long)"), "std::vector::operator[]");
    cr_assert_str_eq(plain("operators_of(int)"), "operators_of");
}

Test(function_name, calls_lambdas_of_both_compilers_alike, .timeout = 10) {
    cr_assert_str_eq(plain("main::{lambda(int)#2}::operator()(int) const"), "main::{lambda}");
    cr_assert_str_eq(plain("main::{lambda(int)#1}::_FUN(int)"), "main::{lambda}");
    cr_assert_str_eq(plain("main::$_0::operator()(int) const"), "main::{lambda}");
    cr_assert_str_eq(plain("main::$_12::__invoke(int)"), "main::{lambda}");
    cr_assert_str_eq(plain("shop::run(int)::{lambda()#1}::operator()() const"), "shop::run::{lambda}");
}

Test(function_name, knows_rust_go_and_d, .timeout = 10) {
    cr_assert_str_eq(plain("shop::orders::place::h0123456789abcdef"), "shop::orders::place");
    cr_assert_str_eq(plain("shop::main::{{closure}}"), "shop::main::{closure}");
    cr_assert_str_eq(plain("shop::main::{closure#3}"), "shop::main::{closure}");
    cr_assert_str_eq(plain("shop::get::<u32>"), "shop::get");
    cr_assert_str_eq(plain("<shop::Order as core::fmt::Display>::fmt"), "<shop::Order as core::fmt::Display>::fmt");
    cr_assert_str_eq(plain("main.(*Server).Handle"), "main.(*Server).Handle");
    cr_assert_str_eq(plain("main.main.func1"), "main.main.func");
    cr_assert_str_eq(plain("shop.orders.place(int)"), "shop.orders.place");
}

Test(function_name, survives_what_no_demangler_gives, .timeout = 10) {
    char tiny[4];

    cr_assert_str_eq(plain(""), "");
    cr_assert_str_eq(plain("("), "(");
    cr_assert_str_eq(plain(">>>"), ">>>");
    cr_assert_str_eq(plain("f<<<<<"), "f");
    cr_assert_str_eq(plain("{"), "{}");
    cr_assert_str_eq(plain("operator"), "operator");
    cr_assert_str_eq(plain("[clone .x]"), "[clone .x]");
    cr_assert_str_eq(qmon__plain_function("parse_header", tiny, sizeof tiny), "par");
    cr_assert_str_eq(qmon__plain_function("parse_header", tiny, 1), "");
}
