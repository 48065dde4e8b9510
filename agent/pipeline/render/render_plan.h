/* render_plan.h: which rows a thread's trace has, before they become words. Private to render*.c. */
#ifndef QMON_RENDER_PLAN_H
#define QMON_RENDER_PLAN_H

#include <qmon/render.h>

#define QMON__FOLD_CLASSES 3 /* libc, runtime, filtered */
enum qmon__fold_class { QMON__FOLD_LIBC, QMON__FOLD_RUNTIME, QMON__FOLD_FILTERED, QMON__FOLD_NOT };

struct qmon__plan_row {
    enum qmon_render_kind kind;
    size_t first, count; /* the thread's frames */
    uint64_t times;
    uint64_t stands_for;                /* frames, those that were not captured included */
    size_t classes[QMON__FOLD_CLASSES]; /* QMON_ROW_FOLDED: frames of each */
};

struct qmon__plan {
    const struct qmon_thread *thread;
    struct qmon__plan_row *rows;
    size_t count, capacity;
    uint64_t *keys;  /* of each frame, equal where they are the same place of the program */
    size_t origin;   /* SIZE_MAX none */
    size_t faulting; /* the frame that is never folded; SIZE_MAX none */
    bool unfolded;
    bool has_app;          /* frames of the program: what stands between them is worth folding */
    bool runtime_is_first; /* they are all the interpreter's */
    bool failed;           /* out of memory */
};

/* Fills *plan (from nothing) for thread `number` of the event. 0, or -ENOMEM. qmon__plan_free() in both cases. */
int qmon__plan_make(struct qmon__plan *plan, const struct qmon_event *event, size_t number,
                    const struct qmon_render_options *options);
void qmon__plan_free(struct qmon__plan *plan);

void qmon__plan_add(struct qmon__plan *plan, const struct qmon__plan_row *row);
/* Recursion that begins at frame `at`: adds its rows and returns how many frames they stand for; 0 none. */
size_t qmon__plan_recursion(struct qmon__plan *plan, size_t at);
/* Leaves out rows in the middle until there are at most max_rows. */
void qmon__plan_cut(struct qmon__plan *plan, size_t max_rows);

#endif
