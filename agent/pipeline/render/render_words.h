/* render_words.h: the words for single frames. Private to render*.c. */
#ifndef QMON_RENDER_WORDS_H
#define QMON_RENDER_WORDS_H

#include <qmon/render.h>
#include <qmon/text.h>

/* "http.c:212", or the module where the source is not known; returns its columns, 0 for nothing. */
size_t qmon__words_place(const struct qmon_frame *frame, bool base_names, size_t max_columns, char *ret_text,
                         size_t bytes);
/* "parse_header", "parse_header+0x1c" without a source line, "libhttp.so+0x4f12" or the bare address without a name. */
void qmon__words_function(struct qmon_text *text, const struct qmon_frame *frame, size_t max_columns);
/* `whole`: however long its name is. */
void qmon__words_function_whole(struct qmon_text *text, const struct qmon_frame *frame, size_t max_columns, bool whole);
/* --- short_name.c: cut where the buffer ends. */
void qmon__short_name(const char *name, char *ret_text, size_t bytes);
/* " (raise … abort)": the functions at both ends of a run. */
void qmon__words_range(struct qmon_text *text, const struct qmon_thread *thread, size_t first, size_t count);

#endif
