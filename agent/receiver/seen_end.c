/*
 * The end of a process that never had a record, told by the parent that waited for it.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qmon/pipeline.h>
#include <qmon/receiver.h>

#include "identity.h"
#include "moment.h"
#include "pass.h"
#include "settle.h"

#define DELIVER_MS 10000u
#define ARGUMENTS_BYTES QMON_COMMAND_LINE_BYTES

/* Through a record of its own making: what events say of a process then comes from one place. */
static void fill_record(struct qmon_record *record, const struct qmon_seen_end *end) {
    struct qmon_record_process *process = &record->process;
    process->pid = process->root_pid = end->pid;
    process->parent_pid = (uint32_t) getpid();
    process->uid = (uint32_t) getuid();
    process->gid = (uint32_t) getgid();
    process->flags = QMON_PROCESS_ROOT;
    process->created_real_ns = end->start_real_ns;
    process->created_boot_ns = end->start_real_ns; /* only tells processes apart here */
    if (end->executable != NULL)
        strncpy(process->executable, end->executable, sizeof process->executable - 1);
    if (getcwd(process->working_directory, sizeof process->working_directory) == NULL)
        process->working_directory[0] = '\0';
    for (char *const *word = end->argv; word != NULL && *word != NULL; word++) {
        size_t bytes = strlen(*word) + 1, room = ARGUMENTS_BYTES - process->command_line_bytes;
        if (bytes > room)
            break;
        memcpy(process->command_line + process->command_line_bytes, *word, bytes);
        process->command_line_bytes += (uint32_t) bytes;
    }
}

static int make_report(const struct qmon_record *record, const struct qmon_seen_end *end,
                       struct qmon__report *ret_report) {
    if (WIFEXITED(end->wait_status))
        return qmon__exit_event(record, WEXITSTATUS(end->wait_status), end->end_real_ns, 0, ret_report);
    struct qmon__death death = {
        .signal = WTERMSIG(end->wait_status), .known = true, .agentless = true, .found_ns = end->end_real_ns};
    return qmon__lost_event(record, &death, ret_report);
}

int qmon_report_seen_end(struct qmon_store *store, const struct qmon_config *config, const struct qmon_seen_end *end,
                         unsigned *ret_made) {
    int status = end->wait_status;
    *ret_made = 0;
    bool failed = WIFEXITED(status) && WEXITSTATUS(status) != 0 && config->exit != QMON_WHO_OFF;
    bool crashed = WIFSIGNALED(status) && !qmon__is_stop_signal(WTERMSIG(status));
    if (!failed && !crashed)
        return 0;
    struct qmon_record *record = qmon__blank_record();
    struct qmon__report report;
    if (record == NULL)
        return -ENOMEM;
    fill_record(record, end);
    int error = make_report(record, end, &report);
    if (error == 0) {
        struct qmon__pass pass;
        if (end->why != NULL)
            qmon_event_note(report.event, "The agent was not in it, so there is no trace: it %s.", end->why);
        qmon__pass_borrow(&pass, config, store, qmon_monotonic_ms() + DELIVER_MS);
        error = qmon__process(&pass, &report, NULL) == QMON__KEPT_NOT ? -EIO : 0;
        qmon__pass_close(&pass);
        qmon_event_free(report.event);
        *ret_made = error == 0;
    }
    qmon__free_record(record);
    return error;
}
