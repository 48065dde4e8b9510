#include <errno.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <qmon/log.h>

#include "bound.h"
#include "moment.h"
#include "pass.h"

int qmon__pass_open(struct qmon__pass *ret_pass, uint64_t deadline_ms) {
    struct qmon_config *config = qmon_config_load(environ);
    if (config == NULL)
        return -ENOMEM;
    qmon_log_open(config->log);
    for (size_t i = 0; i < config->problem_count; i++)
        qmon_log("configuration: %s", config->problems[i]);
    char directory[PATH_MAX];
    int found = qmon_state_dir(config->state_dir, environ, directory, sizeof directory);
    if (found < 0)
        qmon_log("no state directory can be written to; this event is kept in memory only");
    else if (found > 0)
        qmon_log("the state directory is %s, as the one wanted cannot be written to", directory);
    const char *problem = NULL;
    struct qmon_store *store = qmon_store_open(found < 0 ? NULL : directory, &problem);
    if (store == NULL) {
        qmon_config_free(config);
        return -ENOMEM;
    }
    if (problem != NULL)
        qmon_log("store: %s", problem);
    qmon__pass_borrow(ret_pass, config, store, deadline_ms);
    ret_pass->owns = true;
    return 0;
}

void qmon__pass_borrow(struct qmon__pass *ret_pass, const struct qmon_config *config, struct qmon_store *store,
                       uint64_t deadline_ms) {
    *ret_pass = (struct qmon__pass){.config = config,
                                    .store = store,
                                    .deadline_ms = deadline_ms,
                                    .makeshift = !qmon_store_is_durable(store) && qmon__is_bound()};
}

/* Memory, or the upper layer that a container's files are written to. What a container is lent to keep is neither. */
static bool is_fleeting(const char *directory) {
    struct statfs status;
    return statfs(directory, &status) == 0 &&
           (status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC || status.f_type == OVERLAYFS_SUPER_MAGIC);
}

void qmon__pass_is_last(struct qmon__pass *pass) {
    char directory[PATH_MAX];
    pass->last_chance = true;
    pass->fleeting =
        qmon_state_dir(pass->config->state_dir, environ, directory, sizeof directory) >= 0 && is_fleeting(directory);
}

void qmon__pass_renew(struct qmon__pass *pass) {
    if (pass->renewal_ms == 0)
        return;
    pass->deadline_ms = qmon_monotonic_ms() + pass->renewal_ms;
    qmon__die_in(pass->renewal_ms);
}

void qmon__pass_close(struct qmon__pass *pass) {
    if (pass->symbolizer != NULL)
        qmon_symbolizer_close(pass->symbolizer);
    if (pass->cache != NULL)
        pass->cache->class->close(pass->cache);
    if (pass->owns) {
        qmon_store_close(pass->store);
        qmon_config_free((struct qmon_config *) pass->config);
    }
    *pass = (struct qmon__pass){0};
}

void qmon__count(struct qmon__pass *pass, const char *name, const char *reason, uint64_t by) {
    qmon_store_count(pass->store, name, reason, by);
    qmon_log("%s%s%s: %llu", name, reason[0] != '\0' ? " " : "", reason, (unsigned long long) by);
}
