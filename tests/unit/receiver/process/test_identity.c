#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_with.h"
#include "identity.h"
#include "procfs.h"

static struct qmon_event *event;

static void set_up(void) {
    event = qmon_event_new(1700000000123456789u);
}

static void tear_down(void) {
    qmon_event_free(event);
}

TestSuite(identity, .init = set_up, .fini = tear_down, .timeout = 10);
TestSuite(modules, .init = set_up, .fini = tear_down, .timeout = 10);

#define CONTAINER "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

Test(identity, finds_a_containers_id_in_a_control_group) {
    const char *texts[] = {"0::/system.slice/docker-" CONTAINER ".scope\n", "12:memory:/docker/" CONTAINER "\n",
                           "0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-" CONTAINER ".scope\n",
                           "1 2 0:3 /var/lib/docker/containers/" CONTAINER "/hostname /etc/hostname rw\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *found = qmon__find_container_id(texts[i]);
        cr_assert_not_null(found, "%s", texts[i]);
        cr_expect_eq(strncmp(found, CONTAINER, 64), 0);
    }
    cr_expect_null(qmon__find_container_id("0::/user.slice/session-1.scope\n"));
    cr_expect_null(qmon__find_container_id("0::/x-" CONTAINER "0\n"), "65 digits are something else");
    cr_expect_null(qmon__find_container_id(""));
}

static struct qmon_record record = {
    .process = {.pid = 77, .parent_pid = 1, .uid = 1, .created_real_ns = 5, .executable = "/opt/shop/bin/shopd"}};

Test(identity, names_the_service_after_the_program_unless_told_otherwise) {
    qmon__identify_process(event, &record, 0);
    struct qmon_config *config = config_with("QMON_STAGE=test");
    qmon__identify_service(event, config);
    cr_expect_str_eq(event->service.name, "shopd");
    cr_expect_str_eq(event->service.stage, "test");
    qmon_config_free(config);
    config = config_with("APP_NAME=shop", "GIT_HASH=abc123");
    qmon__identify_service(event, config);
    cr_expect_str_eq(event->service.name, "shop");
    cr_expect_str_eq(event->service.version, "abc123");
    qmon_config_free(config);
}

Test(identity, asks_a_process_that_is_alive_for_what_the_record_does_not_say) {
    struct qmon_record bare = {.process = {.pid = (uint32_t) getpid(), .uid = 4000000}};
    qmon__identify_process(event, &bare, (uint32_t) getpid());
    char executable[4096];
    cr_assert_gt(qmon__proc_link(0, "exe", executable, sizeof executable), 0);
    cr_expect_str_eq(event->process.executable, executable);
    cr_expect_eq(event->process.uid, geteuid());
}

static void expect_called(const char *first_argument, const char *name) {
    struct qmon_record called = record;
    struct qmon_config config = {0};
    called.process.command_line_bytes =
        (uint32_t) snprintf(called.process.command_line, sizeof called.process.command_line, "%s", first_argument) + 1;
    qmon__identify_process(event, &called, 0);
    qmon__identify_service(event, &config);
    cr_expect_str_eq(event->service.name, name, "%s gives %s", first_argument, event->service.name);
}

Test(identity, calls_a_service_what_its_program_was_called_by) {
    strcpy(record.process.executable, "/usr/bin/redis-check-rdb");
    expect_called("redis-server", "redis-server");
    expect_called("/opt/bin/redis-server", "redis-server");
    expect_called("-bash", "bash");
    expect_called("", "redis-check-rdb");
    expect_called("-", "redis-check-rdb");
    expect_called("postgres: writer", "redis-check-rdb");
    expect_called("/opt/bin/", "redis-check-rdb");
    expect_called("token=xoxb-1", "redis-check-rdb");
}

Test(identity, gives_ids_that_are_version_7_and_of_the_events_time) {
    qmon__identify_event(event, &record, "error", 1);
    cr_expect_eq(strlen(event->id), 36);
    cr_expect_eq(strncmp(event->id, "018bcfe5-687b-7", 15), 0, "%s", event->id);
    cr_expect(strchr("89ab", event->id[19]) != NULL, "%s", event->id);
    char first[QMON_EVENT_ID_BYTES];
    strcpy(first, event->id);
    qmon__identify_event(event, &record, "error", 2);
    cr_expect_str_neq(event->id, first);
    qmon__identify_event(event, &record, "start", 1);
    cr_expect_str_neq(event->id, first);
    qmon__identify_event(event, &record, "error", 1);
    cr_expect_str_eq(event->id, first);
}

static const char maps[] = "55d0c0000000-55d0c0002000 r--p 00000000 fe:00 11 /usr/bin/victim\n"
                           "55d0c0002000-55d0c0006000 r-xp 00002000 fe:00 11                 /usr/bin/victim\n"
                           "7f0000000000-7f0000001000 r-xp 00000000 00:00 0 \n"
                           "7f0000001000-7f0000002000 r-xp 00005000 fe:00 12 /opt/a b\\012c (deleted)\n"
                           "7ffd00000000-7ffd00002000 r-xp 00000000 00:00 0                          [vdso]\n"
                           "7ffd00003000-7ffd00004000 --xp 00000000 00:00 0                          [vsyscall]\n"
                           "rubbish\n"
                           "9-1 r-xp 0 0:0 0 /backwards\n"
                           "7ffd00005000-7ffd00006000 r-xp 00000000 fe:00 13 /cut";

Test(modules, are_the_executable_mappings_of_files) {
    qmon__modules_of_maps(event, maps);
    cr_assert_eq(event->module_count, 4);
    cr_expect_str_eq(event->modules[0].path, "/usr/bin/victim");
    cr_expect_eq(event->modules[0].start, 0x55d0c0002000);
    cr_expect_eq(event->modules[0].end, 0x55d0c0006000);
    cr_expect_eq(event->modules[0].file_offset, 0x2000);
    cr_expect_str_eq(event->modules[1].path, "/opt/a b\nc (deleted)");
    cr_expect_str_eq(event->modules[2].path, "[vdso]");
    cr_expect_str_eq(event->modules[3].path, "/cut");
    qmon__modules_of_maps(event, "");
    cr_expect_eq(event->module_count, 0);
}

Test(modules, of_a_record_have_their_build_ids) {
    static struct qmon_record_modules modules = {
        .count = 3, .dropped = 7, .path_bytes = 15, .paths = "/usr/bin/victim"};
    modules.entries[0] = (struct qmon_record_module){
        .start = 0x1000, .end = 0x2000, .path_bytes = 15, .build_id_bytes = 3, .build_id = {0xab, 0x01, 0xff}};
    modules.entries[1] = (struct qmon_record_module){.start = 0x3000, .end = 0x3000, .path_bytes = 15};
    modules.entries[2] = (struct qmon_record_module){.start = 0x4000, .end = 0x5000, .path = 4, .path_bytes = 4};
    qmon__modules_of_record(event, &modules);
    cr_assert_eq(event->module_count, 2, "an empty mapping is none");
    cr_expect_str_eq(event->modules[0].build_id, "ab01ff");
    cr_expect_str_eq(event->modules[1].path, "/bin");
    cr_assert_eq(event->note_count, 1);
}

Test(modules, are_missed_on_disk_only_where_a_frame_lies_in_them) {
    static struct qmon_record_modules modules = {.count = 2};
    struct stat status;
    cr_assert_eq(stat("/bin/sh", &status), 0);
    strcpy(modules.paths, "/bin/sh/no/such");
    modules.path_bytes = 15;
    modules.entries[0] =
        (struct qmon_record_module){.start = 0x1000, .end = 0x2000, .inode = status.st_ino, .path_bytes = 7};
    modules.entries[1] =
        (struct qmon_record_module){.start = 0x3000, .end = 0x4000, .inode = 1, .path = 7, .path_bytes = 8};
    struct qmon_frame frames[2] = {{.pc = 0x1500}, {.pc = 0x9000}};
    struct qmon_thread thread = {.frames = frames, .frame_count = 2};
    event->threads = &thread;
    event->thread_count = 1;
    cr_expect(qmon__modules_are_on_disk(event, &modules));
    frames[1].pc = 0x3500;
    cr_expect_not(qmon__modules_are_on_disk(event, &modules));
    frames[1].pc = 0x9000;
    modules.entries[0].inode++; /* replaced by a newer one */
    cr_expect_not(qmon__modules_are_on_disk(event, &modules));
}
