#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qmon/paths.h>

#include "live.h"
#include "procfs.h"
#include "record_maker.h"
#include "scratch.h"

static struct scratch scratch;

static void set_up(void) {
    setenv("TMPDIR", "/dev/shm", 1); /* where a free lock speaks */
    scratch = scratch_make();
}

static void tear_down(void) {
    scratch_remove(&scratch);
}

TestSuite(live, .init = set_up, .fini = tear_down, .timeout = 20);

static enum qmon__life life_of(const struct made_record *made) {
    int directory = open(scratch.path, O_RDONLY | O_DIRECTORY);
    struct qmon__record_file file;
    cr_assert_eq(qmon__record_open_at(&file, directory, strrchr(made->path, '/') + 1), 0);
    enum qmon__life life = qmon__life_of(&file);
    qmon__record_close(&file);
    close(directory);
    return life;
}

/* As the agent holds it: the lock of an open file description that only a mapping keeps. */
static int lock_record(const struct made_record *made) {
    int fd = open(made->path, O_RDWR);
    cr_assert_eq(flock(fd, LOCK_SH | LOCK_NB), 0);
    return fd;
}

Test(live, a_running_process_is_alive_whatever_its_lock_says) {
    pid_t pid = start_sleeper();
    struct made_record made = make_record(scratch.path, (uint32_t) pid);
    cr_expect_eq(life_of(&made), QMON__LIFE_ALIVE);
    made.at->header.state = QMON_STATE_EXEC; /* a program without the agent holds no lock */
    cr_expect_eq(life_of(&made), QMON__LIFE_ALIVE);
    end_sleeper(pid);
    cr_expect_eq(life_of(&made), QMON__LIFE_DEAD);
    unmake_record(&made);
}

Test(live, a_free_number_is_dead) {
    struct made_record made = make_record(scratch.path, (uint32_t) free_pid());
    cr_expect_eq(life_of(&made), QMON__LIFE_DEAD);
    unmake_record(&made);
}

Test(live, a_zombie_is_dead) {
    pid_t pid = make_zombie();
    struct made_record made = make_record(scratch.path, (uint32_t) pid);
    cr_expect_eq(life_of(&made), QMON__LIFE_DEAD);
    end_sleeper(pid);
    unmake_record(&made);
}

static void *sleep_on(void *unused) {
    for (;;)
        pause();
    return unused;
}

Test(live, a_process_whose_main_thread_alone_has_ended_is_alive) {
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, sleep_on, NULL);
        pthread_exit(NULL);
    }
    struct qmon__proc_stat stat = {0};
    while (stat.state != 'Z')
        cr_assert_eq(qmon__proc_stat((uint32_t) pid, &stat), 0);
    struct made_record made = make_record(scratch.path, (uint32_t) pid);
    cr_expect_eq(life_of(&made), QMON__LIFE_ALIVE);
    end_sleeper(pid);
    unmake_record(&made);
}

Test(live, a_number_that_was_used_again_is_dead_unless_the_lock_is_held) {
    pid_t pid = start_sleeper();
    struct made_record made = make_record(scratch.path, (uint32_t) pid);
    made.at->process.created_boot_ns = LONG_BEFORE_NS;
    cr_expect_eq(life_of(&made), QMON__LIFE_DEAD);
    int fd = lock_record(&made);
    cr_expect_eq(life_of(&made), QMON__LIFE_UNKNOWN);
    close(fd);
    end_sleeper(pid);
    unmake_record(&made);
}

Test(live, another_boot_is_the_end_of_all_its_processes) {
    pid_t pid = start_sleeper();
    struct made_record made = make_record(scratch.path, (uint32_t) pid);
    strcpy(made.at->process.boot_id, "00000000-0000-4000-8000-000000000000");
    cr_expect_eq(life_of(&made), QMON__LIFE_DEAD_BOOT);
    strcpy(made.at->process.boot_id, qmon__boot_id());
    cr_expect_eq(life_of(&made), QMON__LIFE_ALIVE);
    end_sleeper(pid);
    unmake_record(&made);
}

Test(live, in_another_pid_namespace_the_lock_speaks) {
    struct made_record made = make_record(scratch.path, (uint32_t) getpid());
    made.at->process.pid_namespace = 0xEFFFFF01;
    int fd = lock_record(&made);
    cr_expect_eq(life_of(&made), QMON__LIFE_ALIVE);
    close(fd);
    cr_expect_eq(life_of(&made), QMON__LIFE_DEAD);
    unmake_record(&made);
}

Test(live, a_process_in_another_pid_namespace_that_has_execed_is_found_there) {
    int ready[2];
    char byte;
    cr_assert_eq(pipe(ready), 0);
    pid_t outer = fork();
    if (outer == 0) {
        if (unshare(CLONE_NEWPID) < 0)
            _exit(77);
        pid_t inner = fork();
        if (inner == 0) {
            if (write(ready[1], "x", 1) == 1)
                for (;;)
                    pause();
            _exit(1);
        }
        waitpid(inner, NULL, 0);
        _exit(0);
    }
    close(ready[1]);
    if (read(ready[0], &byte, 1) != 1) {
        waitpid(outer, NULL, 0);
        cr_skip_test("pid namespaces cannot be made here");
    }
    char children[64], path[64];
    snprintf(path, sizeof path, "task/%d/children", (int) outer);
    cr_assert_gt(qmon__proc_read((uint32_t) outer, path, children, sizeof children), 0);
    uint32_t inner = (uint32_t) strtoul(children, NULL, 10);
    struct made_record made = make_record(scratch.path, 1); /* as it sees itself */
    made.at->process.pid_namespace = qmon__proc_namespace(inner, "pid");
    made.at->header.state = QMON_STATE_EXEC;
    /* who is in a container does not see the namespaces beside it */
    bool sees_all = geteuid() == 0 && qmon__proc_namespace(0, "pid") == QMON_INITIAL_PID_NAMESPACE;
    cr_expect_eq(life_of(&made), QMON__LIFE_ALIVE);
    kill((pid_t) inner, SIGKILL);
    waitpid(outer, NULL, 0);
    cr_expect_eq(life_of(&made), sees_all ? QMON__LIFE_DEAD : QMON__LIFE_UNKNOWN);
    unmake_record(&made);
}

Test(live, a_record_without_a_process_is_left_alone) {
    struct made_record made = make_record(scratch.path, 0);
    cr_expect_eq(life_of(&made), QMON__LIFE_UNKNOWN);
    unmake_record(&made);
}

/* The decision itself, for what cannot be set up here. */
Test(live, nothing_is_dead_that_might_be_alive) {
    const struct {
        struct qmon__life_signs signs;
        enum qmon__life life;
    } table[] = {
        /* overlayfs in another namespace: a free lock says nothing */
        {{.same_boot = true, .mapping_needed = true}, QMON__LIFE_UNKNOWN},
        {{.same_boot = true, .mapping_needed = true, .elsewhere = QMON__ELSEWHERE_GONE}, QMON__LIFE_DEAD},
        {{.same_boot = true, .mapping_needed = true, .elsewhere = QMON__ELSEWHERE_ALIVE}, QMON__LIFE_ALIVE},
        /* exec'ed, in another namespace: the lock went with the mapping */
        {{.same_boot = true, .lock_speaks = true}, QMON__LIFE_UNKNOWN},
        /* its /proc is hidden from us */
        {{.same_boot = true, .same_namespace = true, .exists = true, .mapping_needed = true}, QMON__LIFE_UNKNOWN},
        {{.same_boot = true,
          .same_namespace = true,
          .exists = true,
          .mapping_needed = true,
          .lock_speaks = true,
          .lock_held = true},
         QMON__LIFE_UNKNOWN},
        {{.same_boot = true, .same_namespace = true, .exists = true, .mapping_needed = true, .lock_speaks = true},
         QMON__LIFE_DEAD},
        /* started later as far as another time namespace tells */
        {{.same_boot = true, .same_namespace = true, .exists = true, .started_known = true, .mapping_needed = true},
         QMON__LIFE_UNKNOWN},
        /* another machine's boot, over a network */
        {{.same_boot = false}, QMON__LIFE_UNKNOWN},
        {{.same_boot = false, .local_disk = true, .lock_held = true}, QMON__LIFE_UNKNOWN},
        {{.same_boot = false, .local_disk = true}, QMON__LIFE_DEAD_BOOT},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        cr_expect_eq(qmon__judge_life(&table[i].signs), table[i].life, "row %zu", i);
}
