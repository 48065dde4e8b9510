/* redact_options.c: options whose value is a secret without their name saying so: what "-p" means depends on the program. */
#include <stdint.h>
#include <string.h>

#include "redact.h"

static const struct qmon__option options[] = {
    {"mysql", "-p", true, false},
    {"mariadb", "-p", true, false},
    {"7z", "-p", true, false},
    {"sshpass", "-p", true, false},
    {"sshpass", "-p", false, false},
    {"mongo", "-p", false, false},
    {"docker", "-p", false, false},
    {"podman", "-p", false, false},
    {"redis-cli", "-a", false, false},
    {"valkey-cli", "-a", false, false},
    {"keydb-cli", "-a", false, false},
    {"ldap", "-w", false, false},
    {"snmp", "-A", false, false},
    {"snmp", "-X", false, false},
    {"ipmitool", "-P", false, false},
    {"sqlcmd", "-P", false, false},
    {"zip", "-P", false, false},
    {"unzip", "-P", false, false},
    {"curl", "-u", false, true},
    {"curl", "-u", true, true},
    {"curl", "-U", false, true},
    {"curl", "--user", false, true},
    {"curl", "--proxy-user", false, true},
    {"smbclient", "-U", false, true},
};

static size_t word_end(const struct qmon__scan *scan, size_t at) {
    while (at < scan->bytes && !qmon__is_blank(scan->text[at]) && !strchr("'\";|&", scan->text[at]))
        at++;
    return at;
}

const struct qmon__option *qmon__find_option(const char *program, const char *argument) {
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        const struct qmon__option *it = &options[i];
        size_t bytes = strlen(it->name);
        if (strncmp(program, it->program, strlen(it->program)) != 0 || strncmp(argument, it->name, bytes) != 0)
            continue;
        if (it->joined != (argument[bytes] == '\0' || qmon__is_blank(argument[bytes])))
            return it;
    }
    return NULL;
}

/* Where the command begins that the word at `at` belongs to. */
static size_t command_start(const struct qmon__scan *scan, size_t at) {
    while (at > 0 && !strchr(";|&\n`'\"(", scan->text[at - 1]))
        at--;
    return at;
}

/* The option in the eyes of any word before it, by its base name: "sudo /usr/bin/mysql -psecret". */
static const struct qmon__option *option_in(const struct qmon__scan *scan, size_t from, size_t at) {
    for (bool begins = true; from < at; from++) {
        char c = scan->text[from];
        const struct qmon__option *option = begins ? qmon__find_option(scan->text + from, scan->text + at) : NULL;
        if (option)
            return option;
        begins = qmon__is_blank(c) || c == '/';
    }
    return NULL;
}

bool qmon__secret_option(const struct qmon__scan *scan, size_t at, struct qmon__secret *ret_secret) {
    if (scan->text[at] != '-' || at == 0 || !qmon__is_blank(scan->text[at - 1]))
        return false;
    const struct qmon__option *option = option_in(scan, command_start(scan, at), at);
    if (!option)
        return false;
    size_t from = at + strlen(option->name);
    while (!option->joined && from < scan->bytes && qmon__is_blank(scan->text[from]))
        from++;
    size_t to = word_end(scan, from);
    const char *colon = memchr(scan->text + from, ':', to - from);
    if (option->behind_colon && !colon)
        return false;
    *ret_secret = (struct qmon__secret){option->behind_colon ? (size_t) (colon + 1 - scan->text) : from, to};
    return scan->text[from] != '-';
}
