#include "own.h"

#include <stdatomic.h>
#include <string.h>

#include "agent.h"
#include "dispositions.h"
#include "text.h"

struct qmon__life qmon__own_life QMON__HOT;
struct qmon__own_image qmon__own_image QMON__HOT;

void qmon__life_ids(struct qmon__life *life, int pid) {
    life->pid = (uint32_t) pid;
    life->parent_pid = (uint32_t) qmon__sys(SYS_getppid);
    life->uid = (uint32_t) qmon__sys(SYS_geteuid);
    life->gid = (uint32_t) qmon__sys(SYS_getegid);
    life->pid_namespace = qmon__agent.pid_namespace;
}

void qmon__life_of(const struct qmon_record_process *process, struct qmon__life *ret_life) {
    *ret_life = (struct qmon__life){
        .pid = process->pid,
        .parent_pid = process->parent_pid,
        .uid = process->uid,
        .gid = process->gid,
        .flags = process->flags,
        .announced = atomic_load_explicit(&process->announced, memory_order_relaxed),
        .execs = process->execs,
        .host_parent_known = process->host_parent_known,
        .session = process->session,
        .pid_namespace = process->pid_namespace,
        .created_boot_ns = process->created_boot_ns,
        .created_real_ns = process->created_real_ns,
        .image_real_ns = process->image_real_ns,
    };
}

void qmon__put_life(const struct qmon__life *life, struct qmon_record_process *process) {
    process->pid = life->pid;
    process->parent_pid = life->parent_pid;
    process->uid = life->uid;
    process->gid = life->gid;
    process->flags = life->flags;
    atomic_store_explicit(&process->announced, life->announced, memory_order_relaxed);
    process->execs = life->execs;
    process->host_parent_known = life->host_parent_known;
    process->session = life->session;
    process->pid_namespace = life->pid_namespace;
    process->created_boot_ns = life->created_boot_ns;
    process->created_real_ns = life->created_real_ns;
    process->image_real_ns = life->image_real_ns;
}

void qmon__put_command(const struct qmon__own_image *image, struct qmon_record_process *ret_process) {
    qmon__copy_text(ret_process->executable, sizeof ret_process->executable, image->executable);
    memcpy(ret_process->command_line, image->command_line, image->command_line_bytes);
    ret_process->command_line_bytes = image->command_line_bytes;
}

void qmon__identity_with(const struct qmon__life *life, struct qmon_record_process *ret_process) {
    const struct qmon__own_image *const image = &qmon__own_image;
    memset(ret_process, 0, sizeof *ret_process);
    qmon__put_command(image, ret_process);
    qmon__copy_text(ret_process->working_directory, sizeof ret_process->working_directory, image->working_directory);
    qmon__copy_text(ret_process->library, sizeof ret_process->library, qmon__agent.library);
    memcpy(ret_process->boot_id, image->boot_id, sizeof ret_process->boot_id);
    ret_process->root_pid = image->root_pid;
    ret_process->root_created_boot_ns = image->root_created_boot_ns;
    qmon__put_life(life, ret_process);
    atomic_store_explicit(&ret_process->handled_signals, qmon__dispositions_handled(), memory_order_relaxed);
}
