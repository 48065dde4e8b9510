#include "record_maker.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <qmon/qmon.h>

static uint64_t clock_now_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t) now.tv_sec * 1000000000u + (uint64_t) now.tv_nsec;
}

uint64_t boot_clock_ns(void) {
    return clock_now_ns(CLOCK_BOOTTIME);
}

uint64_t real_clock_ns(void) {
    return clock_now_ns(CLOCK_REALTIME);
}

static uint64_t own_pid_namespace(void) {
    struct stat status;
    return stat("/proc/self/ns/pid", &status) == 0 ? (uint64_t) status.st_ino : 0;
}

struct made_record make_record(const char *directory, uint32_t pid) {
    struct made_record made;
    mkdir(directory, 0700);
    snprintf(made.path, sizeof made.path, "%s/%llx-%u", directory, (unsigned long long) own_pid_namespace(), pid);
    int fd = open(made.path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, QMON_RECORD_BYTES) < 0)
        abort();
    made.at = mmap(NULL, QMON_RECORD_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (made.at == MAP_FAILED)
        abort();
    made.at->header = (struct qmon_record_header){.magic = QMON_RECORD_MAGIC,
                                                  .version = QMON_RECORD_VERSION,
                                                  .bytes = QMON_RECORD_BYTES,
                                                  .state = QMON_STATE_RUNNING};
    struct qmon_record_process *process = &made.at->process;
    process->pid = process->root_pid = pid;
    process->parent_pid = 1;
    process->uid = getuid();
    process->gid = getgid();
    process->flags = QMON_PROCESS_ROOT | QMON_PROCESS_TELL_LIFECYCLE | QMON_PROCESS_TELL_EXIT;
    process->pid_namespace = own_pid_namespace();
    process->created_boot_ns = process->root_created_boot_ns = boot_clock_ns();
    process->created_real_ns = process->image_real_ns = real_clock_ns();
    strcpy(process->executable, "/usr/bin/victim");
    strcpy(process->working_directory, "/srv");
    memcpy(process->command_line, "victim\0--fast", 14);
    process->command_line_bytes = 14;
    return made;
}

void unmake_record(struct made_record *made) {
    munmap(made->at, QMON_RECORD_BYTES);
    made->at = NULL;
}

void make_crash(struct made_record *made, uint64_t pc) {
    struct qmon_record_crash *crash = &made->at->crash;
    crash->claimed_by = crash->tid = made->at->process.pid;
    crash->signal = SIGSEGV;
    crash->code = SEGV_MAPERR;
    crash->address = 0x10;
    crash->real_ns = real_clock_ns();
    crash->boot_ns = boot_clock_ns();
    crash->unwind_end = QMON_UNWIND_COMPLETE;
    crash->frame_count_inner = 2;
    crash->frames[0] = pc;
    crash->frame_flags[0] = QMON_FRAME_EXACT;
    crash->frames[1] = pc + 0x100;
    strcpy(crash->thread_name, "worker");
#ifdef __x86_64__
    crash->register_count = QMON_X86_COUNT;
    crash->registers[QMON_X86_RIP] = pc;
    crash->registers[QMON_X86_RSP] = 0x7ffc00001000;
    crash->registers[QMON_X86_TRAPNO] = 14;
    crash->registers[QMON_X86_ERR] = 6;
#endif
    crash->stage = QMON_STAGE_SEALED;
    made->at->header.state = QMON_STATE_SEALED;
}

void make_exit(struct made_record *made, int status) {
    made->at->end = (struct qmon_record_end){
        .how = QMON_END_EXIT, .status = status, .real_ns = real_clock_ns(), .boot_ns = boot_clock_ns()};
    made->at->header.state = QMON_STATE_STOPPED;
}

void make_report(struct made_record *made, const char *code, const char *message) {
    struct qmon_record_ring *ring = &made->at->ring;
    uint32_t turn = atomic_fetch_add(&ring->head, 1);
    struct qmon_ring_slot *slot = &ring->slots[turn % QMON_RING_SLOTS];
    slot->tid = made->at->process.pid;
    slot->real_ns = real_clock_ns();
    slot->severity = QMON_SEVERITY_ERROR;
    slot->code_bytes = (uint16_t) strlen(code);
    slot->message_bytes = (uint16_t) strlen(message);
    slot->endpoint_bytes = slot->user_bytes = slot->extra_bytes = 0;
    memcpy(slot->text, code, slot->code_bytes);
    memcpy(slot->text + slot->code_bytes, message, slot->message_bytes);
    slot->frame_count = 1;
    slot->frames[0] = (uint64_t) (uintptr_t) make_report;
    atomic_store_explicit(&slot->sequence, turn + 1, memory_order_release);
    atomic_fetch_add(&ring->wake, 1);
}

void sleep_with_test(void) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;)
        pause();
}

pid_t start_sleeper(void) {
    pid_t pid = fork();
    if (pid == 0)
        sleep_with_test();
    return pid;
}

void end_sleeper(pid_t pid) {
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

pid_t free_pid(void) {
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    waitpid(pid, NULL, 0);
    return pid;
}

pid_t make_zombie(void) {
    pid_t pid = fork();
    siginfo_t info;
    if (pid == 0)
        _exit(0);
    waitid(P_PID, (id_t) pid, &info, WEXITED | WNOWAIT);
    return pid;
}
