/*
 * The simplest use of libqmon-kit: errors are counted over the fleet, and the first of each kind is told to whichever channels
 * are configured.
 *
 *     cc kit_simple.c $(pkg-config --cflags --libs qmon-kit)
 *     APP_NAME=shop STAGE=test SLACK_WEBHOOK_URL=https://hooks.slack.com/... ./a.out
 */
#include <stdio.h>

#include <qmon/kit.h>

static int pay(struct qmon_kit *kit, const char *user) {
    static const char *const extras[] = {"gateway", "eu-1", NULL};
    const struct qmon_kit_error error = {.code = "payment-declined",
                                         .endpoint = "/checkout",
                                         .user_id = user,
                                         .message = "the gateway said no",
                                         .extras = extras,
                                         QMON_KIT_HERE};

    return qmon_kit_report(kit, &error);
}

int main(void) {
    static const char *const settings[] = {
        "QMON_IGNORED_ERROR_CODES=404,4*",            /* ignore 404 and everything like it */
        "QMON_IGNORED_FILES=*_test.c,health_check.c", /* and these files */
        "QMON_IGNORED_ENDPOINTS=/health,/internal/*", /* and these endpoints */
        NULL,
    };
    struct qmon_kit *kit = qmon_kit_open(settings);
    const struct qmon_kit_error not_found = {.code = "404", .endpoint = "/favicon.ico", QMON_KIT_HERE};

    if (kit == NULL)
        return 1;
    printf("startup: told to %d\n", qmon_kit_lifecycle(kit, "startup", "v1.2.3"));
    for (int i = 0; i < 3; i++)
        printf("declined: %s\n", pay(kit, "user-7") == 1 ? "alerted" : "held back");
    printf("not found: %s\n", qmon_kit_report(kit, &not_found) == 1 ? "alerted" : "held back");
    if (qmon_kit_notifier_problem(qmon_kit_notifier_of(kit)) != NULL)
        printf("problem: %s\n", qmon_kit_notifier_problem(qmon_kit_notifier_of(kit)));
    qmon_kit_close(kit);
    return 0;
}
