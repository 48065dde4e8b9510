/*
 * paths.h: where the agent puts a process's record and where the receiver looks for those left behind. Inline, because
 * both halves need the same answer and share no code.
 *
 * A record lives in /dev/shm where its process is in the initial pid namespace (7 us to make, against 12 to 50 on a disk's
 * file system; lost only with the whole machine), and in STATE_DIR/records in any other namespace, because a container's
 * /dev/shm goes with the container while the state directory may be a volume that stays. Each is the other's fallback.
 */
#ifndef QMON_PATHS_H
#define QMON_PATHS_H

#include <stddef.h>
#include <stdint.h>

/* Inode of the initial pid namespace: PROC_PID_INIT_INO of include/linux/proc_ns.h, part of the kernel's ABI. */
#define QMON_INITIAL_PID_NAMESPACE 0xEFFFFFFCull

#define QMON_RECORD_DIRECTORY_BYTES 600u

static inline char *qmon__put_text(char *at, const char *end, const char *text) {
    while (*text != '\0' && at < end)
        *at++ = *text++;
    return at;
}

static inline char *qmon__put_hex(char *at, const char *end, uint64_t value, unsigned digits) {
    for (unsigned shift = digits * 4; shift > 0 && at < end; shift -= 4)
        *at++ = "0123456789abcdef"[(value >> (shift - 4)) & 15];
    return at;
}

static inline char *qmon__put_decimal(char *at, const char *end, uint64_t value) {
    char digits[20];
    unsigned count = 0;
    do
        digits[count++] = (char) ('0' + value % 10);
    while ((value /= 10) != 0);
    while (count > 0 && at < end)
        *at++ = digits[--count];
    return at;
}

/* /dev/shm/qmon-UID-HASH; HASH is FNV-1a of the wanted state directory's path (as configured or by default, made
 * absolute, no trailing slash), so that two state directories never share records. SIGNAL SAFETY: async-signal-safe. */
static inline void qmon_record_directory_shm(uint32_t uid, const char *state_dir, char *ret_path, size_t bytes) {
    uint64_t hash = 0xcbf29ce484222325ull;
    for (const char *c = state_dir; *c != '\0'; c++)
        hash = (hash ^ (unsigned char) *c) * 0x100000001b3ull;
    const char *end = ret_path + bytes - 1;
    char *at = qmon__put_text(ret_path, end, "/dev/shm/qmon-");
    at = qmon__put_decimal(at, end, uid);
    at = qmon__put_text(at, end, "-");
    at = qmon__put_hex(at, end, hash, 16);
    *at = '\0';
}

/* The key of the System V segment that is the record of a process which may make no file; another attempt where that one is taken.
 * SIGNAL SAFETY: async-signal-safe. */
#define QMON_SEGMENT_ATTEMPTS 4u
static inline int32_t qmon_segment_key(const char *state_dir, uint64_t pid_namespace, uint32_t pid, unsigned attempt) {
    const uint64_t parts[3] = {pid_namespace, pid, attempt};
    uint64_t hash = 0xcbf29ce484222325ull;
    for (const char *c = state_dir; *c != '\0'; c++)
        hash = (hash ^ (unsigned char) *c) * 0x100000001b3ull;
    for (unsigned i = 0; i < 24; i++)
        hash = (hash ^ (unsigned char) (parts[i / 8] >> (i % 8 * 8))) * 0x100000001b3ull;
    return (int32_t) ((hash ^ hash >> 32) & 0x7fffffffu) | 1; /* 0 is a key that is no key */
}

/* STATE_DIR/records */
static inline void qmon_record_directory_disk(const char *state_dir, char *ret_path, size_t bytes) {
    const char *end = ret_path + bytes - 1;
    char *at = qmon__put_text(ret_path, end, state_dir);
    at = qmon__put_text(at, end, "/records");
    *at = '\0';
}

/* The default state directory, where QMON_STATE_DIR says nothing: /var/lib/qmon for root, else $XDG_STATE_HOME/qmon,
 * $HOME/.local/state/qmon, /tmp/qmon-UID. Values may be NULL or empty. */
static inline void qmon_default_state_dir(uint32_t uid, const char *xdg_state_home, const char *home, char *ret_path,
                                          size_t bytes) {
    const char *end = ret_path + bytes - 1;
    char *at = ret_path;
    if (uid == 0) {
        at = qmon__put_text(at, end, "/var/lib/qmon");
    } else if (xdg_state_home != NULL && xdg_state_home[0] == '/') {
        at = qmon__put_text(at, end, xdg_state_home);
        at = qmon__put_text(at, end, "/qmon");
    } else if (home != NULL && home[0] == '/') {
        at = qmon__put_text(at, end, home);
        at = qmon__put_text(at, end, "/.local/state/qmon");
    } else {
        at = qmon__put_text(at, end, "/tmp/qmon-");
        at = qmon__put_decimal(at, end, uid);
    }
    *at = '\0';
}

#endif
