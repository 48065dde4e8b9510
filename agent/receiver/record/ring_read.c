/*
 * Slots are looked at in two steps, each a system call: first their sequences, then the text of those that were filled. A
 * producer sets the sequence last, so what is copied after a sequence was seen is whole.
 */
#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ring.h"

#define PAGE_MASK 4095u
/* For FUTEX_WAKE_OP: the second word |= 1 << 31, which is QMON_REPEATS_CLOSED; wakes nobody. */
#define CLOSE ((uint32_t) (FUTEX_OP_OR | FUTEX_OP_OPARG_SHIFT) << 28 | FUTEX_OP_CMP_EQ << 24 | 31 << 12)

static size_t slot_offset(uint32_t turn) {
    return offsetof(struct qmon_record, ring.slots) + (turn % QMON_RING_SLOTS) * sizeof(struct qmon_ring_slot);
}

static int read_exactly(const struct qmon__record_file *file, size_t offset, void *ret_bytes, size_t count) {
    ssize_t got = pread(file->fd, ret_bytes, count, (off_t) offset);
    if (got < 0)
        return -errno;
    return got == (ssize_t) count ? 0 : -EBADMSG;
}

static int read_sequence(const struct qmon__record_file *file, uint32_t turn, uint32_t *ret_sequence) {
    int error = read_exactly(file, slot_offset(turn), ret_sequence, sizeof *ret_sequence);
    /* A record of zeroes: sequences count from the slot's own index. */
    if (error == 0 && *ret_sequence == 0 && turn < QMON_RING_SLOTS)
        *ret_sequence = turn;
    return error;
}

void qmon__ring_begin(struct qmon__record_file *file, struct qmon__ring_cursor *ret_cursor) {
    const struct qmon_record_ring *ring = &file->copy->ring;
    ret_cursor->tail = atomic_load(&ring->tail);
    ret_cursor->freed = ret_cursor->tail;
    ret_cursor->asked = ring->asked;
}

static uint16_t at_most(uint16_t value, size_t limit) {
    return value < limit ? value : (uint16_t) limit;
}

void qmon__ring_sanitize(struct qmon_ring_slot *slot) {
    size_t room = QMON_RING_TEXT_BYTES;
    room -= slot->code_bytes = at_most(slot->code_bytes, room);
    room -= slot->endpoint_bytes = at_most(slot->endpoint_bytes, room);
    room -= slot->user_bytes = at_most(slot->user_bytes, room);
    room -= slot->message_bytes = at_most(slot->message_bytes, room);
    slot->extra_bytes = at_most(slot->extra_bytes, room);
    slot->frame_count = at_most(slot->frame_count, QMON_RING_FRAMES);
    slot->thread_name[QMON_THREAD_NAME_BYTES - 1] = '\0';
    if (slot->severity > QMON_SEVERITY_CRITICAL)
        slot->severity = QMON_SEVERITY_ERROR;
}

static int read_head(const struct qmon__record_file *file, uint32_t *ret_head) {
    return read_exactly(file, offsetof(struct qmon_record, ring.head), ret_head, sizeof *ret_head);
}

/* A consumer that died may have freed slots without saying so; a tail that lies further back than there are slots is wrong
 * altogether. Returns whether the cursor moved. */
static bool catch_up(struct qmon__ring_cursor *cursor, uint32_t head, uint32_t sequence) {
    if (head - cursor->tail > QMON_RING_SLOTS)
        cursor->tail = head - QMON_RING_SLOTS;
    else if ((int32_t) (sequence - cursor->tail) > 1)
        cursor->tail++;
    else
        return false;
    cursor->freed = cursor->tail;
    return true;
}

/* No producer counts repeats in these any more. An atomic change of a word that we must not touch ourselves, as the file may be
 * cut under us: the kernel makes it, and answers a hole with EFAULT. Where it cannot (a copy that nobody writes to), there
 * is no producer either. */
static void close_slots(const struct qmon__record_file *file, uint32_t first, unsigned count) {
    const size_t start = offsetof(struct qmon_record, ring) & ~(size_t) PAGE_MASK;
    const size_t bytes = sizeof(struct qmon_record) - start;
    char *mapped =
        count > 0 ? mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file->fd, (off_t) start) : MAP_FAILED;
    if (mapped == MAP_FAILED)
        return;
    char *wake = mapped + offsetof(struct qmon_record, ring.wake) - start;
    for (unsigned i = 0; i < count; i++) {
        char *repeats = mapped + slot_offset(first + i) + offsetof(struct qmon_ring_slot, repeats) - start;
        syscall(SYS_futex, wake, FUTEX_WAKE_OP, 0, NULL, repeats, CLOSE);
    }
    munmap(mapped, bytes);
}

int qmon__ring_take(struct qmon__record_file *file, struct qmon__ring_cursor *cursor, struct qmon_ring_slot *ret_slots,
                    unsigned limit, enum qmon__ring_next *ret_next) {
    unsigned count = 0;
    *ret_next = QMON__RING_FILLED;
    while (count < limit) {
        uint32_t turn = cursor->tail + count, sequence, head;
        int error = read_sequence(file, turn, &sequence);
        if (error < 0)
            return error;
        if (sequence == turn + 1) {
            count++;
            continue;
        }
        error = read_head(file, &head);
        if (error < 0)
            return error;
        bool claimed = (int32_t) (head - turn) > 0;
        if (claimed && count == 0 && cursor->freed == cursor->tail && catch_up(cursor, head, sequence))
            continue;
        *ret_next = claimed ? QMON__RING_STUCK : QMON__RING_EMPTY;
        break;
    }
    close_slots(file, cursor->tail, count);
    for (unsigned i = 0; i < count; i++) {
        int error = read_exactly(file, slot_offset(cursor->tail + i), &ret_slots[i], sizeof ret_slots[i]);
        if (error < 0)
            return error;
        qmon__ring_sanitize(&ret_slots[i]);
    }
    cursor->tail += count;
    return (int) count;
}

int qmon__ring_free(struct qmon__record_file *file, struct qmon__ring_cursor *cursor) {
    for (; cursor->freed != cursor->tail; cursor->freed++) {
        uint32_t sequence = cursor->freed + QMON_RING_SLOTS;
        int error = qmon__record_write(file, slot_offset(cursor->freed), &sequence, sizeof sequence);
        if (error < 0)
            return error;
    }
    return qmon__record_write(file, offsetof(struct qmon_record, ring.tail), &cursor->tail, sizeof cursor->tail);
}

int qmon__ring_skip(struct qmon__record_file *file, struct qmon__ring_cursor *cursor) {
    cursor->tail++;
    return qmon__ring_free(file, cursor);
}

bool qmon__ring_is_filled(struct qmon__record_file *file, const struct qmon__ring_cursor *cursor) {
    uint32_t sequence;
    return read_sequence(file, cursor->tail, &sequence) == 0 && sequence == cursor->tail + 1;
}

bool qmon__ring_has_filled_behind(struct qmon__record_file *file, const struct qmon__ring_cursor *cursor) {
    for (uint32_t i = 1; i < QMON_RING_SLOTS; i++) {
        uint32_t sequence;
        if (read_sequence(file, cursor->tail + i, &sequence) < 0)
            return false;
        if (sequence == cursor->tail + i + 1)
            return true;
    }
    return false;
}
