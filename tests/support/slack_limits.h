/*
 * slack_limits.h: checks a message against what Slack publishes about chat.postMessage, incoming webhooks and Block Kit:
 * structure, types, lengths (UTF-16 units, as Slack counts), escaping, and that nothing in it can be a mention, a link or
 * an unclosed piece of code. Written from the documentation, without the renderer's help.
 */
#ifndef QMON_SLACK_LIMITS_H
#define QMON_SLACK_LIMITS_H

#include <stdbool.h>
#include <stddef.h>

/* bot: the message must name a channel. false: *ret_problem says what is wrong and where. */
bool slack_limits_check(const char *json, size_t bytes, bool bot, char *ret_problem, size_t problem_bytes);

#endif
