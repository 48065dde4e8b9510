/* sender.c: see sender.h. The kernel gives a signal its sender's pid and no more. */
#include "sender.h"

#include <stdio.h>
#include <string.h>

#include <qmon/text.h>

#include "procfs.h"

#define PATH_BYTES 4096
#define COMM_BYTES 64
#define DELETED " (deleted)"

/* What a program calls itself may be anything. */
static void make_plain(char *text) {
    for (; *text != '\0'; text++)
        if ((unsigned char) *text < ' ' || *text == '\x7f')
            *text = '?';
}

static bool is_another(uint32_t pid, uint64_t sent_boot_ns) {
    struct qmon__proc_stat stat;
    if (qmon__proc_stat(pid, &stat) < 0)
        return true;
    return sent_boot_ns != 0 && stat.start_ticks * qmon__tick_ns() > sent_boot_ns;
}

bool qmon__sender_name(const struct qmon_record *record, uint32_t pid, uint64_t sent_boot_ns, char *ret_name,
                       size_t bytes) {
    char comm[COMM_BYTES], path[PATH_BYTES] = "";
    if (pid == 0 || !qmon__proc_is_ours() || record->process.pid_namespace != qmon__proc_namespace(0, "pid") ||
        is_another(pid, sent_boot_ns) || qmon__proc_read(pid, "comm", comm, sizeof comm) <= 0)
        return false;
    comm[strcspn(comm, "\n")] = '\0';
    if (qmon__proc_link(pid, "exe", path, sizeof path) > 0) {
        char *deleted = strstr(path, DELETED);
        if (deleted != NULL && deleted[sizeof DELETED - 1] == '\0')
            *deleted = '\0';
    }
    const char *file = qmon_base_name(path);
    if (*file == '\0')
        snprintf(ret_name, bytes, "%s", comm);
    else if (strncmp(file, comm, strlen(comm)) == 0) /* the kernel keeps 15 characters of it */
        snprintf(ret_name, bytes, "%s", file);
    else
        snprintf(ret_name, bytes, "%s (%s)", comm, file);
    make_plain(ret_name);
    return *ret_name != '\0';
}
