/*
 * mock-slack: a Slack (and any other HTTP endpoint) on loopback, for tests that need it in a process of its own, and for
 * trying things out by hand. See slack_mock.h for what it answers, http_script.h for scripts.
 *
 *   mock-slack [--port N] [--port-file FILE] [--log FILE] [--script WORDS] [--token TOKEN] [--tls CA-FILE]
 *              [--outlive]
 *
 * Once it listens it writes its port to --port-file (complete: written aside and renamed), or else prints it. Each request is
 * a line of JSON in --log, or on standard output: n, time_ms, method, path, headers, body, and for messages to Slack
 * "problem" where they break a limit of Slack's. It ends on SIGTERM and SIGINT, and when its parent does.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "slack_limits.h"
#include "slack_mock.h"

struct options {
    const char *port_file, *log, *script, *ca_file;
    uint16_t port;
    bool outlive; /* its parent */
    struct slack_mock slack;
};

static const struct option long_options[] = {
    {"port", required_argument, NULL, 'p'},  {"port-file", required_argument, NULL, 'f'},
    {"log", required_argument, NULL, 'l'},   {"script", required_argument, NULL, 's'},
    {"token", required_argument, NULL, 't'}, {"tls", required_argument, NULL, 'c'},
    {"outlive", no_argument, NULL, 'o'},     {0},
};

static bool read_options(int argc, char **argv, struct options *options) {
    int option;

    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        switch (option) {
        case 'p':
            options->port = (uint16_t) atoi(optarg);
            break;
        case 'f':
            options->port_file = optarg;
            break;
        case 'l':
            options->log = optarg;
            break;
        case 's':
            options->script = optarg;
            break;
        case 't':
            options->slack.token = optarg;
            break;
        case 'c':
            options->ca_file = optarg;
            break;
        case 'o':
            options->outlive = true;
            break;
        default:
            return false;
        }
    }
    return optind == argc;
}

/* Readers never see half a file. */
static bool write_aside(const char *path, const char *text) {
    char aside[4096];

    if (snprintf(aside, sizeof aside, "%s.part", path) >= (int) sizeof aside)
        return false;
    FILE *file = fopen(aside, "we");
    if (!file)
        return false;
    bool fine = fputs(text, file) >= 0;
    return fclose(file) == 0 && fine && rename(aside, path) == 0;
}

static bool copy_certificate(const struct http_server *server, const char *path) {
    char text[8192];
    FILE *file = fopen(http_server_ca(server), "re");

    if (!file)
        return false;
    size_t count = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[count] = '\0';
    return write_aside(path, text);
}

static void add_problem(struct json_object *line, const struct http_seen *seen) {
    bool bot = strcmp(seen->path, "/api/chat.postMessage") == 0;
    char problem[256];

    if (!bot && strncmp(seen->path, "/services/", 10) != 0)
        return;
    if (!slack_limits_check(seen->body, seen->body_bytes, bot, problem, sizeof problem))
        json_object_object_add(line, "problem", json_object_new_string(problem));
}

/* One write(): readers that follow the file see whole lines. */
static void log_request(int fd, size_t number, const struct http_seen *seen) {
    struct json_object *line = json_object_new_object();

    json_object_object_add(line, "n", json_object_new_int64((int64_t) number));
    json_object_object_add(line, "time_ms", json_object_new_uint64(seen->time_ms));
    json_object_object_add(line, "method", json_object_new_string(seen->method));
    json_object_object_add(line, "path", json_object_new_string(seen->path));
    json_object_object_add(line, "headers", json_object_new_string(seen->headers));
    json_object_object_add(line, "body", json_object_new_string(seen->body));
    add_problem(line, seen);
    char *text = NULL;
    int count = asprintf(&text, "%s\n",
                         json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    if (count < 0 || write(fd, text, (size_t) count) != count)
        fprintf(stderr, "mock-slack: a request could not be logged: %s\n", strerror(errno));
    free(text);
    json_object_put(line);
}

static volatile sig_atomic_t ended;
static void on_end(int number) {
    (void) number;
    ended = 1;
}

static void log_until_the_end(struct http_server *server, int fd) {
    for (size_t logged = 0; !ended;) {
        size_t count = http_server_wait(server, logged + 1, 200);
        for (; logged < count; logged++)
            log_request(fd, logged, http_server_seen(server, logged));
    }
}

static bool announce(struct http_server *server, const struct options *options) {
    char port[16];

    snprintf(port, sizeof port, "%u\n", http_server_port(server));
    if (options->ca_file && !copy_certificate(server, options->ca_file))
        return false;
    if (options->port_file)
        return write_aside(options->port_file, port);
    printf("%s", port);
    return fflush(stdout) == 0;
}

int main(int argc, char **argv) {
    static struct options options;
    struct http_server_options server_options = {.respond = slack_mock_respond, .context = &options.slack};
    struct sigaction end = {.sa_handler = on_end};

    if (!read_options(argc, argv, &options)) {
        fprintf(stderr,
                "usage: mock-slack [--port N] [--port-file FILE] [--log FILE] [--script WORDS] [--token TOKEN]\n"
                "                  [--tls CA-FILE] [--outlive]\n");
        return 2;
    }
    sigaction(SIGTERM, &end, NULL);
    sigaction(SIGINT, &end, NULL);
    if (!options.outlive)
        prctl(PR_SET_PDEATHSIG, SIGTERM);
    server_options.port = options.port;
    server_options.tls = options.ca_file ? HTTP_TLS_GOOD : HTTP_TLS_NONE;
    struct http_server *server = http_server_start(&server_options);
    int fd = options.log ? open(options.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : STDOUT_FILENO;
    if (!server || fd < 0 || (options.script && !http_server_script_words(server, options.script)) ||
        !announce(server, &options)) {
        fprintf(stderr, "mock-slack: could not start: %s\n", strerror(errno));
        return 1;
    }
    log_until_the_end(server, fd);
    http_server_stop(server);
    return 0;
}
