/* event_shape.c: the tables. Their order is the order of the JSON. */
#include "event_shape.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define SHAPE(name, type) static const struct qmon__shape name##_shape = {name, COUNT(name), sizeof(type)}

#define FRAME(field) offsetof(struct qmon_frame, field)
static const struct qmon__member frame[] = {
    {"index", QMON__U32, QMON__ALWAYS, FRAME(index), 0, NULL},
    {"pc", QMON__HEX, QMON__ALWAYS, FRAME(pc), 0, NULL},
    {"module", QMON__TEXT, QMON__IF_SET, FRAME(module), 0, NULL},
    {"build_id", QMON__TEXT, QMON__IF_SET, FRAME(build_id), 0, NULL},
    {"offset", QMON__HEX, QMON__IF_SET, FRAME(offset), 0, NULL},
    {"function", QMON__TEXT, QMON__IF_SET, FRAME(function), 0, NULL},
    {"function_offset", QMON__HEX, QMON__IF_SET, FRAME(function_offset), 0, NULL},
    {"file", QMON__TEXT, QMON__IF_SET, FRAME(file), 0, NULL},
    {"line", QMON__U32, QMON__IF_SET, FRAME(line), 0, NULL},
    {"column", QMON__U32, QMON__IF_SET, FRAME(column), 0, NULL},
    {"inlined", QMON__BOOL, QMON__ALWAYS, FRAME(inlined), 0, NULL},
    {"in_app", QMON__BOOL, QMON__ALWAYS, FRAME(in_app), 0, NULL},
    {"role", QMON__ROLE, QMON__ALWAYS, FRAME(role), 0, NULL},
    {"exact", QMON__BOOL, QMON__IF_SET, FRAME(exact), 0, NULL},
    {"guess", QMON__BOOL, QMON__IF_SET, FRAME(guess), 0, NULL},
    {"signal", QMON__BOOL, QMON__IF_SET, FRAME(signal), 0, NULL},
    {"tail_call", QMON__BOOL, QMON__IF_SET, FRAME(tail_call), 0, NULL},
    {"filtered", QMON__BOOL, QMON__IF_SET, FRAME(filtered), 0, NULL},
    {"omitted_after", QMON__U64, QMON__IF_SET, FRAME(omitted_after), 0, NULL},
    {"language", QMON__TEXT, QMON__IF_SET, FRAME(language), 0, NULL},
};
const struct qmon__shape qmon__frame_shape = {frame, COUNT(frame), sizeof(struct qmon_frame)};

#define THREAD(field) offsetof(struct qmon_thread, field)
static const struct qmon__member thread[] = {
    {"tid", QMON__U32, QMON__ALWAYS, THREAD(tid), 0, NULL},
    {"name", QMON__TEXT, QMON__IF_SET, THREAD(name), 0, NULL},
    {"state", QMON__TEXT, QMON__IF_SET, THREAD(state), 0, NULL},
    {"crashed", QMON__BOOL, QMON__ALWAYS, THREAD(crashed), 0, NULL},
    {"same_as", QMON__U32, QMON__IF_SET, THREAD(same_as), 0, NULL},
    {"unwind_note", QMON__TEXT, QMON__IF_SET, THREAD(unwind_note), 0, NULL},
    {"frames", QMON__ARRAY, QMON__ALWAYS, THREAD(frames), THREAD(frame_count), &qmon__frame_shape},
    {"runtime_frames", QMON__ARRAY, QMON__IF_SET, THREAD(runtime_frames), THREAD(runtime_frame_count),
     &qmon__frame_shape},
};
SHAPE(thread, struct qmon_thread);

#define MODULE(field) offsetof(struct qmon_module, field)
static const struct qmon__member module[] = {
    {"path", QMON__TEXT, QMON__IF_SET, MODULE(path), 0, NULL},
    {"build_id", QMON__TEXT, QMON__IF_SET, MODULE(build_id), 0, NULL},
    {"start", QMON__HEX, QMON__ALWAYS, MODULE(start), 0, NULL},
    {"end", QMON__HEX, QMON__ALWAYS, MODULE(end), 0, NULL},
    {"file_offset", QMON__HEX, QMON__ALWAYS, MODULE(file_offset), 0, NULL},
};
SHAPE(module, struct qmon_module);

#define CRUMB(field) offsetof(struct qmon_crumb, field)
static const struct qmon__member crumb[] = {
    {"time", QMON__TIME, QMON__ALWAYS, CRUMB(time_ns), 0, NULL},
    {"tid", QMON__U32, QMON__IF_SET, CRUMB(tid), 0, NULL},
    {"text", QMON__TEXT, QMON__IF_SET, CRUMB(text), 0, NULL},
};
SHAPE(crumb, struct qmon_crumb);

#define EVENT(field) offsetof(struct qmon_event, field)
static const struct qmon__member lifecycle[] = {
    {"phase", QMON__TEXT, QMON__IF_SET, EVENT(lifecycle.phase), 0, NULL},
    {"reason", QMON__TEXT, QMON__IF_SET, EVENT(lifecycle.reason), 0, NULL},
    {"uptime_ns", QMON__U64, QMON__IF_SET, EVENT(lifecycle.uptime_ns), 0, NULL},
    {"problem", QMON__TEXT, QMON__IF_SET, EVENT(lifecycle.problem), 0, NULL},
};
SHAPE(lifecycle, struct qmon_event);

static const struct qmon__member signal[] = {
    {"number", QMON__I32, QMON__IF_SET, EVENT(signal.number), 0, NULL},
    {"name", QMON__TEXT, QMON__IF_SET, EVENT(signal.name), 0, NULL},
    {"code", QMON__I32, QMON__ALWAYS, EVENT(signal.code), 0, NULL},
    {"code_name", QMON__TEXT, QMON__IF_SET, EVENT(signal.code_name), 0, NULL},
    {"code_text", QMON__TEXT, QMON__IF_SET, EVENT(signal.code_text), 0, NULL},
    {"address", QMON__HEX, QMON__IF_BOOL, EVENT(signal.address), EVENT(signal.has_address), NULL},
    {"sender_pid", QMON__U32, QMON__IF_SET, EVENT(signal.sender_pid), 0, NULL},
    {"sender_uid", QMON__U32, QMON__IF_U32, EVENT(signal.sender_uid), EVENT(signal.sender_pid), NULL},
    {"sender_name", QMON__TEXT, QMON__IF_SET, EVENT(signal.sender_name), 0, NULL},
};
SHAPE(signal, struct qmon_event);

static const struct qmon__member exit_status[] = {
    {"status", QMON__I32, QMON__IF_BOOL, EVENT(exit.status), EVENT(exit.present), NULL},
};
SHAPE(exit_status, struct qmon_event);

static const struct qmon__member exception[] = {
    {"type", QMON__TEXT, QMON__IF_SET, EVENT(exception.type), 0, NULL},
    {"message", QMON__TEXT, QMON__IF_SET, EVENT(exception.message), 0, NULL},
    {"thrown", QMON__ARRAY, QMON__IF_SET, EVENT(exception.thrown), EVENT(exception.thrown_count), &thread_shape},
};
SHAPE(exception, struct qmon_event);

static const struct qmon__member cause[] = {
    {"kind", QMON__TEXT, QMON__IF_SET, EVENT(cause.kind), 0, NULL},
    {"detail", QMON__TEXT, QMON__IF_SET, EVENT(cause.detail), 0, NULL},
};
SHAPE(cause, struct qmon_event);

static const struct qmon__member process[] = {
    {"pid", QMON__U32, QMON__IF_SET, EVENT(process.pid), 0, NULL},
    {"parent_pid", QMON__U32, QMON__IF_SET, EVENT(process.parent_pid), 0, NULL},
    {"uid", QMON__U32, QMON__ALWAYS, EVENT(process.uid), 0, NULL},
    {"gid", QMON__U32, QMON__ALWAYS, EVENT(process.gid), 0, NULL},
    {"root", QMON__BOOL, QMON__ALWAYS, EVENT(process.root), 0, NULL},
    {"root_pid", QMON__U32, QMON__IF_SET, EVENT(process.root_pid), 0, NULL},
    {"executable", QMON__TEXT, QMON__IF_SET, EVENT(process.executable), 0, NULL},
    {"command_line", QMON__TEXT, QMON__IF_SET, EVENT(process.command_line), 0, NULL},
    {"working_directory", QMON__TEXT, QMON__IF_SET, EVENT(process.working_directory), 0, NULL},
    {"start_time", QMON__TIME, QMON__IF_SET, EVENT(process.start_time_ns), 0, NULL},
    {"architecture", QMON__TEXT, QMON__IF_SET, EVENT(process.architecture), 0, NULL},
    {"runtime", QMON__TEXT, QMON__IF_SET, EVENT(process.runtime), 0, NULL},
};
SHAPE(process, struct qmon_event);

static const struct qmon__member service[] = {
    {"name", QMON__TEXT, QMON__IF_SET, EVENT(service.name), 0, NULL},
    {"version", QMON__TEXT, QMON__IF_SET, EVENT(service.version), 0, NULL},
    {"stage", QMON__TEXT, QMON__IF_SET, EVENT(service.stage), 0, NULL},
    {"instance", QMON__TEXT, QMON__IF_SET, EVENT(service.instance), 0, NULL},
};
SHAPE(service, struct qmon_event);

static const struct qmon__member host[] = {
    {"name", QMON__TEXT, QMON__IF_SET, EVENT(host.name), 0, NULL},
    {"arch", QMON__TEXT, QMON__IF_SET, EVENT(host.arch), 0, NULL},
    {"kernel", QMON__TEXT, QMON__IF_SET, EVENT(host.kernel), 0, NULL},
    {"container_id", QMON__TEXT, QMON__IF_SET, EVENT(host.container_id), 0, NULL},
};
SHAPE(host, struct qmon_event);

#define SEEN(field) offsetof(struct qmon_seen_version, field)
static const struct qmon__member seen_version[] = {
    {"version", QMON__TEXT, QMON__IF_SET, SEEN(version), 0, NULL},
    {"count", QMON__U64, QMON__ALWAYS, SEEN(count), 0, NULL},
    {"first_seen", QMON__TIME, QMON__IF_SET, SEEN(first_seen_ns), 0, NULL},
    {"last_seen", QMON__TIME, QMON__IF_SET, SEEN(last_seen_ns), 0, NULL},
};
SHAPE(seen_version, struct qmon_seen_version);

static const struct qmon__member fleet[] = {
    {"total", QMON__U64, QMON__IF_SET, EVENT(occurrences.fleet.total), 0, NULL},
    {"hosts", QMON__U64, QMON__IF_SET, EVENT(occurrences.fleet.hosts), 0, NULL},
    {"versions", QMON__ARRAY, QMON__IF_SET, EVENT(occurrences.fleet.versions), EVENT(occurrences.fleet.version_count),
     &seen_version_shape},
};
SHAPE(fleet, struct qmon_event);

static const struct qmon__member occurrences[] = {
    {"suppressed", QMON__U64, QMON__ALWAYS, EVENT(occurrences.suppressed), 0, NULL},
    {"total", QMON__U64, QMON__IF_SET, EVENT(occurrences.total), 0, NULL},
    {"first_seen", QMON__TIME, QMON__IF_SET, EVENT(occurrences.first_seen_ns), 0, NULL},
    {"last_seen", QMON__TIME, QMON__IF_SET, EVENT(occurrences.last_seen_ns), 0, NULL},
    {"source", QMON__TEXT, QMON__IF_SET, EVENT(occurrences.source), 0, NULL},
    {"fleet", QMON__OBJECT, QMON__IF_SET, 0, 0, &fleet_shape},
};
SHAPE(occurrences, struct qmon_event);

static const struct qmon__member report[] = {
    {"endpoint", QMON__TEXT, QMON__IF_SET, EVENT(report.endpoint), 0, NULL},
    {"user_id", QMON__TEXT, QMON__IF_SET, EVENT(report.user_id), 0, NULL},
    {"extra", QMON__PAIRS, QMON__IF_SET, EVENT(report.extra), EVENT(report.extra_count), NULL},
    {"dropped", QMON__U64, QMON__IF_SET, EVENT(report.dropped), 0, NULL},
    {"repeats", QMON__U64, QMON__IF_SET, EVENT(report.repeats), 0, NULL},
};
SHAPE(report, struct qmon_event);

static const struct qmon__member source[] = {
    {"first_line", QMON__U32, QMON__IF_SET, EVENT(source.first_line), 0, NULL},
    {"lines", QMON__TEXTS, QMON__IF_SET, EVENT(source.lines), EVENT(source.line_count), NULL},
};
SHAPE(source, struct qmon_event);

static const struct qmon__member memory[] = {
    {"resident_bytes", QMON__U64, QMON__IF_SET, EVENT(context.resident_bytes), 0, NULL},
    {"resident_peak_bytes", QMON__U64, QMON__IF_SET, EVENT(context.resident_peak_bytes), 0, NULL},
    {"virtual_bytes", QMON__U64, QMON__IF_SET, EVENT(context.virtual_bytes), 0, NULL},
    {"swapped_bytes", QMON__U64, QMON__IF_SET, EVENT(context.swapped_bytes), 0, NULL},
    {"group_used_bytes", QMON__U64, QMON__IF_SET, EVENT(context.group_used_bytes), 0, NULL},
    {"group_limit_bytes", QMON__U64, QMON__IF_SET, EVENT(context.group_limit_bytes), 0, NULL},
};
SHAPE(memory, struct qmon_event);

static const struct qmon__member descriptors[] = {
    {"open", QMON__U64, QMON__IF_SET, EVENT(context.descriptors), 0, NULL},
    {"limit", QMON__U64, QMON__IF_SET, EVENT(context.descriptor_limit), 0, NULL},
    {"kinds", QMON__PAIRS, QMON__IF_SET, EVENT(context.descriptor_kinds), EVENT(context.descriptor_kind_count), NULL},
};
SHAPE(descriptors, struct qmon_event);

static const struct qmon__member code[] = {
    {"address", QMON__HEX, QMON__IF_SET, EVENT(context.code_address), 0, NULL},
    {"bytes", QMON__TEXT, QMON__IF_SET, EVENT(context.code), 0, NULL},
};
SHAPE(code, struct qmon_event);

static const struct qmon__member stack[] = {
    {"address", QMON__HEX, QMON__IF_SET, EVENT(context.stack_address), 0, NULL},
    {"words", QMON__TEXTS, QMON__IF_SET, EVENT(context.stack_words), EVENT(context.stack_word_count), NULL},
};
SHAPE(stack, struct qmon_event);

static const struct qmon__member context[] = {
    {"errno", QMON__U32, QMON__IF_SET, EVENT(context.error_number), 0, NULL},
    {"errno_name", QMON__TEXT, QMON__IF_SET, EVENT(context.error_name), 0, NULL},
    {"threads", QMON__U32, QMON__IF_SET, EVENT(context.threads), 0, NULL},
    {"memory", QMON__OBJECT, QMON__IF_SET, 0, 0, &memory_shape},
    {"descriptors", QMON__OBJECT, QMON__IF_SET, 0, 0, &descriptors_shape},
    {"limits", QMON__PAIRS, QMON__IF_SET, EVENT(context.limits), EVENT(context.limit_count), NULL},
    {"code", QMON__OBJECT, QMON__IF_SET, 0, 0, &code_shape},
    {"stack", QMON__OBJECT, QMON__IF_SET, 0, 0, &stack_shape},
    {"stderr", QMON__TEXTS, QMON__IF_SET, EVENT(context.last_lines), EVENT(context.last_line_count), NULL},
};
SHAPE(context, struct qmon_event);

static const struct qmon__member event[] = {
    {"schema", QMON__SCHEMA, QMON__ALWAYS, 0, 0, NULL},
    {"id", QMON__ID, QMON__ALWAYS, EVENT(id), 0, NULL},
    {"time", QMON__TIME, QMON__ALWAYS, EVENT(time_ns), 0, NULL},
    {"kind", QMON__KIND, QMON__ALWAYS, EVENT(kind), 0, NULL},
    {"severity", QMON__SEVERITY, QMON__ALWAYS, EVENT(severity), 0, NULL},
    {"title", QMON__TEXT, QMON__IF_SET, EVENT(title), 0, NULL},
    {"message", QMON__TEXT, QMON__IF_SET, EVENT(message), 0, NULL},
    {"code", QMON__TEXT, QMON__IF_SET, EVENT(code), 0, NULL},
    {"lifecycle", QMON__OBJECT, QMON__IF_SET, 0, 0, &lifecycle_shape},
    {"signal", QMON__OBJECT, QMON__IF_SET, 0, 0, &signal_shape},
    {"exit", QMON__OBJECT, QMON__IF_SET, 0, 0, &exit_status_shape},
    {"exception", QMON__OBJECT, QMON__IF_SET, 0, 0, &exception_shape},
    {"cause", QMON__OBJECT, QMON__IF_SET, 0, 0, &cause_shape},
    {"process", QMON__OBJECT, QMON__IF_SET, 0, 0, &process_shape},
    {"service", QMON__OBJECT, QMON__IF_SET, 0, 0, &service_shape},
    {"host", QMON__OBJECT, QMON__IF_SET, 0, 0, &host_shape},
    {"fingerprint", QMON__DIGEST, QMON__IF_SET, EVENT(fingerprint), 0, NULL},
    {"occurrences", QMON__OBJECT, QMON__IF_SET, 0, 0, &occurrences_shape},
    {"report", QMON__OBJECT, QMON__IF_SET, 0, 0, &report_shape},
    {"origin", QMON__SIZE, QMON__IF_SET, EVENT(origin), 0, NULL},
    {"source", QMON__OBJECT, QMON__IF_SET, 0, 0, &source_shape},
    {"threads", QMON__ARRAY, QMON__IF_SET, EVENT(threads), EVENT(thread_count), &thread_shape},
    {"registers", QMON__REGISTERS, QMON__IF_SET, EVENT(registers), EVENT(register_count), NULL},
    {"register_targets", QMON__TARGETS, QMON__IF_SET, EVENT(registers), EVENT(register_count), NULL},
    {"context", QMON__OBJECT, QMON__IF_SET, 0, 0, &context_shape},
    {"modules", QMON__ARRAY, QMON__IF_SET, EVENT(modules), EVENT(module_count), &module_shape},
    {"breadcrumbs", QMON__ARRAY, QMON__IF_SET, EVENT(crumbs), EVENT(crumb_count), &crumb_shape},
    {"notes", QMON__TEXTS, QMON__IF_SET, EVENT(notes), EVENT(note_count), NULL},
};
const struct qmon__shape qmon__event_shape = {event, COUNT(event), sizeof(struct qmon_event)};
