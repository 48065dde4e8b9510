#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "procfs.h"

Test(procfs, reads_a_stat_line_whose_name_tries_to_mislead, .timeout = 10) {
    struct qmon__proc_stat stat;
    const char *line = "71 (a) R 9 9 9 9 (b) S 42 71 70 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 17 0 12345678 1 2";
    cr_assert_eq(qmon__proc_parse_stat(line, &stat), 0);
    cr_expect_eq(stat.state, 'S');
    cr_expect_eq(stat.parent_pid, 42);
    cr_expect_eq(stat.session, 70);
    cr_expect_eq(stat.threads, 17);
    cr_expect_eq(stat.start_ticks, 12345678);
}

Test(procfs, refuses_a_stat_line_that_is_cut, .timeout = 10) {
    struct qmon__proc_stat stat;
    cr_expect_eq(qmon__proc_parse_stat("", &stat), -EBADMSG);
    cr_expect_eq(qmon__proc_parse_stat("71 (a", &stat), -EBADMSG);
    cr_expect_eq(qmon__proc_parse_stat("71 (a) S 42 71 70 0 -1", &stat), -EBADMSG);
}

Test(procfs, agrees_with_the_system_about_ourselves, .timeout = 10) {
    struct qmon__proc_stat stat;
    cr_assert(qmon__proc_is_ours());
    cr_assert_eq(qmon__proc_stat(0, &stat), 0);
    cr_expect_eq(stat.parent_pid, (uint32_t) getppid());
    cr_expect_eq(stat.session, (uint32_t) getsid(0));
    cr_expect_eq(stat.state, 'R');
    cr_expect_eq(qmon__proc_namespace(0, "pid"), qmon__proc_namespace((uint32_t) getpid(), "pid"));
    cr_expect_neq(qmon__proc_namespace(0, "pid"), 0);
    cr_expect_eq(strlen(qmon__boot_id()), 36);
}

Test(procfs, reads_files_larger_than_its_first_buffer, .timeout = 10) {
    size_t bytes = 0, small_bytes = 0;
    char *all = qmon__proc_read_all(0, "smaps", 1 << 22, &bytes);
    char *small = qmon__proc_read_all(0, "smaps", 1000, &small_bytes);
    cr_assert_not_null(all);
    cr_assert_not_null(small);
    cr_expect_gt(bytes, 16384);
    cr_expect_eq(strlen(all), bytes);
    cr_expect_eq(small_bytes, 1000, "no more than the limit");
    free(all);
    free(small);
    cr_expect_null(qmon__proc_read_all(0, "no-such-file", 1000, &bytes));
}
