/* dwarf_value.c: the forms that values come in, and what they mean: text, addresses, references. */
#include <dwarf.h>

#include "dwarf_unit.h"

#define FIXED(size)                                                                                                    \
    (struct qmon__skip) {                                                                                              \
        QMON__SKIP_FIXED, size                                                                                         \
    }

struct qmon__skip qmon__form_skip(uint16_t form, struct qmon__encoding encoding) {
    static const struct {
        uint16_t form;
        uint8_t kind, bytes;
    } forms[] = {
        {DW_FORM_data1, QMON__SKIP_FIXED, 1},        {DW_FORM_data2, QMON__SKIP_FIXED, 2},
        {DW_FORM_data4, QMON__SKIP_FIXED, 4},        {DW_FORM_data8, QMON__SKIP_FIXED, 8},
        {DW_FORM_data16, QMON__SKIP_FIXED, 16},      {DW_FORM_flag, QMON__SKIP_FIXED, 1},
        {DW_FORM_flag_present, QMON__SKIP_FIXED, 0}, {DW_FORM_implicit_const, QMON__SKIP_FIXED, 0},
        {DW_FORM_ref1, QMON__SKIP_FIXED, 1},         {DW_FORM_ref2, QMON__SKIP_FIXED, 2},
        {DW_FORM_ref4, QMON__SKIP_FIXED, 4},         {DW_FORM_ref8, QMON__SKIP_FIXED, 8},
        {DW_FORM_ref_sig8, QMON__SKIP_FIXED, 8},     {DW_FORM_ref_sup4, QMON__SKIP_FIXED, 4},
        {DW_FORM_ref_sup8, QMON__SKIP_FIXED, 8},     {DW_FORM_strx1, QMON__SKIP_FIXED, 1},
        {DW_FORM_strx2, QMON__SKIP_FIXED, 2},        {DW_FORM_strx3, QMON__SKIP_FIXED, 3},
        {DW_FORM_strx4, QMON__SKIP_FIXED, 4},        {DW_FORM_addrx1, QMON__SKIP_FIXED, 1},
        {DW_FORM_addrx2, QMON__SKIP_FIXED, 2},       {DW_FORM_addrx3, QMON__SKIP_FIXED, 3},
        {DW_FORM_addrx4, QMON__SKIP_FIXED, 4},       {DW_FORM_udata, QMON__SKIP_LEB, 0},
        {DW_FORM_sdata, QMON__SKIP_LEB, 0},          {DW_FORM_ref_udata, QMON__SKIP_LEB, 0},
        {DW_FORM_strx, QMON__SKIP_LEB, 0},           {DW_FORM_addrx, QMON__SKIP_LEB, 0},
        {DW_FORM_loclistx, QMON__SKIP_LEB, 0},       {DW_FORM_rnglistx, QMON__SKIP_LEB, 0},
        {DW_FORM_GNU_addr_index, QMON__SKIP_LEB, 0}, {DW_FORM_GNU_str_index, QMON__SKIP_LEB, 0},
        {DW_FORM_block1, QMON__SKIP_BLOCK, 1},       {DW_FORM_block2, QMON__SKIP_BLOCK, 2},
        {DW_FORM_block4, QMON__SKIP_BLOCK, 4},       {DW_FORM_block, QMON__SKIP_BLOCK_LEB, 0},
        {DW_FORM_exprloc, QMON__SKIP_BLOCK_LEB, 0},  {DW_FORM_string, QMON__SKIP_STRING, 0},
        {DW_FORM_indirect, QMON__SKIP_INDIRECT, 0},
    };
    switch (form) {
    case DW_FORM_addr:
        return FIXED(encoding.address_bytes);
    case DW_FORM_ref_addr:
        return FIXED(encoding.version == 2 ? encoding.address_bytes : encoding.offset_bytes);
    case DW_FORM_strp:
    case DW_FORM_sec_offset:
    case DW_FORM_line_strp:
    case DW_FORM_strp_sup:
    case DW_FORM_GNU_ref_alt:
    case DW_FORM_GNU_strp_alt:
        return FIXED(encoding.offset_bytes);
    default:
        break;
    }
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (forms[i].form == form)
            return (struct qmon__skip){forms[i].kind, forms[i].bytes};
    return (struct qmon__skip){QMON__SKIP_UNKNOWN, 0};
}

void qmon__skip_value(struct qmon__skip skip, struct qmon__encoding encoding, struct qmon__cursor *cursor) {
    switch ((enum qmon__skip_kind) skip.kind) {
    case QMON__SKIP_FIXED:
        qmon__cursor_skip(cursor, skip.bytes);
        break;
    case QMON__SKIP_LEB:
        qmon__cursor_skip_leb(cursor);
        break;
    case QMON__SKIP_BLOCK:
        qmon__cursor_skip(cursor, qmon__cursor_number(cursor, skip.bytes));
        break;
    case QMON__SKIP_BLOCK_LEB:
        qmon__cursor_skip(cursor, qmon__cursor_uleb(cursor));
        break;
    case QMON__SKIP_STRING:
        qmon__cursor_string(cursor);
        break;
    case QMON__SKIP_INDIRECT: {
        uint64_t form = qmon__cursor_uleb(cursor);
        struct qmon__skip inner = qmon__form_skip((uint16_t) form, encoding);
        if (form > UINT16_MAX || form == DW_FORM_indirect || form == DW_FORM_implicit_const)
            qmon__cursor_fail(cursor);
        else
            qmon__skip_value(inner, encoding, cursor);
        break;
    }
    case QMON__SKIP_UNKNOWN:
        qmon__cursor_fail(cursor);
        break;
    }
}

struct qmon__value qmon__value_read(const struct qmon__abbrev_attribute *attribute, struct qmon__encoding encoding,
                                    struct qmon__cursor *cursor) {
    struct qmon__value value = {.form = attribute->form};
    struct qmon__skip skip = attribute->skip;
    if (skip.kind == QMON__SKIP_INDIRECT) {
        uint64_t inner = qmon__cursor_uleb(cursor);
        if (inner > UINT16_MAX || inner == DW_FORM_indirect || inner == DW_FORM_implicit_const)
            qmon__cursor_fail(cursor);
        value.form = (uint16_t) inner;
        skip = qmon__form_skip(value.form, encoding);
    }
    if (value.form == DW_FORM_implicit_const)
        value.number = (uint64_t) attribute->implicit;
    else if (value.form == DW_FORM_flag_present)
        value.number = 1;
    else if (value.form == DW_FORM_sdata)
        value.number = (uint64_t) qmon__cursor_sleb(cursor);
    else if (skip.kind == QMON__SKIP_STRING)
        value.number = (uintptr_t) qmon__cursor_string(cursor);
    else if (skip.kind == QMON__SKIP_LEB)
        value.number = qmon__cursor_uleb(cursor);
    else if (skip.kind == QMON__SKIP_FIXED && skip.bytes <= sizeof value.number)
        value.number = qmon__cursor_number(cursor, skip.bytes);
    else
        qmon__skip_value(skip, encoding, cursor);
    return value;
}

void qmon__die_read(const struct qmon__abbrevs *table, const struct qmon__abbrev *abbrev,
                    struct qmon__encoding encoding, struct qmon__cursor *cursor,
                    struct qmon__value values[QMON__SLOTS]) {
    memset(values, 0, QMON__SLOTS * sizeof *values);
    for (uint32_t i = 0; i < abbrev->attribute_count; i++) {
        const struct qmon__abbrev_attribute *attribute = &table->attributes[abbrev->first_attribute + i];
        struct qmon__skip skip = attribute->skip;
        bool fixed = skip.kind == QMON__SKIP_FIXED;
        if (!attribute->slot && fixed) {
            qmon__cursor_skip(cursor, skip.bytes);
        } else if (!attribute->slot) {
            qmon__skip_value(skip, encoding, cursor);
        } else if (fixed && skip.bytes && skip.bytes <= 8) {
            values[attribute->slot].number = qmon__cursor_number(cursor, skip.bytes);
            values[attribute->slot].form = attribute->form;
        } else {
            values[attribute->slot] = qmon__value_read(attribute, encoding, cursor);
        }
    }
}

static const char *text_by_index(const struct qmon__unit *unit, uint64_t index) {
    const struct qmon__bytes *sections = unit->dwarf->sections;
    uint64_t offset;
    if (__builtin_mul_overflow(index, (uint64_t) unit->encoding.offset_bytes, &offset) ||
        __builtin_add_overflow(offset, unit->str_offsets_base, &offset))
        return NULL;
    struct qmon__cursor cursor = qmon__cursor_at(sections[QMON__DEBUG_STR_OFFSETS], offset);
    offset = qmon__cursor_number(&cursor, unit->encoding.offset_bytes);
    return cursor.bad ? NULL : qmon__string_at(sections[QMON__DEBUG_STR], offset);
}

const char *qmon__value_text(const struct qmon__unit *unit, const struct qmon__value *value) {
    const struct qmon__bytes *sections = unit->dwarf->sections;
    switch (value->form) {
    case DW_FORM_string:
        return (const char *) (uintptr_t) value->number;
    case DW_FORM_strp:
        return qmon__string_at(sections[QMON__DEBUG_STR], value->number);
    case DW_FORM_line_strp:
        return qmon__string_at(sections[QMON__DEBUG_LINE_STR], value->number);
    case DW_FORM_strp_sup:
    case DW_FORM_GNU_strp_alt:
        return unit->dwarf->alternate
                   ? qmon__string_at(unit->dwarf->alternate->sections[QMON__DEBUG_STR], value->number)
                   : NULL;
    case DW_FORM_strx:
    case DW_FORM_strx1:
    case DW_FORM_strx2:
    case DW_FORM_strx3:
    case DW_FORM_strx4:
    case DW_FORM_GNU_str_index:
        return text_by_index(unit, value->number);
    default:
        return NULL;
    }
}

bool qmon__address_at(const struct qmon__unit *unit, uint64_t index, uint64_t *ret_address) {
    uint64_t offset;
    if (__builtin_mul_overflow(index, (uint64_t) unit->encoding.address_bytes, &offset) ||
        __builtin_add_overflow(offset, unit->addr_base, &offset))
        return false;
    struct qmon__cursor cursor = qmon__cursor_at(unit->dwarf->sections[QMON__DEBUG_ADDR], offset);
    uint64_t address = qmon__cursor_number(&cursor, unit->encoding.address_bytes);
    if (!cursor.bad)
        *ret_address = address;
    return !cursor.bad;
}

bool qmon__value_address(const struct qmon__unit *unit, const struct qmon__value *value, uint64_t *ret_address) {
    switch (value->form) {
    case DW_FORM_addr:
        *ret_address = value->number;
        return true;
    case DW_FORM_addrx:
    case DW_FORM_addrx1:
    case DW_FORM_addrx2:
    case DW_FORM_addrx3:
    case DW_FORM_addrx4:
    case DW_FORM_GNU_addr_index:
        return qmon__address_at(unit, value->number, ret_address);
    default:
        return false;
    }
}

bool qmon__value_reference(const struct qmon__unit *unit, const struct qmon__value *value,
                           struct qmon__dwarf **ret_dwarf, uint64_t *ret_offset) {
    struct qmon__dwarf *dwarf = unit->dwarf;
    uint64_t offset = value->number;
    switch (value->form) {
    case DW_FORM_ref1:
    case DW_FORM_ref2:
    case DW_FORM_ref4:
    case DW_FORM_ref8:
    case DW_FORM_ref_udata:
        if (__builtin_add_overflow(offset, unit->offset, &offset))
            return false;
        break;
    case DW_FORM_ref_addr:
        break;
    case DW_FORM_GNU_ref_alt:
    case DW_FORM_ref_sup4:
    case DW_FORM_ref_sup8:
        dwarf = dwarf->alternate;
        break;
    default:
        return false;
    }
    if (!dwarf)
        return false;
    *ret_dwarf = dwarf;
    *ret_offset = offset;
    return true;
}
