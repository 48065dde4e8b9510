#include "segment.h"

#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include <qmon/paths.h>

#include "agent.h"
#include "deadly.h"
#include "settings.h"
#include "start_time.h"

static int key_of(int pid, unsigned attempt) {
    return qmon_segment_key(qmon__settings.state_dir, qmon__agent.pid_namespace, (uint32_t) pid, attempt);
}

static struct qmon_record *attach(long id, int flags) {
    const long address = qmon__sys_3(SYS_shmat, id, NULL, flags);
    return address < 0 && address > -4096 ? NULL : (struct qmon_record *) address;
}

static bool is_record_of(const struct qmon_record *record, int pid) {
    return record->header.magic == QMON_RECORD_MAGIC && record->header.version == QMON_RECORD_VERSION &&
           record->process.pid == (uint32_t) pid && record->process.pid_namespace == qmon__agent.pid_namespace;
}

/* From before an exec. */
static bool is_ours(const struct qmon_record *record, int pid) {
    const uint32_t state = atomic_load_explicit(&record->header.state, memory_order_relaxed);
    return is_record_of(record, pid) && (state == QMON_STATE_EXEC || state == QMON_STATE_RUNNING) &&
           qmon__own_start_boot_ns() <= record->process.created_boot_ns;
}

/* The segment of this key: a new one, or ours. NULL: it is somebody else's. */
static struct qmon_record *acquire(int key, int pid, long *ret_id, bool *ret_adopted) {
    struct qmon_record *record;
    *ret_adopted = false;
    *ret_id = qmon__sys_3(SYS_shmget, key, QMON_RECORD_BYTES, IPC_CREAT | IPC_EXCL | 0600);
    if (*ret_id >= 0) {
        record = attach(*ret_id, 0);
        if (record == NULL)
            qmon__sys_3(SYS_shmctl, *ret_id, IPC_RMID, NULL);
        return record;
    }
    *ret_id = *ret_id == -EEXIST ? qmon__sys_3(SYS_shmget, key, QMON_RECORD_BYTES, 0600) : -1;
    record = *ret_id >= 0 ? attach(*ret_id, 0) : NULL;
    if (record == NULL)
        return NULL;
    *ret_adopted = is_ours(record, pid);
    if (!*ret_adopted)
        qmon__sys_1(SYS_shmdt, record);
    return *ret_adopted ? record : NULL;
}

bool qmon__segment_acquire(int pid, bool *ret_adopted) {
    struct qmon_record *record = NULL;
    long id = -1;
    if (qmon__call_is_deadly(SYS_shmget))
        return false;
    for (unsigned attempt = 0; attempt < QMON_SEGMENT_ATTEMPTS && record == NULL; attempt++)
        record = acquire(key_of(pid, attempt), pid, &id, ret_adopted);
    if (record == NULL)
        return false;
    qmon__sys_3(SYS_madvise, record, QMON_RECORD_BYTES, MADV_DONTFORK);
    if (!*ret_adopted) {
        record->header.version = QMON_RECORD_VERSION;
        record->header.bytes = QMON_RECORD_BYTES;
        record->header.magic = QMON_RECORD_MAGIC;
    }
    qmon__agent.record = record;
    qmon__agent.record_segment = (int) id + 1;
    return true;
}

void qmon__segment_remove(void) {
    if (qmon__agent.record_segment != 0)
        qmon__sys_3(SYS_shmctl, qmon__agent.record_segment - 1, IPC_RMID, NULL);
    qmon__agent.record_segment = 0;
}

bool qmon__segment_read(int pid, bool live, void *ret_start, size_t bytes) {
    bool found = false;
    if (qmon__call_is_deadly(SYS_shmget))
        return false;
    for (unsigned attempt = 0; attempt < QMON_SEGMENT_ATTEMPTS && !found; attempt++) {
        struct shmid_ds status;
        const long id = qmon__sys_3(SYS_shmget, key_of(pid, attempt), QMON_RECORD_BYTES, 0600);
        if (id < 0 || qmon__sys_3(SYS_shmctl, id, IPC_STAT, &status) != 0)
            continue;
        const struct qmon_record *const record = attach(id, SHM_RDONLY);
        if (record == NULL)
            continue;
        found = (!live || status.shm_nattch > 0) && is_record_of(record, pid);
        if (found)
            memcpy(ret_start, record, bytes);
        qmon__sys_1(SYS_shmdt, record);
    }
    return found;
}
