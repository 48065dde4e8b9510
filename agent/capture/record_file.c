#include "record_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "agent.h"
#include "mapped.h"
#include "own.h"
#include "record_directory.h"
#include "segment.h"
#include "settings.h"
#include "start_time.h"
#include "text.h"

struct qmon_record qmon__spare_record __attribute__((aligned(4096)));

#define LOCK_TRIES 10000u
#define OCCUPIED_TRIES 200u

static char own_directory[QMON_RECORD_DIRECTORY_BYTES] QMON__HOT; /* that our record is in */
static uint32_t own_directory_uid QMON__HOT;                      /* whose it is */
static uint64_t own_directory_namespace QMON__HOT; /* the first process of another one has its record elsewhere */

static uint32_t effective_uid(void) {
    return (uint32_t) qmon__sys(SYS_geteuid);
}

static void name_record(const char *in_directory, int pid, char *ret_path, size_t bytes) {
    const char *end = ret_path + bytes - 1;
    char *at = qmon__put_text(ret_path, end, in_directory);
    at = qmon__put_text(at, end, "/");
    at = qmon__put_hex(at, end, qmon__agent.pid_namespace, 8);
    at = qmon__put_text(at, end, "-");
    at = qmon__put_decimal(at, end, (uint64_t) pid);
    *at = '\0';
}

/* A file past RLIMIT_FSIZE would cost the host a SIGXFSZ. */
static bool may_make_files(void) {
    struct rlimit limit;
    return qmon__sys_4(SYS_prlimit64, 0, RLIMIT_FSIZE, NULL, &limit) == 0 && limit.rlim_cur >= QMON_RECORD_BYTES;
}

/* While one thread runs here and nobody else's code, the limit may be another for a moment: as far as it is a soft one, or as
 * we have the privilege. */
static bool lift_file_limit(struct rlimit *ret_before) {
    struct rlimit wanted = {RLIM_INFINITY, RLIM_INFINITY};
    if (qmon__sys_4(SYS_prlimit64, 0, RLIMIT_FSIZE, NULL, ret_before) != 0 || ret_before->rlim_cur >= QMON_RECORD_BYTES)
        return false;
    if (ret_before->rlim_max >= QMON_RECORD_BYTES)
        wanted = (struct rlimit){ret_before->rlim_max, ret_before->rlim_max};
    return qmon__sys_4(SYS_prlimit64, 0, RLIMIT_FSIZE, &wanted, NULL) == 0;
}

/* What an existing file of our name is. Unknown: ours or stale; when we began is not to be had while the file is open. */
enum existing { EXISTING_EMPTY, EXISTING_OURS, EXISTING_STALE, EXISTING_OCCUPIED, EXISTING_UNKNOWN };

/* Is it somebody's? After an exec nobody has it mapped, so this process is emulated by one that runs the agent, too; or it was a bare
 * exec, and the receiver of its start is still held by a process of ours in the memory that was left. */
static bool is_occupied(int fd, const char *path) {
    for (unsigned tries = 0; tries < OCCUPIED_TRIES; tries++) {
        if (qmon__sys_2(SYS_flock, fd, LOCK_EX | LOCK_NB) != -EWOULDBLOCK)
            return false;
        qmon__sys(SYS_sched_yield); /* somebody may ask just now whether the owner lives */
    }
    return qmon__is_mapped_here(path);
}

/* `began_ns`: what is known of when this process began; 0: it can be asked. */
static enum existing examine(int fd, const char *path, const struct stat *status, int pid, uint64_t began_ns,
                             uint64_t *ret_created) {
    if (status->st_size == 0)
        return EXISTING_EMPTY;
    struct {
        struct qmon_record_header header;
        uint32_t pid, parent_pid, uid, gid, flags, announced, execs, command_line_bytes;
        uint64_t pid_namespace, created_boot_ns;
    } start;
    _Static_assert(offsetof(struct qmon_record, process.created_boot_ns) == 64 + 32 + 8, "start of the process part");
    *ret_created = 0;
    if (qmon__sys_4(SYS_pread64, fd, &start, sizeof start, 0) != (long) sizeof start)
        return EXISTING_STALE;
    *ret_created = start.created_boot_ns;
    if (start.pid == 0 &&
        start.created_boot_ns == 0) /* not begun: by one that is dead, or by us, interrupted by a signal */
        return qmon__sys_2(SYS_ftruncate, fd, 0) == 0 ? EXISTING_EMPTY : EXISTING_STALE;
    uint32_t state = atomic_load_explicit(&start.header.state, memory_order_relaxed);
    const bool is_record = status->st_size == QMON_RECORD_BYTES && start.header.magic == QMON_RECORD_MAGIC &&
                           start.pid == (uint32_t) pid && start.pid_namespace == qmon__agent.pid_namespace;
    const bool runs = state == QMON_STATE_EXEC || state == QMON_STATE_RUNNING;
    if (is_record && state == QMON_STATE_RUNNING && is_occupied(fd, path))
        return EXISTING_OCCUPIED;
    if (!is_record || start.header.version != QMON_RECORD_VERSION || !runs)
        return EXISTING_STALE;
    if (qmon__existed_at(start.created_boot_ns))
        return EXISTING_OURS;
    const uint64_t own_ns = began_ns != 0 ? began_ns : qmon__own_start_boot_ns();
    if (own_ns <= start.created_boot_ns)
        return EXISTING_OURS;
    return own_ns == UINT64_MAX && began_ns == 0 ? EXISTING_UNKNOWN : EXISTING_STALE;
}

/* Makes room for a new record of the same name: what a dead process left is kept for recovery. */
__attribute__((noinline)) static void move_aside(const char *path, uint64_t created) {
    char aside[QMON_RECORD_DIRECTORY_BYTES + 80];
    const char *end = aside + sizeof aside - 1;
    char *at = qmon__put_text(aside, end, path);
    at = qmon__put_text(at, end, ".");
    at = qmon__put_decimal(at, end, created);
    *at = '\0';
    qmon__sys_4(SYS_renameat, AT_FDCWD, path, AT_FDCWD, aside);
}

/* Opens the file of this name: ours from before an exec, or a new one where one may be made. Returns the descriptor or a negative
 * errno. */
static int open_record(const char *path, int pid, bool make, struct stat *ret_status, bool *ret_adopted) {
    const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (make ? O_CREAT : 0);
    uint64_t began_ns = 0;
    for (int attempt = 0; attempt < 3; attempt++) {
        int fd = (int) qmon__sys_4(SYS_openat, AT_FDCWD, path, flags, 0600);
        if (fd < 0)
            return fd;
        uint64_t created = 0;
        long error = qmon__sys_4(SYS_newfstatat, fd, "", ret_status, AT_EMPTY_PATH);
        enum existing existing = error == 0 ? examine(fd, path, ret_status, pid, began_ns, &created) : EXISTING_STALE;
        if (existing == EXISTING_OURS || (make && existing == EXISTING_EMPTY)) {
            *ret_adopted = existing == EXISTING_OURS;
            return fd;
        }
        qmon__sys_1(SYS_close, fd);
        if (existing == EXISTING_OCCUPIED)
            return -EBUSY;
        if (existing == EXISTING_UNKNOWN)
            began_ns = qmon__own_start_boot_ns(); /* there may be room for one descriptor only */
        else
            move_aside(path, created);
    }
    return -EEXIST;
}

/* Makes the first page, which is all that most processes need, and begins the header there. The kernel is asked for the page
 * (Linux 5.14), or it is written through the file: a full file system answers a store through the mapping with SIGBUS. */
static bool begin_page(struct qmon_record *record, int fd, const struct qmon_record_header *header) {
    const long made = qmon__sys_3(SYS_madvise, record, qmon__agent.page_bytes, QMON__POPULATE_WRITE);
    if (made != 0)
        return made == -EINVAL && qmon__sys_4(SYS_pwrite64, fd, header, sizeof *header, 0) == (long) sizeof *header;
    record->header.magic = header->magic;
    record->header.version = header->version;
    record->header.bytes = header->bytes;
    return true;
}

/* Maps the file, after making it as large as a record. */
static struct qmon_record *map_record(int fd, bool fresh) {
    const struct qmon_record_header header = {
        .magic = QMON_RECORD_MAGIC, .version = QMON_RECORD_VERSION, .bytes = QMON_RECORD_BYTES};
    if (fresh && qmon__sys_2(SYS_ftruncate, fd, QMON_RECORD_BYTES) != 0)
        return NULL;
    long address = qmon__sys_6(SYS_mmap, 0, QMON_RECORD_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (address < 0 && address > -4096)
        return NULL;
    if (fresh && !begin_page((struct qmon_record *) address, fd, &header)) {
        qmon__sys_2(SYS_munmap, address, QMON_RECORD_BYTES);
        return NULL;
    }
    if (!fresh)
        qmon__make_pages((void *) address, qmon__agent.page_bytes);
    for (unsigned tries = 0; tries < LOCK_TRIES && qmon__sys_2(SYS_flock, fd, LOCK_SH | LOCK_NB) == -EWOULDBLOCK;
         tries++)
        qmon__sys(SYS_sched_yield); /* somebody asks just now whether the owner lives */
    qmon__sys_3(SYS_madvise, address, QMON_RECORD_BYTES, MADV_DONTFORK);
    return (struct qmon_record *) address;
}

void qmon__record_use_spare(void) {
    qmon__record_unlink();
    memset(&qmon__spare_record, 0, sizeof qmon__spare_record);
    qmon__spare_record.header.magic = QMON_RECORD_MAGIC;
    qmon__spare_record.header.version = QMON_RECORD_VERSION;
    qmon__spare_record.header.bytes = QMON_RECORD_BYTES;
    qmon__agent.record = &qmon__spare_record;
    qmon__agent.record_path[0] = '\0';
}

static bool occupied QMON__HOT; /* the record that was looked for last */

/* Writes the path, QMON_RECORD_PATH_BYTES. Returns a mapping; NULL where none is to be had. */
static struct qmon_record *open_in(const char *in_directory, int pid, bool make, char *ret_path,
                                   struct stat *ret_status, bool *ret_adopted) {
    if (strlen(in_directory) + 40 > QMON_RECORD_PATH_BYTES)
        return NULL;
    name_record(in_directory, pid, ret_path, QMON_RECORD_PATH_BYTES);
    const int fd = open_record(ret_path, pid, make, ret_status, ret_adopted);
    occupied = fd == -EBUSY;
    if (fd < 0)
        return NULL;
    struct qmon_record *const record = map_record(fd, !*ret_adopted);
    qmon__sys_1(SYS_close, fd);
    if (record == NULL)
        qmon__sys_3(SYS_unlinkat, AT_FDCWD, ret_path, 0);
    return record;
}

/* The path is made where it is to stand: the child of a fork is given a copy of each page of its stack that is used. */
static bool acquire_in(const char *in_directory, int pid, bool make, bool *ret_adopted) {
    struct stat status;
    struct qmon_record *const record = open_in(in_directory, pid, make, qmon__agent.record_path, &status, ret_adopted);
    if (record == NULL)
        return false;
    qmon__agent.record = record;
    qmon__agent.record_device = status.st_dev;
    qmon__agent.record_inode = status.st_ino;
    return true;
}

/* Where the process that forked us has its record. */
static bool acquire_beside_parent(int pid, bool make, bool *ret_adopted) {
    return own_directory[0] != '\0' && own_directory_uid == qmon__own_life.uid &&
           own_directory_namespace == qmon__agent.pid_namespace &&
           qmon__is_own_directory(own_directory, own_directory_uid) &&
           acquire_in(own_directory, pid, make, ret_adopted);
}

__attribute__((noinline)) static bool acquire_by_choice(unsigned choice, int pid, bool make, bool *ret_adopted) {
    char in_directory[QMON_RECORD_DIRECTORY_BYTES];
    const uint32_t uid = qmon__own_life.uid;
    if (occupied || !qmon__usable_directory(choice, uid, in_directory) ||
        !acquire_in(in_directory, pid, make, ret_adopted))
        return false;
    qmon__copy_text(own_directory, sizeof own_directory, in_directory);
    own_directory_uid = uid;
    own_directory_namespace = qmon__agent.pid_namespace;
    return true;
}

bool qmon__record_make_guest(int pid, struct qmon__record_place *ret_place) {
    bool adopted = false;
    struct stat status;
    ret_place->record = NULL;
    if (own_directory[0] != '\0' && may_make_files())
        ret_place->record = open_in(own_directory, pid, true, ret_place->path, &status, &adopted);
    if (ret_place->record == NULL)
        return false;
    ret_place->device = status.st_dev;
    ret_place->inode = status.st_ino;
    return true;
}

void qmon__record_leave_guest(struct qmon__record_place *place) {
    qmon__sys_2(SYS_munmap, place->record, QMON_RECORD_BYTES);
    place->record = NULL;
}

static bool acquire_file(int pid, bool *ret_adopted) {
    struct rlimit before;
    const bool allowed = may_make_files();
    const bool lifted = !allowed && lift_file_limit(&before);
    occupied = false;
    const bool make =
        allowed || (lifted && may_make_files()); /* if not, there may be one from before the limit and an exec */
    const bool acquired = acquire_beside_parent(pid, make, ret_adopted) ||
                          acquire_by_choice(0, pid, make, ret_adopted) || acquire_by_choice(1, pid, make, ret_adopted);
    if (lifted)
        qmon__sys_4(SYS_prlimit64, 0, RLIMIT_FSIZE, &before, NULL);
    return acquired;
}

/* Where a file is not to be had; relatives may have one. */
static bool acquire_segment(int pid, bool *ret_adopted) {
    qmon__agent.record_path[0] = '\0';
    if (may_make_files() || !qmon__segment_acquire(pid, ret_adopted))
        return false;
    own_directory_uid = qmon__own_life.uid;
    if (!qmon__usable_directory(0, own_directory_uid, own_directory))
        own_directory[0] = '\0';
    return true;
}

bool qmon__record_is_occupied(void) {
    return occupied;
}

enum qmon__record_outcome qmon__record_acquire(int pid) {
    bool adopted = false;
    qmon__agent.record_segment = 0; /* a parent's */
    if (acquire_file(pid, &adopted) || (!occupied && acquire_segment(pid, &adopted)))
        return adopted ? QMON__RECORD_ADOPTED : QMON__RECORD_NEW;
    if (occupied)
        qmon__agent.record_path[0] = '\0'; /* not to be removed */
    qmon__record_use_spare();
    return QMON__RECORD_SPARE;
}

bool qmon__record_new_path(int pid, char *ret_path) {
    char in_directory[QMON_RECORD_DIRECTORY_BYTES];
    const uint32_t uid = effective_uid();
    if (!may_make_files() ||
        (!qmon__usable_directory(0, uid, in_directory) && !qmon__usable_directory(1, uid, in_directory)))
        return false;
    name_record(in_directory, pid, ret_path, QMON_RECORD_PATH_BYTES);
    return true;
}

bool qmon__record_path(int pid, char *ret_path) {
    if (pid <= 0 || own_directory[0] == '\0')
        return false;
    name_record(own_directory, pid, ret_path, QMON_RECORD_PATH_BYTES); /* a relative's is where ours is */
    return true;
}

bool qmon__record_is_of_other_user(uint32_t *ret_uid) {
    *ret_uid = effective_uid();
    return own_directory[0] != '\0' && *ret_uid != own_directory_uid;
}

bool qmon__record_is_in_reach(void) {
    if (qmon__agent.record_path[0] == '\0')
        return true; /* nor is it in anybody else's */
    const int fd = (int) qmon__sys_4(SYS_openat, AT_FDCWD, qmon__agent.record_path, O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0);
    if (fd >= 0)
        qmon__sys_1(SYS_close, fd);
    return fd >= 0;
}

/* If there is a file, the receiver was another user's than made that, or in another root, and has a store elsewhere: who can reach
 * the file keeps the event where its maker looks for it, without a second alert. */
void qmon__record_told_by_copy(struct qmon_record *record) {
    if (qmon__agent.record_path[0] == '\0')
        atomic_store_explicit(&record->header.state, QMON_STATE_DONE, memory_order_release);
    else
        record->whereabouts.elsewhere = QMON_ELSEWHERE_TOLD;
}

void qmon__record_path_of_user(unsigned choice, uint32_t uid, int pid, char *ret_path) {
    char in_directory[QMON_RECORD_DIRECTORY_BYTES];
    qmon__record_directory(choice, uid, in_directory);
    name_record(in_directory, pid, ret_path, QMON_RECORD_PATH_BYTES);
}

struct start {
    struct qmon_record_header header;
    struct qmon_record_process process;
};
_Static_assert(sizeof(struct start) == offsetof(struct qmon_record, end), "a record begins so");

static bool read_start(int pid, bool live, struct start *ret_start) {
    char path[QMON_RECORD_PATH_BYTES];
    if (!qmon__record_path(pid, path))
        return false;
    const int fd = (int) qmon__sys_4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
    if (fd < 0)
        return !may_make_files() && qmon__segment_read(pid, live, ret_start, sizeof *ret_start);
    /* The owner of a live record holds a shared lock through its mapping. */
    const bool found = (!live || qmon__sys_2(SYS_flock, fd, LOCK_EX | LOCK_NB) == -EWOULDBLOCK) &&
                       qmon__sys_3(SYS_read, fd, ret_start, sizeof *ret_start) == (long) sizeof *ret_start;
    qmon__sys_1(SYS_close, fd);
    return found;
}

static bool read_record(int pid, bool live, struct qmon__relative *ret_relative) {
    struct start start;
    if (!read_start(pid, live, &start))
        return false;
    *ret_relative = (struct qmon__relative){
        .state = atomic_load_explicit(&start.header.state, memory_order_relaxed),
        .successor = start.header.successor,
        .is_subreaper = start.header.is_subreaper,
        .host_parent_known = start.process.host_parent_known,
        .root_pid = start.process.root_pid,
        .root_created_boot_ns = start.process.root_created_boot_ns,
        .handled_signals = atomic_load_explicit(&start.process.handled_signals, memory_order_relaxed),
        .process_flags = start.process.flags};
    return true;
}

bool qmon__record_awaits_successor(int pid) {
    struct qmon__relative relative;
    return read_record(pid, false, &relative) && relative.state == QMON_STATE_STOPPED && relative.successor == 0;
}

bool qmon__record_of_process(int pid, struct qmon__relative *ret_relative) {
    return read_record(pid, false, ret_relative);
}

bool qmon__record_of_live_process(int pid, struct qmon__relative *ret_relative) {
    return read_record(pid, true, ret_relative);
}

void qmon__record_unlink(void) {
    qmon__segment_remove();
    if (qmon__agent.record_path[0] != '\0')
        qmon__sys_3(SYS_unlinkat, AT_FDCWD, qmon__agent.record_path, 0);
}
