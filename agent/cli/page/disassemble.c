/*
 * disassemble.c: see disassemble.h. Instructions before the current one are found by starting at the function's first byte
 * if that is among the bytes, else at the first byte from which decoding arrives at the program counter: x86 falls into step
 * within a few instructions whatever it begins with.
 */
#include "disassemble.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include <capstone/capstone.h>

#define CODE_BYTES 64u
#define TEXT_OF(x) TEXT_OF_(x)
#define TEXT_OF_(x) #x
#define LIBRARY "libcapstone.so." TEXT_OF(CS_API_MAJOR)

struct decoder {
    __typeof__(&cs_open) open;
    __typeof__(&cs_disasm) disassemble;
    __typeof__(&cs_free) free;
    __typeof__(&cs_close) close;
    csh handle;
};

static bool load(struct decoder *decoder) {
    static const char *const names[] = {"cs_open", "cs_disasm", "cs_free", "cs_close"};
    void *functions[4];
    void *library = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL);
    if (!library)
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!(functions[i] = dlsym(library, names[i])))
            return false;
    memcpy(&decoder->open, &functions[0], sizeof functions[0]);
    memcpy(&decoder->disassemble, &functions[1], sizeof functions[1]);
    memcpy(&decoder->free, &functions[2], sizeof functions[2]);
    memcpy(&decoder->close, &functions[3], sizeof functions[3]);
    return true;
}

static const char *machine_of(const struct qmon_event *event) {
    const char *machine = event->process.architecture ? event->process.architecture : event->host.arch;
    return machine ? machine : "";
}

static bool open_decoder(struct decoder *decoder, const char *machine) {
    cs_err error = CS_ERR_ARCH;
    if (strcmp(machine, "x86_64") == 0)
        error = decoder->open(CS_ARCH_X86, CS_MODE_64, &decoder->handle);
    else if (strcmp(machine, "aarch64") == 0)
        error = decoder->open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, &decoder->handle);
    return error == CS_ERR_OK;
}

static int digit(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t qmon__cli_code_bytes(const struct qmon_event *event, uint8_t *ret_bytes, size_t room) {
    const char *text = event->context.code ? event->context.code : "";
    size_t count = 0;
    for (; count < room && digit(text[0]) >= 0 && digit(text[1]) >= 0; text += 2)
        ret_bytes[count++] = (uint8_t) (digit(text[0]) << 4 | digit(text[1]));
    return count;
}

uint64_t qmon__cli_program_counter(const struct qmon_event *event) {
    for (size_t i = 0; i < event->register_count; i++) {
        const char *name = event->registers[i].name;
        if (name && (strcmp(name, "rip") == 0 || strcmp(name, "pc") == 0))
            return event->registers[i].value;
    }
    return 0;
}

/* Decodes from `from`; true when it arrives at `pc` exactly. The last `before` instructions on the way go to ret. */
static bool decode_towards(const struct decoder *decoder, const uint8_t *code, uint64_t start, uint64_t from,
                           uint64_t pc, size_t before, struct qmon__cli_instruction *ret, size_t *ret_count) {
    cs_insn *found = NULL;
    size_t count = decoder->disassemble(decoder->handle, code + (from - start), (size_t) (pc - from), from, 0, &found);
    bool arrives = count > 0 && found[count - 1].address + found[count - 1].size == pc;
    size_t first = count > before ? count - before : 0;
    *ret_count = 0;
    for (size_t i = first; arrives && i < count; i++) {
        struct qmon__cli_instruction *to = &ret[(*ret_count)++];
        *to = (struct qmon__cli_instruction){.address = found[i].address, .byte_count = found[i].size};
        memcpy(to->bytes, found[i].bytes, found[i].size);
        snprintf(to->text, sizeof to->text, "%s%s%.120s", found[i].mnemonic, *found[i].op_str ? " " : "",
                 found[i].op_str);
    }
    if (count)
        decoder->free(found, count);
    return arrives;
}

static uint64_t entry_of(const struct qmon_event *event, uint64_t pc) {
    const struct qmon_frame *frames = event->thread_count ? event->threads[0].frames : NULL;
    for (size_t i = 0; frames && i < event->threads[0].frame_count; i++)
        if (frames[i].pc == pc && frames[i].function_offset && frames[i].function_offset <= pc)
            return pc - frames[i].function_offset;
    return 0;
}

static size_t decode_before(const struct decoder *decoder, const struct qmon_event *event, const uint8_t *code,
                            uint64_t pc, size_t before, struct qmon__cli_instruction *ret) {
    uint64_t start = event->context.code_address, entry = entry_of(event, pc);
    size_t count = 0;
    if (entry >= start && entry < pc && decode_towards(decoder, code, start, entry, pc, before, ret, &count))
        return count;
    for (uint64_t from = start; from < pc; from++)
        if (decode_towards(decoder, code, start, from, pc, before, ret, &count))
            return count;
    return 0;
}

static size_t decode_from(const struct decoder *decoder, const uint8_t *code, size_t code_bytes, uint64_t start,
                          uint64_t pc, size_t most, struct qmon__cli_instruction *ret) {
    cs_insn *found = NULL;
    size_t count = decoder->disassemble(decoder->handle, code + (pc - start), code_bytes - (size_t) (pc - start), pc,
                                        most, &found);
    for (size_t i = 0; i < count; i++) {
        ret[i] =
            (struct qmon__cli_instruction){.address = found[i].address, .byte_count = found[i].size, .current = i == 0};
        memcpy(ret[i].bytes, found[i].bytes, found[i].size);
        snprintf(ret[i].text, sizeof ret[i].text, "%s%s%.120s", found[i].mnemonic, *found[i].op_str ? " " : "",
                 found[i].op_str);
    }
    if (count)
        decoder->free(found, count);
    return count;
}

size_t qmon__cli_disassemble(const struct qmon_event *event, size_t before, size_t after,
                             struct qmon__cli_instruction *ret_instructions, const char **ret_problem) {
    struct decoder decoder;
    uint8_t code[CODE_BYTES];
    size_t code_bytes = qmon__cli_code_bytes(event, code, sizeof code), count;
    uint64_t start = event->context.code_address, pc = qmon__cli_program_counter(event);
    if (code_bytes == 0 || pc < start || pc - start >= code_bytes)
        return 0;
    if (!load(&decoder)) {
        *ret_problem = LIBRARY " cannot be loaded: no instructions are shown";
        return 0;
    }
    if (!open_decoder(&decoder, machine_of(event)))
        return 0;
    count = decode_before(&decoder, event, code, pc, before, ret_instructions);
    count += decode_from(&decoder, code, code_bytes, start, pc, 1 + after, ret_instructions + count);
    decoder.close(&decoder.handle);
    return count;
}
