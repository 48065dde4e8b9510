#include "others.h"

#include <limits.h>
#include <unistd.h>

#include "crash_loop.h"
#include "digest.h"
#include "moment.h"
#include "places.h"
#include "recover.h"
#include "resolve.h"

#define LATE_MS 500u /* no recovery of others' records with less time left */

/* Something is held back that nobody may come to tell after us: by us, or by another in a container that ends with the host, where
 * who waits to tell it ends, too. */
static bool must_tell(struct qmon__pass *pass, bool waited_for) {
    struct qmon_held held[1];
    if (pass->store == NULL || !(waited_for || !qmon_store_is_durable(pass->store)))
        return false;
    return pass->held_back || (pass->last_chance && qmon_store_held(pass->store, QMON_HELD_UNTOLD, held, 1) > 0);
}

bool qmon__see_to_others(struct qmon__pass *pass, struct qmon__record_file *file, bool waited_for, bool alone) {
    struct qmon__places places;
    char state_dir[PATH_MAX];
    if (must_tell(pass, waited_for)) {
        qmon__tell_digests(pass, true);
        qmon__deliver(pass, NULL);
    }
    if (waited_for || pass->store == NULL || pass->makeshift || qmon_monotonic_ms() + LATE_MS > pass->deadline_ms ||
        qmon_state_dir(pass->config->state_dir, environ, state_dir, sizeof state_dir) < 0)
        return false;
    qmon__places_open(&places, state_dir, pass->config);
    if (file->directory >= 0)
        qmon__places_add(&places, file->directory);
    qmon__record_close(file); /* with its lock */
    qmon__recover(pass, &places, NULL, true);
    qmon__places_close(&places);
    qmon__tell_resolved(pass, qmon_real_ms());
    qmon__tell_loops_over(pass, qmon_real_ms());
    bool digest_waits = qmon__tell_digests(pass, alone) != 0 && !alone;
    qmon__deliver(pass, NULL);
    qmon_store_retain(pass->store, qmon_real_ms());
    return digest_waits;
}
