/* What is kept belongs to the thread (thread.h). A signal handler that reports, too, keeps its own there; whoever finds that somebody
 * was there meanwhile, by `turn`, knows nothing. */
#include "sites.h"

#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "background.h"

#define CALLS 64u
#define PAGE 4096u
#define TEXTS 4u

static void list_texts(const struct qmon__report_text *text, const char *ret_texts[TEXTS]) {
    ret_texts[0] = text->code;
    ret_texts[1] = text->endpoint;
    ret_texts[2] = text->user_id;
    ret_texts[3] = text->message;
}

struct search {
    const char *texts[TEXTS];
    bool fixed[TEXTS];
};

static void look_into(const ElfW(Phdr) * segment, uintptr_t bias, struct search *search) {
    for (size_t i = 0; i < TEXTS; i++)
        search->fixed[i] |= (uintptr_t) search->texts[i] - (bias + segment->p_vaddr) < segment->p_memsz;
}

static int look_into_module(struct dl_phdr_info *info, size_t bytes, void *argument) {
    (void) bytes;
    for (size_t i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD && (info->dlpi_phdr[i].p_flags & PF_W) == 0)
            look_into(&info->dlpi_phdr[i], info->dlpi_addr, argument);
    return 0;
}

/* Do all texts lie where modules have what nobody writes to? */
static bool are_fixed(const struct qmon__report_text *text) {
    struct search search = {.fixed = {false}};
    if (text->extras != NULL)
        return false;
    list_texts(text, search.texts);
    dl_iterate_phdr(look_into_module, &search);
    bool fixed = true;
    for (size_t i = 0; i < TEXTS; i++)
        fixed = fixed && (search.fixed[i] || search.texts[i] == NULL);
    return fixed;
}

uint64_t qmon__site_recall(const struct qmon__report_text *text, const struct qmon__report_place *place,
                           uint64_t *ret_words) {
    struct qmon__report_memory *last = &qmon__thread.last_report;
    const uint32_t turn = last->turn;
    *ret_words = 0;
    atomic_signal_fence(memory_order_seq_cst);
    if (last->streak < CALLS || last->return_address != place->return_address ||
        last->stack_pointer != place->stack_pointer || !qmon__site_has_trail(last))
        return 0;
    if (!last->fixed || !qmon__site_has_texts(last, text)) {
        *ret_words = qmon__words_key(text);
        if (*ret_words != last->words)
            return 0;
    }
    const bool known = ++last->streak % QMON__SITE_WALK != 0;
    const uint64_t key = last->key;
    atomic_signal_fence(memory_order_seq_cst);
    return known && last->turn == turn ? key : 0;
}

/* A handler that reports meanwhile leaves another key there, or the same one. */
void qmon__site_counted(uint64_t key, struct qmon_record_ring *ring, uint32_t turn) {
    struct qmon__report_memory *last = &qmon__thread.last_report;
    if (last->streak < CALLS || !last->fixed || last->key != key)
        return;
    last->counted_key = 0;
    atomic_signal_fence(memory_order_seq_cst);
    last->ring = ring;
    last->slot = &ring->slots[turn % QMON_RING_SLOTS];
    last->slot_turn = turn;
    atomic_signal_fence(memory_order_seq_cst);
    last->counted_key = key;
}

void qmon__site_ask(void) {
    const int error_number = errno;
    qmon__background_ask(QMON__CHORE_RING);
    errno = error_number;
}

/* Those of the program's own functions, as far as they lie in the page. */
__attribute__((no_sanitize("address"))) static void keep_trail(struct qmon__report_memory *last,
                                                               const struct qmon__trail *trail) {
    const uintptr_t low = (uintptr_t) last->stack_pointer;
    last->trail_count = 0;
    for (size_t i = 0; i < trail->count && last->trail_count < QMON__SITE_TRAIL; i++) {
        const uintptr_t slot = trail->slots[i];
        if (slot < low || slot / PAGE != low / PAGE)
            continue;
        last->trail_distances[last->trail_count] = (uint16_t) (slot - low);
        last->trail[last->trail_count++] = *(const uintptr_t *) slot;
    }
    for (unsigned i = last->trail_count; i < QMON__SITE_TRAIL; i++) {
        last->trail_distances[i] = last->trail_distances[0];
        last->trail[i] = last->trail[0];
    }
}

static void keep_texts(struct qmon__report_memory *last, const struct qmon__report_text *text, uint32_t streak) {
    const bool same = qmon__site_has_texts(last, text);
    if (same && last->fixed)
        return;
    last->code = text->code;
    last->endpoint = text->endpoint;
    last->user_id = text->user_id;
    last->message = text->message;
    last->severity = text->severity;
    last->age = qmon__steps_age();
    const bool is_due = streak == CALLS || ((streak - 1) & (streak - 2)) == 0; /* more and more seldom */
    last->fixed = is_due && are_fixed(text);
}

void qmon__site_note(const struct qmon__report_text *text, const struct qmon__report_place *place, uint64_t words,
                     uint64_t key, const struct qmon__trail *trail) {
    struct qmon__report_memory *last = &qmon__thread.last_report;
    const bool same = last->return_address == place->return_address && last->stack_pointer == place->stack_pointer &&
                      last->words == words && last->key == key;
    uint32_t streak = same ? last->streak + 1 : 0;
    const uint32_t turn = ++last->turn;
    last->streak = 0;
    last->counted_key = 0;
    atomic_signal_fence(memory_order_seq_cst);
    last->return_address = place->return_address;
    last->stack_pointer = place->stack_pointer;
    last->words = words;
    last->key = key;
    if (streak >= CALLS) {
        keep_trail(last, trail);
        keep_texts(last, text, streak);
        if (last->trail_count < 2) /* too little to know it by */
            streak = CALLS - 1;
    }
    atomic_signal_fence(memory_order_seq_cst);
    last->streak = last->turn == turn ? streak : 0;
}
