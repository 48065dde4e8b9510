/*
 * Every way to credentials, each proved by a request that a server which knows the secret has accepted:
 *  1. variables, with and without a session token          5. a container's endpoint, with a token from a file
 *  2. a profile's keys, of either file                     6. the instance's role, by IMDSv2; the region too
 *  3. a profile's role, by another profile's keys          7. nothing: nobody is asked, and it is said at once
 *  4. web identity                                         8. what does not work is said in words, without secrets
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include <qmon/aws.h>

#include "aws_mock.h"
#include "scratch.h"

TestSuite(aws_access, .timeout = 30);

#define ROLE "arn:aws:iam::123456789012:role/qmon"

static struct qmon_aws_access access_;
static char why[QMON_AWS_WHY_BYTES];
static volatile sig_atomic_t alarms;

static void note_alarm(int signal) {
    (void) signal;
    alarms++;
}

static void assert_found(struct aws_mock *mock, const char *key_id, const char *token, const char *source) {
    struct qmon__http_response response;
    int r = qmon_aws_find(5000, &access_, why);

    cr_assert_eq(r, 0, "%d: %s", r, why);
    cr_assert_str_eq(access_.key_id, key_id);
    cr_assert_not_null(strstr(access_.source, source), "%s", access_.source);
    mock->expected = (struct sigv4_expected){
        .key_id = key_id, .secret = MOCK_SECRET, .token = token, .region = "us-west-2", .service = "ssm"};
    qmon_aws_send(&access_,
                  &(struct qmon_aws_request){.service = "ssm",
                                             .endpoint_id = "SSM",
                                             .path = "/",
                                             .target = "AmazonSSM.GetParameters",
                                             .content_type = "application/x-amz-json-1.1",
                                             .body = "{\"Names\":[\"/a/b\"]}",
                                             .body_bytes = 18,
                                             .timeout_ms = 5000},
                  &response);
    cr_expect_null(atomic_load(&mock->complaint), "%s", atomic_load(&mock->complaint));
    cr_expect_eq(response.status, 200, "%ld %s", response.status, response.reason);
    qmon__http_clear(&response);
    aws_mock_stop(mock);
}

Test(aws_access, keys_in_the_environment_sign_a_request) {
    struct aws_mock mock = {.prefix = ""};

    aws_mock_start(&mock);
    setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", MOCK_SECRET, 1);
    setenv("AWS_REGION", "us-west-2", 1);
    assert_found(&mock, "AKIDEXAMPLE", "", "environment");
}

Test(aws_access, a_long_session_token_is_sent_and_signed) {
    struct aws_mock mock = {.prefix = ""};

    aws_mock_start(&mock);
    setenv("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", MOCK_SECRET, 1);
    setenv("AWS_SESSION_TOKEN", mock_token, 1);
    setenv("AWS_DEFAULT_REGION", "us-west-2", 1);
    cr_assert_gt(strlen(mock_token), 1000);
    assert_found(&mock, "ASIAEXAMPLE", mock_token, "environment");
}

Test(aws_access, the_chosen_profile_of_the_shared_files_gives_keys_and_region) {
    struct scratch home = scratch_make();
    struct aws_mock mock = {.prefix = ""};

    aws_mock_start(&mock);
    setenv("AWS_SHARED_CREDENTIALS_FILE",
           scratch_write(&home, "credentials",
                         "# two of them\n[default]\naws_access_key_id = AKIDDEFAULT\naws_secret_access_key=no\n\n"
                         "[ dev ]\r\n  aws_access_key_id = nested\naws_access_key_id=AKIDDEV\r\n"
                         "aws_secret_access_key =  " MOCK_SECRET "  \r\n[other]\nregion = eu-west-1\n"),
           1);
    setenv("AWS_CONFIG_FILE",
           scratch_write(&home, "config", "[default]\nregion = eu-west-3\n[profile dev]\nregion = us-west-2\n"), 1);
    setenv("AWS_PROFILE", "dev", 1);
    assert_found(&mock, "AKIDDEV", "", "profile dev of the shared credentials file");
    cr_expect_str_eq(access_.region_source, "profile dev");
    scratch_remove(&home);
}

Test(aws_access, the_default_files_are_in_the_home_directory) {
    struct scratch home = scratch_make();
    struct aws_mock mock = {.prefix = ""};
    char command[256];

    aws_mock_start(&mock);
    snprintf(command, sizeof command, "mkdir %s/.aws", home.path);
    cr_assert_eq(system(command), 0);
    scratch_write(&home, ".aws/config",
                  "[default]\nregion = us-west-2\naws_access_key_id = AKIDHOME\naws_secret_access_key = " MOCK_SECRET
                  "\n");
    setenv("HOME", home.path, 1);
    assert_found(&mock, "AKIDHOME", "", "profile default of the shared config file");
    scratch_remove(&home);
}

Test(aws_access, a_profile_takes_a_role_with_the_keys_of_another_one) {
    struct scratch home = scratch_make();
    struct aws_mock mock = {.prefix = ""};

    mock.expected = (struct sigv4_expected){
        .key_id = "AKIDBASE", .secret = MOCK_SECRET, .token = "", .region = "us-west-2", .service = "sts"};
    aws_mock_start(&mock);
    setenv("AWS_SHARED_CREDENTIALS_FILE",
           scratch_write(&home, "credentials",
                         "[base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = " MOCK_SECRET "\n"),
           1);
    setenv("AWS_CONFIG_FILE",
           scratch_write(&home, "config",
                         "[profile ops]\nrole_arn = " ROLE "\nsource_profile = base\nregion = us-west-2\n"),
           1);
    setenv("AWS_PROFILE", "ops", 1);
    assert_found(&mock, MOCK_ROLE_KEY, mock_token, "profile ops, role " ROLE);
    cr_expect_eq(atomic_load(&mock.sts_count), 1);
    scratch_remove(&home);
}

Test(aws_access, a_profile_has_its_credentials_from_a_program) {
    struct aws_mock mock = {.prefix = ""};
    struct scratch scratch = scratch_make();

    aws_mock_start(&mock);
    scratch_write(&scratch, "config",
                  "[default]\nregion = us-west-2\ncredential_process = echo '{\"Version\": 1, \"AccessKeyId\": "
                  "\"AKIDPROGRAM\", \"SecretAccessKey\": \"" MOCK_SECRET
                  "\", \"SessionToken\": \"abc\"}'; echo noise >&2\n");
    setenv("AWS_CONFIG_FILE", scratch_path(&scratch, "config"), 1);
    assert_found(&mock, "AKIDPROGRAM", "abc", "credential_process");
    scratch_remove(&scratch);
}

Test(aws_access, a_program_that_fails_or_hangs_is_named_and_ended) {
    static const struct {
        const char *command, *words;
    } rows[] = {{"exit 3", "failed with exit status 3"},
                {"echo nonsense", "are no credentials"},
                {"sleep 600", "not done in time"},
                {"exec >&-; sleep 600", "not done in time"},
                {"kill -TERM $$", "failed with exit status 143"},
                {"yes", "says too much"}};
    struct scratch scratch = scratch_make();
    char text[200];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(text, sizeof text, "[default]\nregion = us-west-2\ncredential_process = %s\n", rows[i].command);
        scratch_write(&scratch, "config", text);
        setenv("AWS_CONFIG_FILE", scratch_path(&scratch, "config"), 1);
        qmon_aws_forget();
        cr_expect_lt(qmon_aws_find(1000, &access_, why), 0, "%s", rows[i].command);
        cr_expect_not_null(strstr(why, rows[i].words), "%s: %s", rows[i].command, why);
    }
    scratch_remove(&scratch);
}

/* A program with a timer of its own, as the library's users may be; and a receiver, which ignores signals that others end by. */
Test(aws_access, a_program_is_waited_for_no_longer_and_inherits_nothing_for_what_this_process_does_with_signals) {
    const struct itimerval often = {.it_interval.tv_usec = 20000, .it_value.tv_usec = 20000};
    struct scratch scratch = scratch_make();

    signal(SIGALRM, note_alarm);
    signal(SIGTERM, SIG_IGN);
    scratch_write(&scratch, "config", "[default]\nregion = us-west-2\ncredential_process = kill -TERM $$; echo 1\n");
    setenv("AWS_CONFIG_FILE", scratch_path(&scratch, "config"), 1);
    qmon_aws_forget();
    cr_expect_lt(qmon_aws_find(5000, &access_, why), 0);
    cr_expect_not_null(strstr(why, "failed with exit status 143"), "%s", why);
    scratch_write(&scratch, "config", "[default]\nregion = us-west-2\ncredential_process = exec sleep 600\n");
    setitimer(ITIMER_REAL, &often, NULL);
    qmon_aws_forget();
    cr_expect_lt(qmon_aws_find(500, &access_, why), 0);
    setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
    cr_expect_not_null(strstr(why, "not done in time"), "%s", why);
    cr_expect_gt(alarms, 0);
    scratch_remove(&scratch);
}

Test(aws_access, a_web_identity_is_changed_for_the_credentials_of_its_role) {
    struct scratch home = scratch_make();
    struct aws_mock mock = {.prefix = ""};

    aws_mock_start(&mock);
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", scratch_write(&home, "token", MOCK_WEB_TOKEN "\n"), 1);
    setenv("AWS_ROLE_ARN", ROLE, 1);
    setenv("AWS_REGION", "us-west-2", 1);
    assert_found(&mock, MOCK_ROLE_KEY, mock_token, "web identity");
    scratch_remove(&home);
}

Test(aws_access, a_container_endpoint_gets_the_token_of_the_file) {
    struct scratch home = scratch_make();
    struct aws_mock mock = {.prefix = "", .container_token = "pod-token"};

    aws_mock_start(&mock);
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", http_server_url(mock.server, "container"), 1);
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", scratch_write(&home, "token", "pod-token\n"), 1);
    setenv("AWS_REGION", "us-west-2", 1);
    assert_found(&mock, MOCK_CONTAINER_KEY, mock_token, "container");
    scratch_remove(&home);
}

Test(aws_access, an_instance_says_its_role_and_region_to_who_has_a_token) {
    struct aws_mock mock = {.prefix = "", .instance_role = "web-server"};

    aws_mock_start(&mock);
    unsetenv("AWS_EC2_METADATA_DISABLED");
    setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", http_server_url(mock.server, ""), 1);
    assert_found(&mock, MOCK_INSTANCE_KEY, mock_token, "web-server");
    cr_expect_str_eq(access_.region_source, "instance metadata");
}

Test(aws_access, what_was_found_is_not_looked_for_again) {
    struct aws_mock mock = {.prefix = "", .instance_role = "web-server"};
    unsigned before;

    aws_mock_start(&mock);
    unsetenv("AWS_EC2_METADATA_DISABLED");
    setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", http_server_url(mock.server, ""), 1);
    cr_assert_eq(qmon_aws_find(5000, &access_, why), 0, "%s", why);
    before = atomic_load(&mock.imds_count);
    cr_assert_eq(qmon_aws_find(5000, &access_, why), 0);
    cr_expect_eq(atomic_load(&mock.imds_count), before);
    qmon_aws_forget();
    cr_assert_eq(qmon_aws_find(5000, &access_, why), 0);
    cr_expect_gt(atomic_load(&mock.imds_count), before);
    aws_mock_stop(&mock);
}

static double now_ms(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec * 1e3 + (double) now.tv_nsec / 1e6;
}

Test(aws_access, outside_aws_nobody_is_asked) {
    struct aws_mock mock = {.prefix = ""};
    double before, took = 1e9;

    aws_mock_start(&mock);
    unsetenv("AWS_EC2_METADATA_DISABLED");
    setenv("HOME", "/nonexistent", 1);
    cr_expect_not(qmon_aws_likely());
    for (int i = 0; i < 20; i++) {
        before = now_ms();
        cr_assert_eq(qmon_aws_find(5000, &access_, why), -ENOKEY);
        took = now_ms() - before < took ? now_ms() - before : took;
    }
    cr_expect_lt(took, 2.0, "%.1f ms", took);
    cr_expect_not_null(strstr(why, "no AWS credentials"), "%s", why);
    cr_expect_eq(http_server_count(mock.server), 0);
    aws_mock_stop(&mock);
}

Test(aws_access, credentials_are_sent_nowhere_where_others_can_listen) {
    struct aws_mock mock = {.prefix = ""};

    aws_mock_start(&mock);
    setenv("AWS_REGION", "us-west-2", 1);
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "pod-token", 1);
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1.example.com/container", 1);
    cr_expect_eq(qmon_aws_find(5000, &access_, why), -EINVAL, "%s", why);
    cr_expect_not_null(strstr(why, "neither https nor"), "%s", why);
    aws_mock_stop(&mock);
}

struct trouble {
    const char *name, *value; /* a variable besides */
    const char *unset;        /* a variable that is missing */
    int error;
    const char *words;
};

Test(aws_access, what_is_wrong_is_said_in_words_without_secrets) {
    static const struct trouble troubles[] = {
        {"AWS_SESSION_TOKEN", "with\nline", NULL, -EINVAL, "AWS_SESSION_TOKEN is not a credential"},
        {"AWS_REGION", "us-west-2.evil.example/", NULL, -EINVAL, "the region of AWS_REGION is not one"},
        {"AWS_PROFILE", "nowhere", "AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY", -ENOKEY, "profile nowhere"},
        {"X", "", "AWS_SECRET_ACCESS_KEY", -ENOKEY, "only one is set"},
        {"X", "", "AWS_REGION", -ENODATA, "no region is known"},
        {"AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent", "AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY", -ENOENT,
         "No such file"},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/", "AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY",
         -ECONNREFUSED, "container"},
    };

    for (size_t i = 0; i < sizeof troubles / sizeof troubles[0]; i++) {
        struct aws_mock mock = {.prefix = ""};
        char names[128], *rest = names, *name;
        int r;

        aws_mock_start(&mock);
        setenv("HOME", "/nonexistent", 1);
        setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
        setenv("AWS_SECRET_ACCESS_KEY", MOCK_SECRET, 1);
        setenv("AWS_REGION", "us-west-2", 1);
        setenv("AWS_ROLE_ARN", ROLE, 1);
        setenv(troubles[i].name, troubles[i].value, 1);
        snprintf(names, sizeof names, "%s", troubles[i].unset != NULL ? troubles[i].unset : "");
        while ((name = strsep(&rest, " ")) != NULL)
            if (name[0] != '\0')
                unsetenv(name);
        r = qmon_aws_find(2000, &access_, why);
        cr_expect_eq(r, troubles[i].error, "%zu: %d %s", i, r, why);
        cr_expect_not_null(strstr(why, troubles[i].words), "%zu: %s", i, why);
        cr_expect_null(strstr(why, MOCK_SECRET));
        cr_expect_str_empty(access_.secret);
        aws_mock_stop(&mock);
    }
}

Test(aws_access, an_endpoint_is_the_regions_or_what_the_variables_say) {
    char url[256];

    unsetenv("AWS_ENDPOINT_URL");
    setenv("HOME", "/nonexistent", 1);
    qmon_aws_endpoint("eu-central-1", "SSM", "ssm", url, sizeof url);
    cr_expect_str_eq(url, "https://ssm.eu-central-1.amazonaws.com");
    qmon_aws_endpoint("cn-north-1", "CLOUDWATCH_LOGS", "logs", url, sizeof url);
    cr_expect_str_eq(url, "https://logs.cn-north-1.amazonaws.com.cn");
    setenv("AWS_ENDPOINT_URL", "http://localhost:4566/", 1);
    qmon_aws_endpoint("eu-central-1", "SSM", "ssm", url, sizeof url);
    cr_expect_str_eq(url, "http://localhost:4566");
    setenv("AWS_ENDPOINT_URL_SSM", "https://vpce-1.ssm.example", 1);
    qmon_aws_endpoint("eu-central-1", "SSM", "ssm", url, sizeof url);
    cr_expect_str_eq(url, "https://vpce-1.ssm.example");
}
