/*
 * pipeline.h: the stages between a record and the store, each a file in agent/pipeline/. A stage takes an event and returns
 * a verdict; no globals, no clock, no I/O but through what it is handed.
 */
#ifndef QMON_PIPELINE_H
#define QMON_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qmon/cache.h>
#include <qmon/config.h>
#include <qmon/event.h>

/* --- symbolize: fills module, build_id, offset, function, file, line, inlined frames and role of every frame from pc.
 * Modules are those of event->modules (set by whoever made the event). `live_pid`: the process still exists and waits, so
 * deleted files may be read through /proc/PID/map_files, /proc/PID/exe and /proc/PID/root; 0: only files on disk, and
 * only where the build id (when known) agrees. Best effort: what cannot be found stays as module+offset, and a note
 * says why. Bounded: stops resolving at deadline_ms (CLOCK_MONOTONIC), the rest keeps module and offset. */
struct qmon_symbolizer;
struct qmon_symbolizer *qmon_symbolizer_open(void);
void qmon_symbolizer_close(struct qmon_symbolizer *symbolizer);
void qmon_symbolize(struct qmon_symbolizer *symbolizer, struct qmon_event *event, uint32_t live_pid,
                    uint64_t deadline_monotonic_ms);
/* Files and lines of the C library are wanted, too: its debug information, where it is there, takes longer to read than all the
 * rest. Before the first event. */
void qmon_symbolizer_be_thorough(struct qmon_symbolizer *symbolizer);
/* Symbols are also looked for in the files below a directory, matched by build id (a module without one by its name).
 * *ret_files: ELF files that it has; *ret_is_cut: not all was looked at. 0 or negative errno, nothing changed then. */
int qmon_symbolizer_add_directory(struct qmon_symbolizer *symbolizer, const char *directory, size_t *ret_files,
                                  bool *ret_is_cut);
/* Symbolizes an event anew that was symbolized before, maybe elsewhere: each place keeps what is known of it where nothing
 * better is found. Returns how many places are known better now. */
size_t qmon_symbolize_again(struct qmon_symbolizer *symbolizer, struct qmon_event *event,
                            uint64_t deadline_monotonic_ms);
/* The same for the places of the C library alone that have a name and no line, in modules known by build id. */
size_t qmon_symbolize_system(struct qmon_symbolizer *symbolizer, struct qmon_event *event,
                             uint64_t deadline_monotonic_ms);
/* Debug files that are not on this machine are asked of debuginfod servers (URLs with blanks between them; NULL or "": of
 * nobody, as before the first call) and kept in the directory. For all symbolizers of the process; changes its environment. */
void qmon_debuginfod_configure(const char *urls, const char *cache_directory);
/* Demangles C++, Rust and D; otherwise returns the name itself. Memory of the event. */
const char *qmon_demangle(struct qmon_event *event, const char *name);

/* Where the traces are very many, those that are the same are written once (qmon_thread.same_as). After symbolize. */
void qmon_fold_threads(struct qmon_event *event);

/* --- runtime: names the interpreter or virtual machine that a process runs (process.runtime), marks the code that it made,
 * and adds the Python stacks of its threads (runtime_frames). Before symbolize, while the process waits. */
struct qmon_memory_eye {
    bool (*read)(void *context, uint64_t address, void *to, size_t bytes); /* false: not all of it can be read */
    bool (*is_code)(void *context, uint64_t address);                      /* mapped to be executed */
    void *context;
};
void qmon_add_runtime(struct qmon_event *event, const struct qmon_memory_eye *eye, uint32_t live_pid);

/* --- describe: cause, signal words, title and message from what the event holds (after symbolize). `record` facts that
 * only the maker of the event knows are handed in. */
struct qmon_crash_facts {
    const char *machine;            /* "x86_64", "aarch64" */
    uint64_t stack_low, stack_high; /* 0 unknown */
    uint64_t stack_pointer, program_counter;
    int access; /* 0 unknown, 1 read, 2 write, 3 execute */
    const char *abort_message, *assertion, *assertion_file, *assertion_function;
    uint32_t assertion_line;
    const char *system_call;   /* SIGSYS */
    const char *address_words; /* what lies at signal.address, where that is mapped and no code; NULL unknown */
    uint32_t origin;           /* enum qmon_crash_origin */
    uint64_t frames_total;
    const uint8_t *code, *stack; /* the bytes at program_counter and at stack_pointer; NULL unknown */
    size_t code_bytes, stack_bytes;
};
void qmon_describe_crash(struct qmon_event *event, const struct qmon_crash_facts *facts);
void qmon_describe(struct qmon_event *event); /* title and message of the other kinds */

/* --- filter: marks in_app and filtered frames, finds event->origin. Returns NULL to go on, or the reason (static) why the
 * event is ignored: "ignored-code", "ignored-file", "ignored-endpoint". */
const char *qmon_filter(struct qmon_event *event, const struct qmon_config *config);
/* Does one of the patterns match the path or its base name? NULL and "" match nothing. */
bool qmon_matches_path(const struct qmon_patterns *patterns, const char *path);

/* --- fingerprint: fills event->fingerprint. */
void qmon_fingerprint(struct qmon_event *event);

/* --- decision: the key by which occurrences of the event's problem are counted, and the event's occurrences from what was
 * decided. */
#define QMON_KEY_BYTES 512
void qmon_decision_key(const struct qmon_event *event, char *ret_key, size_t bytes);
void qmon_take_decision(struct qmon_event *event, const struct qmon_decision *decision);

/* --- secrets: blots out tokens, passwords, credentials in URLs and likely secrets. Memory of the event. */
const char *qmon_redact(struct qmon_event *event, const char *text);
/* argv given as NUL-separated bytes, untrusted; gives one shell-quoted line with secrets blotted out. */
const char *qmon_redact_command_line(struct qmon_event *event, const char *bytes, size_t count);

/* --- names, from tables: static strings, or NULL. */
const char *qmon_signal_name(int number);                /* "SIGSEGV", "SIGRTMIN+3" */
int qmon_signal_number(const char *name);                /* with or without SIG; 0 unknown */
const char *qmon_signal_code_name(int number, int code); /* "SEGV_MAPERR", "SI_USER" */
const char *qmon_signal_code_text(int number, int code); /* "address not mapped" */

#endif
