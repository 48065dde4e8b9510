/* slack_told.c: a template's body, in as many sections as it needs. */
#include <stdio.h>
#include <string.h>

#include "slack_render.h"
#include "slack_text.h"
#include "words.h"

#define SECTIONS_MAX 8
#define ROOM (QMON__SLACK_SECTION - 16) /* for the fences of a block of code that goes on in the next section */
#define FENCE "```"

static bool is_open_behind(const char *body, size_t bytes, bool open) {
    for (size_t i = 0; i + sizeof FENCE - 1 <= bytes; i++)
        if (strncmp(body + i, FENCE, sizeof FENCE - 1) == 0) {
            open = !open;
            i += sizeof FENCE - 2;
        }
    return open;
}

void qmon__slack_add_told(struct qmon__slack_message *message, const char *body) {
    char buffer[QMON__SLACK_SECTION + 1];
    bool open = false;

    for (unsigned i = 0; i < SECTIONS_MAX && *body; i++) {
        size_t bytes = strlen(body) > ROOM ? qmon__words_cut(body, ROOM) : strlen(body);
        bool was_open = open;
        open = is_open_behind(body, bytes, open);
        snprintf(buffer, sizeof buffer, "%s%.*s%s", was_open ? FENCE "\n" : "", (int) bytes, body,
                 open ? "\n" FENCE : "");
        qmon__slack_section(message, QMON__SLACK_MRKDWN, buffer);
        body += bytes;
        body += *body == '\n' || *body == ' ';
    }
    if (message->times) {
        struct qmon_text text;
        qmon__words_begin(&text, buffer, sizeof buffer);
        qmon__slack_times(&text, message);
        qmon__words_end(&text);
        qmon__slack_section(message, QMON__SLACK_MRKDWN, buffer);
    }
}
