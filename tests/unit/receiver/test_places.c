#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qmon/paths.h>

#include "config_with.h"
#include "places.h"
#include "record_maker.h"
#include "scratch.h"

TestSuite(places, .timeout = 10);

Test(places, reads_names_of_records_and_no_others) {
    struct qmon__record_name name;
    cr_assert(qmon__record_parse_name("effffffc-71", &name));
    cr_expect_eq(name.pid_namespace, 0xeffffffc);
    cr_expect_eq(name.pid, 71);
    cr_expect_not(name.moved_aside);
    cr_assert(qmon__record_parse_name("f0000123-4194304.98765432100", &name));
    cr_expect_eq(name.pid, 4194304);
    cr_expect(name.moved_aside);
    const char *others[] = {"",
                            ".",
                            "..",
                            "-1",
                            "effffffc-",
                            "effffffc-0",
                            "effffffc-71.damaged",
                            "effffffc-71.new",
                            "effffffc-71.damaged-2",
                            "EFFFFFFC-71",
                            "effffffc-99999999999",
                            "effffffc-71x",
                            "12345678901234567-1",
                            "effffffc-71.5x",
                            "effffffc--71"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        cr_expect_not(qmon__record_parse_name(others[i], &name), "\"%s\"", others[i]);
}

static bool count_one(void *context, int directory, const char *name, const struct qmon__record_name *parsed) {
    (void) directory;
    (void) name;
    (void) parsed;
    ++*(unsigned *) context;
    return true;
}

Test(places, are_the_state_directory_and_shared_memory) {
    struct scratch scratch = scratch_make();
    char shm[QMON_RECORD_DIRECTORY_BYTES], disk[QMON_RECORD_DIRECTORY_BYTES];
    qmon_record_directory_shm((uint32_t) geteuid(), scratch.path, shm, sizeof shm);
    qmon_record_directory_disk(scratch.path, disk, sizeof disk);
    struct made_record first = make_record(shm, 100), second = make_record(disk, 101), third = make_record(disk, 102);
    struct qmon__places places;
    char with_slash[256];
    snprintf(with_slash, sizeof with_slash, "%s/", scratch.path);
    qmon__places_open(&places, with_slash, NULL);
    unsigned count = 0;
    qmon__places_visit(&places, count_one, &count);
    cr_expect_eq(count, 3);
    qmon__places_close(&places);
    unlink(first.path);
    rmdir(shm);
    unmake_record(&first);
    unmake_record(&second);
    unmake_record(&third);
    scratch_remove(&scratch);
}

Test(places, are_those_that_were_wanted_as_well_as_the_one_in_use) {
    struct scratch scratch = scratch_make();
    char wanted[300], disk[QMON_RECORD_DIRECTORY_BYTES], setting[400];
    snprintf(wanted, sizeof wanted, "%s/wanted", scratch.path);
    mkdir(wanted, 0700);
    qmon_record_directory_disk(wanted, disk, sizeof disk);
    struct made_record made = make_record(disk, 100);
    snprintf(setting, sizeof setting, "QMON_STATE_DIR=%s", wanted);
    struct qmon_config *config = config_with(setting);
    struct qmon__places places;
    qmon__places_open(&places, scratch.path, config);
    unsigned count = 0;
    qmon__places_visit(&places, count_one, &count);
    cr_expect_eq(count, 1);
    qmon__places_close(&places);
    qmon_config_free(config);
    unmake_record(&made);
    scratch_remove(&scratch);
}

Test(places, do_not_lead_elsewhere) {
    struct scratch scratch = scratch_make();
    struct scratch elsewhere = scratch_make();
    struct made_record made = make_record(elsewhere.path, 100);
    char shm[QMON_RECORD_DIRECTORY_BYTES];
    qmon_record_directory_shm((uint32_t) geteuid(), scratch.path, shm, sizeof shm);
    cr_assert_eq(symlink(elsewhere.path, shm), 0);
    struct qmon__places places;
    qmon__places_open(&places, scratch.path, NULL);
    unsigned count = 0;
    qmon__places_visit(&places, count_one, &count);
    cr_expect_eq(count, 0);
    qmon__places_close(&places);
    unlink(shm);
    unmake_record(&made);
    scratch_remove(&elsewhere);
    scratch_remove(&scratch);
}

Test(places, are_rid_of_drafts_that_were_never_finished_but_not_of_young_ones) {
    struct scratch scratch = scratch_make();
    char disk[QMON_RECORD_DIRECTORY_BYTES], young[700];
    qmon_record_directory_disk(scratch.path, disk, sizeof disk);
    mkdir(disk, 0700);
    snprintf(young, sizeof young, "%s/effffffc-5.new", disk);
    close(open(young, O_CREAT | O_WRONLY, 0600));
    struct qmon__places places;
    qmon__places_open(&places, scratch.path, NULL);
    unsigned count = 0;
    qmon__places_visit(&places, count_one, &count);
    cr_expect_eq(count, 0);
    cr_expect_eq(access(young, F_OK), 0);
    qmon__places_close(&places);
    scratch_remove(&scratch);
}
