/* zone_rule.h: the rule at the end of a zone's file, for times after its last change. Private to agent/pipeline. */
#ifndef QMON_PIPELINE_ZONE_RULE_H
#define QMON_PIPELINE_ZONE_RULE_H

#include <stdbool.h>
#include <stdint.h>

#define QMON__ZONE_OFFSET_MAX_S (26 * 3600) /* what RFC 8536 lets a clock differ from UTC, either way */

/* "CET-1CEST,M3.5.0,M10.5.0/3" (POSIX.1, "TZ"): seconds ahead of UTC at this time. False: it is no such rule. Days given by
 * their number in the year (Jn, n), which no zone uses, are not understood. Untouched on failure. */
bool qmon__zone_rule_offset(const char *rule, int64_t time_s, int64_t *ret_offset_s);

#endif
