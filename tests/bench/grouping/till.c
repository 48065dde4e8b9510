/* A program in C with several bugs, one for each argument; written as programs are, so that optimizers inline as they do. */
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct item {
    const char *name;
    int price, count;
    struct item *next;
};

struct order {
    struct item *items;
    int total, lines;
    void (*on_paid)(struct order *order);
};

static struct item *volatile no_item;
static void *volatile block;
static volatile int zero;
static int log_lines;

static void note(const char *what) {
    log_lines++;
    if (getenv("TILL_VERBOSE"))
        puts(what);
}

static int parse_item(struct item *item) {
    note("item");
    item->count++;
    return item->price * item->count;
}

static int parse_order(struct order *order) {
    int sum = 0;
    note("order");
    sum += parse_item(order->items);
    order->total = sum;
    return sum;
}

static int parse_refund(struct order *order) {
    note("refund");
    int sum = -parse_item(order->items);
    order->lines--;
    return sum;
}

static int average(const struct order *order) {
    note("average");
    return order->total / order->lines;
}

static int report(const struct order *order) {
    int value = average(order);
    printf("average %d\n", value);
    return value;
}

static void check_total(const struct order *order) {
    assert(order->total >= 0);
}

static void close_day(struct order *order) {
    note("close");
    order->total -= 10;
    check_total(order);
    note("closed");
}

static size_t name_length(const struct item *item) {
    return strlen(item->name);
}

static void print_receipt(const struct order *order) {
    size_t width = name_length(order->items);
    printf("%*s\n", (int) width, order->items->name);
}

static int open_box(struct item *item, int depth);

static int open_bag(struct item *item, int depth) {
    volatile char room[64] = {0};
    return open_box(item, depth + 1) + room[depth & 63];
}

static int open_box(struct item *item, int depth) {
    volatile char room[96] = {0};
    if (depth < 0)
        return item->count;
    return open_bag(item, depth + 1) + room[depth & 63];
}

static int walk(struct item *item, int left) {
    if (left == 0)
        return parse_item(item->next) + 1;
    return walk(item, left - 1) + item->price;
}

static void release(void) {
    note("release");
    free(block);
}

static void cancel(void) {
    release();
    if (log_lines)
        release();
    note("cancelled");
}

static void pay(struct order *order) {
    note("pay");
    order->on_paid(order);
    note("paid");
}

static void give_up(const char *why) {
    fprintf(stderr, "till: %s\n", why);
    abort();
}

static void *serve(void *order) {
    printf("%d\n", parse_order(order));
    return NULL;
}

static void serve_in_thread(struct order *order) {
    pthread_t thread;
    pthread_create(&thread, NULL, serve, order);
    pthread_join(thread, NULL);
}

int main(int argc, char **argv) {
    struct item item = {.name = "tea", .price = 3, .next = no_item};
    struct order order = {.items = &item, .lines = zero, .total = zero};
    const char *bug = argc > 1 ? argv[1] : "";

    if (!strcmp(bug, "order") || !strcmp(bug, "refund") || !strcmp(bug, "thread"))
        order.items = no_item;
    if (!strcmp(bug, "order"))
        printf("%d\n", parse_order(&order));
    if (!strcmp(bug, "thread"))
        serve_in_thread(&order);
    if (!strcmp(bug, "refund"))
        printf("%d\n", parse_refund(&order));
    if (!strcmp(bug, "average"))
        return report(&order);
    if (!strcmp(bug, "assertion"))
        close_day(&order);
    if (!strcmp(bug, "receipt")) {
        item.name = (const char *) no_item;
        print_receipt(&order);
    }
    if (!strcmp(bug, "overflow"))
        return open_box(&item, zero);
    if (!strcmp(bug, "walk-3"))
        return walk(&item, zero + 3);
    if (!strcmp(bug, "walk-30"))
        return walk(&item, zero + 30);
    if (!strcmp(bug, "cancel")) {
        block = malloc(24);
        cancel();
    }
    if (!strcmp(bug, "pay"))
        pay(&order);
    if (!strcmp(bug, "abort"))
        give_up("nothing left");
    return 0;
}
