/*
 * config_case.h: a directory for one test, which is the working directory, for files that QMON_CONFIG names. To be included by one file
 * each: what is here is that file's own.
 */
#ifndef QMON_TEST_CONFIG_CASE_H
#define QMON_TEST_CONFIG_CASE_H

#include <unistd.h>

#include <criterion/criterion.h>

#include "config_with.h"
#include "scratch.h"

static struct scratch scratch;

static void setup(void) {
    scratch = scratch_make();
    cr_assert_eq(chdir(scratch.path), 0);
}

static void teardown(void) {
    scratch_remove(&scratch);
}

#endif
