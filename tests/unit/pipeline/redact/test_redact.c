#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>
#include <qmon/config.h>

#include "trace_case.h"

#define BLOT "[redacted]"

static struct qmon_event *event;

static void open_event(void) {
    event = qmon_event_new(1);
    cr_assert_not_null(event);
}

static void close_event(void) {
    qmon_event_free(event);
}

TestSuite(redact, .init = open_event, .fini = close_event, .timeout = 10);

struct pair {
    const char *text, *expected;
};

static void expect(const struct pair *pairs, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const char *got = qmon_redact(event, pairs[i].text);
        cr_expect_str_eq(got, pairs[i].expected, "\n     of: %s\n    got: %s\n wanted: %s", pairs[i].text, got,
                         pairs[i].expected);
        const char *again = qmon_redact(event, got);
        cr_expect_str_eq(again, got, "the second time changes it: %s -> %s", got, again);
    }
}
#define EXPECT(...)                                                                                                    \
    do {                                                                                                               \
        const struct pair pairs[] = {__VA_ARGS__};                                                                     \
        expect(pairs, sizeof pairs / sizeof pairs[0]);                                                                 \
    } while (0)

Test(redact, blots_credentials_in_urls_and_leaves_the_rest) {
    EXPECT({"redis://app:s3cret@cache:6379/0", "redis://app:" BLOT "@cache:6379/0"},
           {"redis://:s3cret@cache", "redis://:" BLOT "@cache"},
           {"cannot reach postgres://u:p@ss:w@db/x now", "cannot reach postgres://u:" BLOT "@db/x now"},
           {"amqp://u:p/w?d#1@mq", "amqp://u:" BLOT "@mq"},
           {"https://0123456789abcdef0123@sentry.example/4", "https://" BLOT "@sentry.example/4"},
           {"https://alice@host/x", "https://alice@host/x"}, {"http://host:8080/a@b", "http://host:8080/a@b"},
           {"http://host/mail@example", "http://host/mail@example"},
           {"(see https://u:pw@h/x)", "(see https://u:" BLOT "@h/x)"});
}

Test(redact, blots_chat_hooks) {
    EXPECT({"POST https://hooks.slack.com/services/T0/B0/xyz failed",
            "POST https://hooks.slack.com/services/" BLOT " failed"},
           {"https://discord.com/api/webhooks/1/abc", "https://discord.com/api/webhooks/" BLOT},
           {"https://slack.com/api/chat.postMessage", "https://slack.com/api/chat.postMessage"});
}

Test(redact, knows_tokens_by_their_looks) {
    EXPECT({"xoxb-1234-5678-abcdef", BLOT}, {"token xoxp-1-2-3-4 is bad", "token " BLOT " is bad"},
           {"id AKIAIOSFODNN7EXAMPLE.", "id " BLOT "."}, {"AKIA is a prefix", "AKIA is a prefix"},
           {"ghp_0123456789abcdefghijABCDEFGHIJ012345", BLOT},
           {"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl!", BLOT "!"}, {"eyJust a word", "eyJust a word"},
           {"glpat-abcdefghijklmnopqrst", BLOT},
           {"risk-taking-is-not-a-token-at-all", "risk-taking-is-not-a-token-at-all"});
}

Test(redact, blots_values_by_the_names_of_their_keys) {
    EXPECT({"PASSWORD=hunter2", "PASSWORD=" BLOT}, {"DB_PASSWORD=a b", "DB_PASSWORD=" BLOT " b"},
           {"password=x&user=joe", "password=" BLOT "&user=joe"}, {"password=x&y", "password=" BLOT},
           {"password: hunter2, user: joe", "password: " BLOT ", user: joe"},
           {"{\"token\": \"a\\\"b\", \"id\": 5}", "{\"token\": \"" BLOT "\", \"id\": 5}"},
           {"{'client_secret':'x y'}", "{'client_secret':'" BLOT "'}"},
           {"{\\\"apiKey\\\":\\\"abc\\\",\\\"n\\\":1}", "{\\\"apiKey\\\":\\\"" BLOT "\\\",\\\"n\\\":1}"},
           {"api-key=1 access_key=2 aws.secret.access.key=3",
            "api-key=" BLOT " access_key=" BLOT " aws.secret.access.key=" BLOT},
           {"PGPASSWORD=x psql", "PGPASSWORD=" BLOT " psql"}, {"MYSQL_PWD=x", "MYSQL_PWD=" BLOT},
           {"PRIVATE_KEY=x", "PRIVATE_KEY=" BLOT}, {"?sig=a%2Fb&sv=2", "?sig=" BLOT "&sv=2"},
           {"password = 'it is'", "password = '" BLOT "'"}, {"password => secret", "password => " BLOT});
}

Test(redact, leaves_alone_what_only_sounds_like_a_secret) {
    static const char *const harmless[] = {
        "PWD=/home/me OLDPWD=/",
        "password-file=/run/secrets/x",
        "--password-file /run/x",
        "author: me",
        "unexpected token",
        "the password is wrong",
        "keyboard=us",
        "token_count=5",
        "passenger: Joe",
        "no such file: /etc/passwd",
        "compass=north",
        "Assertion `token != NULL' failed.",
        "PATH=/usr/bin",
        "a@b.example wrote",
        "id: 17, name: x",
    };
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++)
        cr_expect_str_eq(qmon_redact(event, harmless[i]), harmless[i]);
}

Test(redact, blots_options_and_their_values) {
    EXPECT({"run --password=x -v", "run --password=" BLOT " -v"}, {"run --token x -v", "run --token " BLOT " -v"},
           {"run --password --verbose", "run --password --verbose"},
           {"run --api-key 'a b' c", "run --api-key '" BLOT "' c"});
}

Test(redact, blots_headers_to_their_end) {
    EXPECT({"Authorization: Basic dXNlcjpwdw==", "Authorization: " BLOT},
           {"authorization: Bearer abc.def\nHost: h", "authorization: " BLOT "\nHost: h"},
           {"curl -H 'Authorization: Bearer abc' u", "curl -H 'Authorization: " BLOT "' u"},
           {"{\"Cookie\": \"a=b; c=d\", \"x\": 1}", "{\"Cookie\": \"" BLOT "\", \"x\": 1}"},
           {"Proxy-Authorization: Digest u=\"x\"", "Proxy-Authorization: " BLOT},
           {"sent Bearer abcdefghij to them", "sent Bearer " BLOT " to them"},
           {"the bearer of news", "the bearer of news"});
}

Test(redact, blots_private_keys_even_cut_off) {
    EXPECT({"-----BEGIN RSA PRIVATE KEY-----\nMII\nx\n-----END RSA PRIVATE KEY-----\nrest",
            "-----BEGIN RSA PRIVATE KEY-----" BLOT "-----END RSA PRIVATE KEY-----\nrest"},
           {"key -----BEGIN PRIVATE KEY-----\nMIIabc", "key -----BEGIN PRIVATE KEY-----" BLOT},
           {"-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----"});
}

Test(redact, gives_memory_of_the_event) {
    char text[] = "no secret";
    const char *copy = qmon_redact(event, text);

    text[0] = 'x';
    cr_assert_str_eq(copy, "no secret");
    cr_assert_null(qmon_redact(event, NULL));
    cr_assert_str_eq(qmon_redact(event, ""), "");
}

/* argv as one literal: "ls\0-l". */
#define LINE(argv) qmon_redact_command_line(event, argv, sizeof(argv))

Test(redact, quotes_a_command_line_as_a_shell_wants_it) {
    cr_expect_str_eq(LINE("ls\0-l\0/tmp/x"), "ls -l /tmp/x");
    cr_expect_str_eq(LINE("echo\0a b\0\0it's\0$HOME"), "echo 'a b' '' 'it'\\''s' '$HOME'");
    cr_expect_str_eq(LINE("sh\0-c\0a\nb\t'c'\\"), "sh -c $'a\\nb\\t\\'c\\'\\\\'");
    cr_expect_str_eq(LINE("gr\xc3\xbc\xc3\x9f\xff\x1b[31m"), "'gr\xc3\xbc\xc3\x9f\xef\xbf\xbd\xef\xbf\xbd[31m'");
    cr_expect_str_eq(qmon_redact_command_line(event, "cut\0of", 6), "cut of");
    cr_expect_str_eq(qmon_redact_command_line(event, NULL, 0), "");
}

Test(redact, blots_arguments_behind_options) {
    cr_expect_str_eq(LINE("app\0--password\0p w\0x"), "app --password " BLOT " x");
    cr_expect_str_eq(LINE("app\0--password=p w\0x"), "app --password=" BLOT " x");
    cr_expect_str_eq(LINE("app\0--password\0--verbose\0x"), "app --password --verbose x");
    cr_expect_str_eq(LINE("app\0-token\0x\0y"), "app -token " BLOT " y");
    cr_expect_str_eq(LINE("app\0DB_PASSWORD=x y\0z"), "app DB_PASSWORD=" BLOT " z");
    cr_expect_str_eq(LINE("redis-server\0--requirepass\0x"), "redis-server --requirepass " BLOT);
    cr_expect_str_eq(LINE("app\0--password-file\0/run/x"), "app --password-file /run/x");
}

Test(redact, knows_programs_with_secret_options_of_their_own) {
    cr_expect_str_eq(LINE("/usr/bin/mysql\0-uroot\0-ps3cret\0db"), "/usr/bin/mysql -uroot -p" BLOT " db");
    cr_expect_str_eq(LINE("mysqldump\0-p\0db"), "mysqldump -p db");
    cr_expect_str_eq(LINE("ls\0-pv"), "ls -pv");
    cr_expect_str_eq(LINE("curl\0-u\0joe:pw\0http://x/"), "curl -u joe:" BLOT " http://x/");
    cr_expect_str_eq(LINE("curl\0-ujoe:pw"), "curl -ujoe:" BLOT);
    cr_expect_str_eq(LINE("redis-cli\0-a\0pw\0ping"), "redis-cli -a " BLOT " ping");
    cr_expect_str_eq(LINE("sshpass\0-ppw\0ssh\0h"), "sshpass -p" BLOT " ssh h");
    cr_expect_str_eq(LINE("openssl\0rsa\0-passin\0pass:pw"), "openssl rsa -passin " BLOT);
}

Test(redact, looks_into_commands_that_a_shell_is_given) {
    cr_expect_str_eq(LINE("sh\0-c\0run --token abc; ls"), "sh -c 'run --token " BLOT " ls'");
    cr_expect_str_eq(LINE("sh\0-c\0mysql -uroot -ps3cret db"), "sh -c 'mysql -uroot -p" BLOT " db'");
    cr_expect_str_eq(LINE("bash\0-c\0PGPASSWORD=x psql -h db"), "bash -c 'PGPASSWORD=" BLOT " psql -h db'");
}

Test(redact, blots_the_value_of_every_option_that_is_a_secret) {
    char text[200];

    for (size_t i = 0; i < qmon_option_count; i++) {
        if (!(qmon_options[i].flags & QMON_OPTION_SECRET))
            continue;
        snprintf(text, sizeof text, "env %s=https://chat.example/hooks/abc123 ./server", qmon_options[i].environment);
        const char *got = qmon_redact(event, text);
        cr_expect_null(strstr(got, "abc123"), "%s", got);
        cr_expect_not_null(strstr(got, " ./server"), "%s", got);
    }
}
