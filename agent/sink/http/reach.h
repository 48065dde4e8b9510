/* reach.h: may a server that was not to be had be there a moment later? Private to agent/sink. */
#ifndef QMON_REACH_H
#define QMON_REACH_H

#include <stdbool.h>

/* Whether a connection to `host` (a name or an address, perhaps with a port behind it) that failed at once (refused, no address found) may succeed within seconds. Not where nobody listens on
 * this machine itself, nor where no route leads out of the network namespace, as in a sandbox. */
bool qmon__reach_may_come(const char *host);

/* The same of a URL's host. */
bool qmon__reach_may_come_by_url(const char *url);

/* Whether the kernel's tables in `directory` ("/proc/net": `route`, `ipv6_route`) have a route that is not the loopback's. True
 * where neither table can be read: then it is not known. */
bool qmon__reach_leads_out(const char *directory);

#endif
