/*
 * store_case.h: a store for one test, in a directory of its own. To be included by one file each: what is here is that file's own.
 */
#ifndef QMON_TEST_STORE_CASE_H
#define QMON_TEST_STORE_CASE_H

#include "scratch.h"
#include "support.h"

static struct scratch scratch;
static struct qmon_store *store;

static void setup(void) {
    scratch = scratch_make();
    store = open_store(scratch.path);
}

static void teardown(void) {
    qmon_store_close(store);
    scratch_remove(&scratch);
}

#endif
