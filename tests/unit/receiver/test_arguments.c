#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "arguments.h"

TestSuite(arguments, .timeout = 10);

#define PARSE(...)                                                                                                     \
    qmon__parse_arguments((int) (sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)),                              \
                          (char **) (const char *[]){__VA_ARGS__}, &parsed, &problem)

static struct qmon__arguments parsed;
static const char *problem;

Test(arguments, are_what_the_agent_says) {
    cr_assert_eq(PARSE("receive", "--why=crash", "--pid=71", "--deadline-ms=1500", "--record=/dev/shm/x/y", "--hold"),
                 0);
    cr_expect_eq(parsed.why, QMON__WHY_CRASH);
    cr_expect_eq(parsed.pid, 71);
    cr_expect_eq(parsed.deadline_ms, 1500);
    cr_expect_str_eq(parsed.record, "/dev/shm/x/y");
    cr_expect(parsed.hold);
    cr_assert_eq(PARSE("--why=ring", "--pid=1", "--record="), 0);
    cr_expect_eq(parsed.why, QMON__WHY_RING);
    cr_expect_eq(parsed.deadline_ms, 5000);
    cr_expect_str_eq(parsed.record, "");
    cr_expect_not(parsed.hold);
    cr_expect_not(parsed.stay);
    cr_assert_eq(PARSE("--why=crash", "--pid=1", "--stay"), 0);
    cr_expect(parsed.stay);
    cr_expect_not(parsed.kept);
    cr_assert_eq(PARSE("--why=ring", "--pid=1", "--kept"), 0);
    cr_expect(parsed.kept);
    cr_expect_not(parsed.may_ask || parsed.careful);
    cr_assert_eq(PARSE("--why=crash", "--pid=1", "--may-ask"), 0);
    cr_expect(parsed.may_ask && !parsed.careful);
    cr_assert_eq(PARSE("--why=crash", "--pid=1", "--careful"), 0);
    cr_expect(parsed.careful && !parsed.may_ask);
}

Test(arguments, that_make_no_sense_are_named) {
    cr_expect_eq(PARSE("--pid=1"), -EINVAL);
    cr_expect_eq(PARSE("--why=lunch", "--pid=1"), -EINVAL);
    cr_expect_str_eq(problem, "--why is none of start, stop, exec, crash, ring, found");
    cr_expect_eq(PARSE("--why=stop", "--pid=0"), -EINVAL);
    cr_expect_eq(PARSE("--why=stop", "--pid=-3"), -EINVAL);
    cr_expect_eq(PARSE("--why=stop", "--pid=99999999999999999999"), -EINVAL);
    cr_expect_str_eq(problem, "--pid is not a process's number");
    cr_expect_eq(PARSE("--why=stop", "--pid=1", "--deadline-ms=soon"), -EINVAL);
    cr_expect_eq(PARSE("--why=stop", "--pid=1", "--deadline-ms=99999999"), -EINVAL);
    cr_expect_eq(PARSE("--why=stop", "--pid=1", "--fast"), -EINVAL);
}

Test(arguments, give_a_receiver_a_moment_at_least) {
    cr_assert_eq(PARSE("--why=stop", "--pid=1", "--deadline-ms=0"), 0);
    cr_expect_eq(parsed.deadline_ms, 50);
}
