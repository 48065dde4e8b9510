/*
 * The record ("black box"): one shared mapping per monitored process.
 *
 * The agent (libqmon.so) is the only writer of everything but `header.state`, `header.found_real_ns`, `header.successor`, `process.announced`,
 * the ring's own words and its slots' sequence numbers, which the receiver writes too, of `process.flags` of a daemon
 * that takes its dead root's place, and of `end` and `header.killer`, which the agents of other processes write. A record outlives its process however that process dies, which is how a
 * SIGKILL is reported. Whoever reads one treats every byte as untrusted: counts and offsets are checked against the
 * fixed bounds below, strings need not be terminated.
 *
 * PLACE. DIRECTORY/NAMESPACE-PID, NAMESPACE the inode of the pid namespace in hex and PID in decimal; a record whose name
 * a new process of the same pid needs is renamed NAMESPACE-PID.CREATED first. Directories: paths.h.
 *
 * LOCKS. Liveness is flock(); whoever processes a record holds an OFD write lock (F_OFD_SETLK) on its byte 0 meanwhile.
 *
 * LIVENESS. The owner keeps a shared flock() on the record's file through the mapping alone (no descriptor stays open):
 * the lock goes when the mapping does, that is when the process dies or execs. Process P of the same pid namespace owns
 * a record iff P's start time is not later than `process.created_boot_ns`.
 *
 * STATES  EMPTY -> RUNNING -> (EXEC -> RUNNING)* -> STOPPED | CRASHING -> SEALED ; any -> DONE by the receiver once all
 * it holds is durable elsewhere.  RUNNING, EXEC and CRASHING on a dead process mean an unclean death.
 *
 * All integers are in host byte order: a record never leaves its machine. Times: *_boot_ns is CLOCK_BOOTTIME,
 * *_real_ns is CLOCK_REALTIME since the epoch.
 */
#ifndef QMON_RECORD_H
#define QMON_RECORD_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <qmon/registers.h>

#define QMON_RECORD_MAGIC 0x314e4d51u /* "QMN1" in memory */
#define QMON_RECORD_VERSION 1u
#define QMON_RECORD_BYTES (256u * 1024u)

#define QMON_PATH_BYTES 512u
#define QMON_COMMAND_LINE_BYTES 2048u
#define QMON_BOOT_ID_BYTES 40u
#define QMON_THREAD_NAME_BYTES 16u
#define QMON_CRASH_FRAMES_HALF 256u /* innermost kept, and outermost kept */
#define QMON_CRASH_FRAMES (2u * QMON_CRASH_FRAMES_HALF)
#define QMON_CRASH_REGISTERS 34u
#define QMON_CRASH_STACK_BYTES 1024u
#define QMON_CRASH_CODE_BYTES 64u
#define QMON_BUILD_ID_BYTES 20u
#define QMON_RECORD_MODULES 512u
#define QMON_MODULE_PATHS_BYTES (36u * 1024u)
#define QMON_CRUMBS 64u
#define QMON_CRUMB_TEXT_BYTES 112u
#define QMON_RING_SLOTS 64u
#define QMON_RING_FRAMES 64u
#define QMON_RING_TEXT_BYTES 1480u
#define QMON_RECORD_THREADS 96u
#define QMON_THROWN_FRAMES 32u
#define QMON_RECORD_THREADS_FRAMES 3328u /* of all of them together */
#define QMON_RECORD_THREAD_FRAMES 128u   /* of one */

enum qmon_record_state {
    QMON_STATE_EMPTY = 0, /* being made */
    QMON_STATE_RUNNING = 1,
    QMON_STATE_EXEC = 2,     /* execve under way, or the new image runs without the agent */
    QMON_STATE_CRASHING = 3, /* the crash slot is claimed; `crash.stage` says how far it got */
    QMON_STATE_SEALED = 4,   /* the crash slot is complete */
    QMON_STATE_STOPPED = 5,  /* ended through exit or a stop signal; `end` is filled */
    QMON_STATE_DONE = 6,     /* everything in here is durable elsewhere */
};

/* The exit status of a receiver of a crash that was told that it may ask, and is refused a look into the process: nothing is done yet,
 * another is to be started when the process has kept its other threads itself (EX_TEMPFAIL). */
#define QMON_RECEIVER_ASKS 75

enum qmon_killer_relation {
    QMON_KILLER_OTHER = 0,
    QMON_KILLER_KIN = 1, /* of the same tree */
};

/* A monitored process that sent the owner SIGKILL, as it says itself; the owner cannot know. */
struct qmon_record_killer {
    uint32_t pid;      /* 0: nobody has */
    uint32_t relation; /* enum qmon_killer_relation */
    uint64_t real_ns;
    char name[16]; /* its program's, without the directory */
};

struct qmon_record_header {
    uint32_t magic;
    uint32_t version;
    uint32_t bytes;         /* QMON_RECORD_BYTES */
    _Atomic uint32_t state; /* enum qmon_record_state */
    uint64_t found_real_ns; /* written by a receiver that found the owner dead, once; 0 not yet */
    uint32_t is_subreaper;  /* 1: orphans of the owner's descendants become its children */
    uint32_t successor;     /* of a root that has ended, written by a receiver: who goes on in its place; 0 undecided */
    struct qmon_record_killer killer;
};

/*
 * Whether the receiver of a start (or exec) sees to the end, too, should that come soon. The process says COMING before it has
 * that receiver made, the receiver LEAVING when it has told the start. Each then looks at what the other says: a process that
 * ends sets the state STOPPED first and reads this word, the receiver sets this word first and reads the state. So an end
 * is seen by the receiver, or a leaving receiver by the process, which has another made then; where both happen, the lock and
 * `process.announced` make one event of it.
 */
enum qmon_attendance {
    QMON_ATTENDANCE_NONE = 0,
    QMON_ATTENDANCE_COMING = 1,
    QMON_ATTENDANCE_LEAVING = 2,
};

/* process.flags */
#define QMON_PROCESS_ROOT 0x1u      /* first of its tree: lifecycle and exit events come from it */
#define QMON_PROCESS_INIT 0x2u      /* PID 1 of its namespace: it must not end before its alert is out */
#define QMON_PROCESS_CONTAINED 0x4u /* its pid namespace is not the initial one */
#define QMON_PROCESS_COMMAND_TRUNCATED 0x8u
#define QMON_PROCESS_FORKED 0x10u         /* made by fork without exec: executable and command are the parent's */
#define QMON_PROCESS_TELL_LIFECYCLE 0x20u /* start and stop of this process are to be told (QMON_LIFECYCLE) */
#define QMON_PROCESS_TELL_EXIT 0x40u      /* so is its non-zero exit (QMON_EXIT) */
#define QMON_PROCESS_ENDS_RAW 0x100u      /* its runtime ends it by a bare exit_group: without a trace may be well */
#define QMON_PROCESS_UNSTARTED 0x80u /* made for a child before its image runs the agent: no report if it never does */

/* process.announced */
#define QMON_ANNOUNCED_START 0x1u
#define QMON_ANNOUNCED_STOP 0x2u
#define QMON_ANNOUNCED_END 0x4u /* the crash or exit event is in the store */
#define QMON_ANNOUNCED_ASKED                                                                                           \
    0x8u /* a cache was asked about that event; without END, its answer was lost with the receiver */
#define QMON_ANNOUNCED_TOLD                                                                                            \
    0x10u /* its alert went out, but the store could not take it: to be saved without alerting */

struct qmon_record_process {
    uint32_t pid; /* as the process itself sees it */
    uint32_t parent_pid;
    uint32_t uid;
    uint32_t gid;
    uint32_t flags;
    _Atomic uint32_t announced; /* written by the receiver: what has been made durable */
    uint32_t execs;             /* images this process has run since its start was recorded */
    uint32_t command_line_bytes;
    uint64_t pid_namespace; /* inode of /proc/self/ns/pid; 0 unknown */
    uint64_t created_boot_ns;
    uint64_t created_real_ns;
    uint64_t image_real_ns;     /* when the present image started (equals created_real_ns before the first exec) */
    uint32_t root_pid;          /* the root of this process's tree as far as fork tells, itself for a root; 0 unknown */
    uint32_t host_parent_known; /* 1: the parent was monitored too */
    uint64_t root_created_boot_ns; /* that root's process.created_boot_ns */
    uint32_t session;   /* of a root: getsid(0) early in its life, as the receiver of its start saw it; of others: that
                             * which a setsid() of its own or of a relative above it, up to the root, gave it; 0 unknown */
    uint32_t oom_kills; /* of its control group at that time, and 1; 0 unknown */
    uint64_t control_group;           /* inode of that group's directory; 0 unknown */
    char boot_id[QMON_BOOT_ID_BYTES]; /* empty where the record's file system does not survive a reboot anyway */
    char executable[QMON_PATH_BYTES];
    char working_directory[QMON_PATH_BYTES];
    char library[QMON_PATH_BYTES];              /* libqmon.so as loaded */
    char command_line[QMON_COMMAND_LINE_BYTES]; /* NUL-separated */
    _Atomic uint32_t attendance;                /* enum qmon_attendance */
    char note[108];                   /* what the agent could not do here, for the diagnostics; empty if nothing */
    _Atomic uint64_t handled_signals; /* bit N - 1: the program does not leave signal N its default action */
    /* Bit N - 1: a child that was waited for had ended by signal N, or with status 128 + N, as shells and their like do for theirs. */
#define QMON_CHILD_SIGNALS 32
    _Atomic uint32_t child_signals;
    _Atomic uint32_t child_signals_told; /* those of them that such a child tells itself, by its record */
};

enum qmon_end_how {
    QMON_END_NONE = 0,
    QMON_END_EXIT = 1,   /* exit, return from main, _exit, quick_exit: `status` */
    QMON_END_SIGNAL = 2, /* a signal whose default action ends the process: `signal` */
};

struct qmon_record_end {
    uint32_t how; /* enum qmon_end_how */
    int32_t status;
    int32_t signal;
    int32_t signal_code;
    uint32_t sender_pid;
    uint32_t sender_uid;
    uint64_t real_ns;
    uint64_t boot_ns;
    /* What a monitored parent got from its wait call for a process that could not say how it ended. */
    uint32_t seen_by_parent; /* 1: wait_status is valid */
    int32_t wait_status;
};

/* Of a process that is another user now than when this record was made, or in another root. Written by the owner. */
struct qmon_record_whereabouts {
    uint32_t
        moved_to; /* user id, and 1: the program that it becomes by an exec goes on in a record of that user's; 0 no */
    uint32_t elsewhere; /* 0, or one of these: */
};

#define QMON_ELSEWHERE_TOLD 1u /* by a receiver that could not reach this file, and kept it in another store */
#define QMON_ELSEWHERE_UNSEEN                                                                                          \
    2u /* it goes on in a record that only its own root or mounts show: who waits for it knows no other */

/* How far the fatal path got, in its order. */
enum qmon_crash_stage {
    QMON_STAGE_NONE = 0,
    QMON_STAGE_CLAIMED = 1,
    QMON_STAGE_SIGNAL = 2, /* signal, registers, who */
    QMON_STAGE_MODULES = 3,
    QMON_STAGE_STACK = 4,
    QMON_STAGE_CAUSE = 5,
    QMON_STAGE_SEALED = 6,
};

enum qmon_crash_origin {
    QMON_ORIGIN_SIGNAL = 0,    /* a signal with its default action */
    QMON_ORIGIN_ABORT = 1,     /* abort() */
    QMON_ORIGIN_ASSERT = 2,    /* __assert_fail and relatives */
    QMON_ORIGIN_HANDLER = 3,   /* the program's own handler for the fault gave up: exit, abort or re-raise in it */
    QMON_ORIGIN_TERMINATE = 4, /* an exception that nobody caught */
    QMON_ORIGIN_SANITIZER = 5, /* a sanitizer's runtime ends the process: signal 0, its summary in abort_message */
    /* No crash, and the stage stays 0: a panic of Rust's unwound the main thread, which ends the process by QMON_PANIC_STATUS. tid, frames
     * and exception_message tell of it; `thrown` and abort_message of the one in another thread that it was the answer to. */
    QMON_ORIGIN_PANIC = 6,
};

#define QMON_PANIC_STATUS 101

enum qmon_unwind_end {
    QMON_UNWIND_NONE = 0,
    QMON_UNWIND_COMPLETE = 1, /* reached the outermost frame */
    QMON_UNWIND_BROKEN = 2,   /* no further frame could be found */
    QMON_UNWIND_FAULT = 3,    /* the unwinder itself faulted; what it had is kept */
    QMON_UNWIND_DEADLINE = 4,
    QMON_UNWIND_LIMIT = 5, /* too deep to walk to the end */
};

/* crash.frame_flags[i] */
#define QMON_FRAME_EXACT 0x1u  /* pc is an instruction that was executing, not a return address: do not subtract 1 */
#define QMON_FRAME_GUESS 0x2u  /* found by frame pointer or stack scan */
#define QMON_FRAME_SIGNAL 0x4u /* the trampoline of a signal handler */

struct qmon_record_crash {
    _Atomic uint32_t claimed_by; /* thread id; 0 = free */
    _Atomic uint32_t stage;      /* enum qmon_crash_stage */
    uint32_t origin;             /* enum qmon_crash_origin */
    int32_t signal;
    int32_t code;
    int32_t error_number; /* errno as it was; 0 in a fault is common */
    uint32_t sender_pid;
    uint32_t sender_uid;
    uint32_t tid;
    uint32_t unwind_end; /* enum qmon_unwind_end */
    uint64_t address;    /* si_addr for faults; si_call_addr for SIGSYS */
    uint64_t real_ns;
    uint64_t boot_ns;
    uint32_t signal_detail; /* SIGSYS: system call number; SIGFPE, SIGBUS..: 0 */
    uint32_t register_count;
    uint64_t registers[QMON_CRASH_REGISTERS]; /* order: registers.h */
    uint64_t stack_low, stack_high;           /* the crashing thread's stack, 0 unknown; guard page excluded */
    uint64_t stack_start;                     /* address of stack_bytes[0] */
    uint32_t stack_byte_count;
    uint32_t code_byte_count;
    uint64_t code_start;
    uint32_t frame_count_inner; /* frames[0 .. inner) */
    uint32_t frame_count_outer; /* frames[HALF .. HALF+outer), innermost of them first; only when deeper than 512 */
    uint64_t frames_between;    /* how many lie between inner and outer and are not kept */
    uint64_t frames[QMON_CRASH_FRAMES];
    uint8_t frame_flags[QMON_CRASH_FRAMES];
    char thread_name[QMON_THREAD_NAME_BYTES];
    char abort_message[1024]; /* glibc's own words: assertion, malloc corruption, fortify, stack smashing */
    char assertion[512];
    char assertion_file[256];
    char assertion_function[256];
    uint32_t assertion_line;
    uint32_t exit_status;     /* QMON_ORIGIN_HANDLER: the status the handler exited with, if it did */
    char exception_type[512]; /* mangled, as in std::type_info */
    char exception_message[1024];
    uint8_t stack_bytes[QMON_CRASH_STACK_BYTES];
    uint8_t code_bytes[QMON_CRASH_CODE_BYTES];
};

struct qmon_record_module {
    uint64_t start, end;  /* of this executable mapping */
    uint64_t file_offset; /* of `start` in the file */
    uint64_t device, inode;
    uint32_t path; /* offset into modules.paths */
    uint16_t path_bytes;
    uint8_t build_id_bytes; /* 0 unknown */
    uint8_t reserved;
    uint8_t build_id[QMON_BUILD_ID_BYTES];
    uint8_t pad[4];
};

struct qmon_record_modules {
    uint32_t count;
    uint32_t dropped; /* executable mappings that found no room */
    uint32_t path_bytes;
    uint32_t reserved;
    struct qmon_record_module entries[QMON_RECORD_MODULES];
    char paths[QMON_MODULE_PATHS_BYTES];
};

struct qmon_record_crumb {
    _Atomic uint32_t sequence; /* 1.. ; 0 never used, or being written */
    uint32_t tid;
    uint64_t real_ns;
    char text[QMON_CRUMB_TEXT_BYTES];
};

struct qmon_record_crumbs {
    _Atomic uint32_t next; /* sequence of the last one claimed */
    uint32_t reserved;
    struct qmon_record_crumb entries[QMON_CRUMBS];
};

/* The word `repeats` of a slot. A producer adds to the count while the generation is that of the turn and the slot is open;
 * the consumer closes it before it reads it. */
#define QMON_REPEATS_CLOSED 0x80000000u
#define QMON_REPEATS_GENERATIONS 0x800u /* how many there are: the turn divided by the slots, modulo this */
#define QMON_REPEATS_GENERATION 0x100000u
#define QMON_REPEATS_GENERATIONS_MASK 0x7ff00000u
#define QMON_REPEATS_COUNT 0xfffffu

/* Error events, many producers in the host, one consumer (the receiver). A bounded queue with a sequence per slot:
 * slot i is free for turn t when sequence == t, filled when sequence == t + 1; the consumer frees it with t + SLOTS. */
struct qmon_ring_slot {
    _Atomic uint32_t sequence;
    uint32_t tid;
    uint64_t real_ns;
    uint16_t severity; /* enum qmon_severity */
    uint16_t frame_count;
    uint32_t dropped_before; /* events that found the ring full since the last one that did not */
    uint16_t code_bytes, endpoint_bytes, user_bytes, message_bytes; /* lengths in text[], in this order, no NULs */
    uint16_t extra_bytes;                                           /* then key NUL value NUL ... */
    uint16_t truncated;                                             /* 1: some text did not fit */
    char thread_name[QMON_THREAD_NAME_BYTES];
    _Atomic uint32_t repeats;          /* QMON_REPEATS_...: reports like this one that came while it waited */
    uint64_t frames[QMON_RING_FRAMES]; /* return addresses, innermost first */
    char text[QMON_RING_TEXT_BYTES];
};

struct qmon_record_ring {
    _Atomic uint32_t head;    /* next turn to be claimed by a producer */
    _Atomic uint32_t tail;    /* next turn the consumer takes */
    _Atomic uint32_t dropped; /* since the process started */
    _Atomic uint32_t reported_dropped;
    _Atomic uint32_t consumer_pid;     /* the receiver that reads the ring, 0 none */
    _Atomic uint32_t wake;             /* futex: producers bump it */
    uint32_t asked;                    /* written by the receiver: a cache was asked about all turns before this one */
    _Atomic uint32_t unwatched_timers; /* made, whose threads the agent cannot watch; until the receiver counts them */
    struct qmon_ring_slot slots[QMON_RING_SLOTS];
};

struct qmon_record_thread {
    uint32_t tid;
    uint16_t first, frame_count; /* in frames[] */
    uint8_t unwind_end;          /* enum qmon_unwind_end */
    char state;                  /* before it was stopped, as in /proc/PID/stat; 0 unknown */
    char name[QMON_THREAD_NAME_BYTES];
    char reserved[6];
};

/* Other threads at a crash, as the process itself took their stacks, because nobody may look into it from outside. An agent that knows
 * nothing of this leaves zeros. */
struct qmon_record_threads {
    _Atomic uint32_t count; /* of entries that are complete */
    uint32_t reserved;
    struct qmon_record_thread entries[QMON_RECORD_THREADS];
    uint64_t frames[QMON_RECORD_THREADS_FRAMES];
    uint8_t frame_flags[QMON_RECORD_THREADS_FRAMES]; /* QMON_FRAME_... */
};

/* Where the exception was first thrown that ended the process, if that is not where it was thrown last. An agent that knows nothing of
 * this leaves zeros. */
struct qmon_record_thrown {
    uint32_t tid; /* 0: another thread than the crashing one */
    uint32_t frame_count;
    uint64_t frames[QMON_THROWN_FRAMES]; /* return addresses, innermost first */
};

struct qmon_record {
    struct qmon_record_header header;
    struct qmon_record_process process;
    struct qmon_record_end end;
    struct qmon_record_whereabouts whereabouts;
    _Alignas(64) struct qmon_record_crash crash;
    _Alignas(64) struct qmon_record_modules modules;
    _Alignas(64) struct qmon_record_crumbs crumbs;
    _Alignas(64) struct qmon_record_ring ring;
    _Alignas(64) struct qmon_record_threads threads;
    struct qmon_record_thrown thrown;
};

_Static_assert(sizeof(struct qmon_record) <= QMON_RECORD_BYTES, "the record outgrew its mapping");
/* After an upgrade the new receiver reads records of programs that still run the old agent: whatever moves, QMON_RECORD_VERSION goes with
 * it. */
_Static_assert(sizeof(struct qmon_record_process) == 3848 && offsetof(struct qmon_record, crash) == 3968,
               "layout of what comes before the crash");
_Static_assert(offsetof(struct qmon_record_process, session) == 80 &&
                   offsetof(struct qmon_record_process, child_signals) == 3840,
               "process layout");
_Static_assert(offsetof(struct qmon_record, threads) == 226880, "layout of what comes before the other threads");
_Static_assert(sizeof(struct qmon_record_header) == 64, "record header layout");
_Static_assert(sizeof(struct qmon_record_module) == 72, "module layout");

#endif
