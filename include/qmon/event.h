/*
 * event.h: one event, between the stages of the pipeline, the store and the sinks.
 *
 * OWNERSHIP. Every string and array of an event belongs to the event's arena and lives until qmon_event_free(). Strings
 * are UTF-8 (invalid bytes replaced on entry), NUL-terminated; NULL means "not known" and leaves the JSON member out.
 * Threads: an event is used by one thread at a time.
 */
#ifndef QMON_EVENT_H
#define QMON_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qmon/qmon.h>

#define QMON_EVENT_SCHEMA "qmon.event/1"
#define QMON_EVENT_ID_BYTES 37          /* UUIDv7 text and NUL */
#define QMON_EVENT_FINGERPRINT_BYTES 33 /* 32 lower-case hex digits and NUL */

enum qmon_kind { QMON_KIND_CRASH, QMON_KIND_EXIT, QMON_KIND_ERROR, QMON_KIND_LIFECYCLE };

enum qmon_frame_role {
    QMON_ROLE_APP,     /* the program's own code, or a library it brought */
    QMON_ROLE_RUNTIME, /* language and C++ runtimes, interpreters' own machinery */
    QMON_ROLE_LIBC,    /* libc, loader, vdso, thread start */
    QMON_ROLE_QMON,    /* ours: never shown */
};

struct qmon_frame {
    uint32_t index;           /* physical frame number; inlined frames share their physical frame's number */
    uint64_t pc;              /* as captured */
    const char *module;       /* path */
    const char *build_id;     /* lower-case hex */
    uint64_t offset;          /* pc as an address of the module's ELF file (pc - load bias) */
    const char *function;     /* demangled; NULL unknown */
    uint64_t function_offset; /* pc - start of function */
    const char *file;
    uint32_t line, column; /* 0 unknown */
    bool inlined;          /* inlined into the next frame of the list */
    bool exact;            /* pc was executing (not a return address) */
    bool guess;            /* found by frame pointer or stack scan */
    bool signal;           /* signal trampoline: what follows was interrupted */
    bool tail_call; /* it ended in the call of the frame before: it is told by debug information, not by the stack */
    bool settled;   /* only while a trace is symbolized again: stays as it is */
    bool in_app;
    bool filtered; /* matched QMON_IGNORED_FILES: left out of trace and fingerprint */
    enum qmon_frame_role role;
    uint64_t omitted_after; /* how many physical frames between this one and the next are not kept */
    const char *language;   /* "python", ... for interpreter frames; NULL native */
};

struct qmon_thread {
    uint32_t tid;
    const char *name;
    const char *state; /* "running", "sleeping", ...; NULL unknown */
    bool crashed;
    struct qmon_frame *frames;
    size_t frame_count;
    uint32_t same_as; /* an earlier thread that has the same frames, which JSON has there only; 0 none */
    const char
        *frames_json; /* `frames` as qmon_event_frames_json gave them for a thread with the same; NULL not known */
    struct qmon_frame
        *runtime_frames; /* of the interpreter's own stack, innermost first: function, file, line, language */
    size_t runtime_frame_count;
    const char *unwind_note; /* why the trace ends where it ends, or is reduced; NULL when complete */
};

struct qmon_pair {
    const char *key;
    const char *value;
};

struct qmon_register {
    const char *name;
    uint64_t value;
    const char *points_to; /* in words; NULL unknown */
};

struct qmon_module {
    const char *path;
    const char *build_id;
    uint64_t start, end, file_offset;
};

struct qmon_crumb {
    uint64_t time_ns;
    uint32_t tid;
    const char *text;
};

struct qmon_seen_version {
    const char *version;
    uint64_t count;
    uint64_t first_seen_ns, last_seen_ns;
};

struct qmon_event {
    struct qmon_arena *arena;

    char id[QMON_EVENT_ID_BYTES];
    uint64_t time_ns; /* CLOCK_REALTIME */
    enum qmon_kind kind;
    enum qmon_severity severity;
    const char *title;   /* one line: "SIGSEGV in parse_header (http.c:212)" */
    const char *message; /* what happened, in a sentence or two */
    const char *code;    /* "SIGSEGV", "exit:3", "404" */

    struct {
        const char *phase;   /* "startup", "shutdown", "exec", "resolved" */
        const char *reason;  /* "exit status 0", "signal SIGTERM from pid 71", ... */
        uint64_t uptime_ns;  /* shutdown */
        const char *problem; /* resolved: the fingerprint of what came no more */
    } lifecycle;             /* phase NULL: absent */
    struct {
        int number; /* 0: absent */
        const char *name;
        int code;
        const char *code_name; /* "SEGV_MAPERR" */
        const char *code_text; /* in words */
        uint64_t address;
        bool has_address;
        uint32_t sender_pid; /* 0: none */
        uint32_t sender_uid;
        const char *sender_name; /* the sending program; NULL: unknown */
    } signal;
    struct {
        bool present;
        int status;
    } exit;
    struct {
        const char *type; /* demangled; NULL: absent */
        const char *message;
        struct qmon_thread
            *thrown;         /* where it was thrown first, if that is elsewhere than the crashing thread's trace says */
        size_t thrown_count; /* 0 or 1 */
    } exception;
    struct {
        const char *kind;   /* "null-dereference", "assertion", "stack-overflow", ... ; NULL: absent */
        const char *detail; /* a sentence */
    } cause;

    struct qmon_thread *threads; /* the crashing (or reporting) one first */
    size_t thread_count;
    struct qmon_register *registers;
    size_t register_count;
    struct qmon_module *modules;
    size_t module_count;
    struct qmon_crumb *crumbs;
    size_t crumb_count;

    struct {
        uint32_t pid, parent_pid, uid, gid;
        bool root;
        uint32_t root_pid; /* first of its tree, itself for a root; 0 unknown */
        const char *executable;
        const char *command_line; /* one line, secrets blotted out */
        const char *working_directory;
        uint64_t start_time_ns;   /* CLOCK_REALTIME; 0 unknown */
        const char *architecture; /* "x86_64" */
        const char *runtime;      /* "python 3.11.2", "java": the interpreter or virtual machine; NULL none known */
    } process;
    struct {
        const char *name, *version, *stage, *instance;
    } service;
    struct {
        const char *name, *arch, *kernel, *container_id;
    } host;

    struct {                    /* of a crash: what its process was like, as far as it could still be asked */
        uint32_t error_number;  /* errno of the crashing thread; 0 none, or unknown */
        const char *error_name; /* "ENOENT" */
        uint32_t threads;       /* of the process; 0 unknown, as in all that follows */
        uint64_t resident_bytes, resident_peak_bytes, virtual_bytes, swapped_bytes;
        uint64_t group_used_bytes, group_limit_bytes; /* of its control group; no limit: 0 */
        uint64_t descriptors, descriptor_limit;
        struct qmon_pair *descriptor_kinds; /* "sockets": "12" */
        size_t descriptor_kind_count;
        struct qmon_pair *limits; /* "stack": "8 MB"; those that are set */
        size_t limit_count;
        uint64_t code_address;    /* of the first byte of `code` */
        const char *code;         /* bytes around the program counter, hexadecimal */
        uint64_t stack_address;   /* the stack pointer */
        const char **stack_words; /* "0x7f...": addresses and small numbers; "-" for what may be the program's data */
        size_t stack_word_count;
        const char **last_lines; /* of what it wrote to standard error, secrets blotted out */
        size_t last_line_count;
    } context;

    struct {                 /* the source around the origin, where its file was there; secrets blotted out */
        uint32_t first_line; /* number of lines[0] */
        const char **lines;
        size_t line_count; /* 0: none */
    } source;

    struct { /* by the templates of the channel that it goes to; NULL: the channel's own words. Not in its JSON. */
        const char *title, *body;
    } told;

    char fingerprint[QMON_EVENT_FINGERPRINT_BYTES];
    size_t origin; /* index into threads[0].frames of the first in-app frame; SIZE_MAX none */

    struct {
        uint64_t suppressed; /* since the last alert for this fingerprint */
        uint64_t total;      /* in this window, this one included */
        uint64_t first_seen_ns, last_seen_ns;
        const char *source; /* which cache decided: "redis", "local", "memory" */
        struct {
            uint64_t total, hosts; /* over all hosts, while Redis remembers; 0 unknown. 1024 hosts stand for more */
            struct qmon_seen_version *versions; /* the one seen last first */
            size_t version_count;
        } fleet;
    } occurrences;
    struct {
        const char *endpoint, *user_id;
        struct qmon_pair *extra;
        size_t extra_count;
        uint64_t dropped; /* earlier reports of this process that found no room */
        uint64_t repeats; /* more of the same that came while this one waited; it stands for them, too */
    } report;
    const char **notes; /* what qmon could not do for this event: reduced trace, fallback, ... */
    size_t note_count;
};

/* A new, empty event with an id (UUIDv7 of now) and time. NULL: out of memory. */
struct qmon_event *qmon_event_new(uint64_t now_ns);
void qmon_event_free(struct qmon_event *event); /* NULL is fine */

/* Memory of the event. qmon_event_alloc gives zeroed memory. The text functions replace invalid UTF-8 and control
 * characters but newline and tab. All return NULL when out of memory, text functions also for a NULL text. */
void *qmon_event_alloc(struct qmon_event *event, size_t bytes);
const char *qmon_event_text(struct qmon_event *event, const char *text);
const char *qmon_event_text_n(struct qmon_event *event, const char *text, size_t max_bytes);
const char *qmon_event_format(struct qmon_event *event, const char *format, ...) __attribute__((format(printf, 2, 3)));
void qmon_event_note(struct qmon_event *event, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The event as one line of JSON (no newline), to be freed with free(). NULL: out of memory. */
char *qmon_event_to_json(const struct qmon_event *event);
/* The frames of a thread as they stand there, to be freed with free(), for frames_json. NULL: out of memory. */
char *qmon_event_frames_json(const struct qmon_thread *thread);
/* Reads what qmon_event_to_json wrote, of this or an older version; unknown members are ignored.
 * NULL: *ret_error (static or arena-free text, never NULL then) says what is wrong and where. */
struct qmon_event *qmon_event_from_json(const char *json, size_t bytes, const char **ret_error);

const char *qmon_kind_name(enum qmon_kind kind);             /* "crash", "exit", "error", "lifecycle" */
const char *qmon_severity_name(enum qmon_severity severity); /* "info", "warning", "error", "critical" */
/* Understands other vocabularies too: LOW MEDIUM HIGH CRITICAL, DEBUG INFO WARN(ING) ERROR FATAL. -1 unknown. */
int qmon_severity_parse(const char *name);
const char *qmon_role_name(enum qmon_frame_role role);

#endif
