/* curves.c: see curves.h. */
#include "curves.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "bench.h"

#define CURVES_MAX 24
#define STRETCH 16  /* over less, chance counts for more than growth */
#define LINEAR 1.15 /* what is measured is never exactly a line */

static const struct bench_curve *published[CURVES_MAX];
static size_t published_count;

void bench_point(struct bench_curve *curve, double at, double value) {
    if (!isfinite(value) || curve->count >= BENCH_POINTS)
        return;
    curve->at[curve->count] = at;
    curve->value[curve->count++] = value;
}

double bench_growth(const struct bench_curve *curve) {
    double most = 0;

    for (size_t i = 0; i < curve->count; i++)
        for (size_t j = i + 1; j < curve->count; j++) {
            double from = curve->at[i] > 0 ? curve->at[i] : 1;
            if (curve->at[j] < from * STRETCH || curve->value[i] <= 0 || curve->value[j] <= 0)
                continue;
            most = fmax(most, log(curve->value[j] / curve->value[i]) / log(curve->at[j] / from));
        }
    return most;
}

static const char *verdict(const struct bench_curve *curve) {
    if (curve->count < 2)
        return "not measured";
    if (!curve->more_is_worse)
        return curve->bound != NULL ? "bounded" : "-";
    return bench_growth(curve) <= LINEAR ? "at most linear" : "worse than linear";
}

void bench_publish_curve(const struct bench_curve *curve) {
    char value[32];

    printf("\n%s: %s by %s", curve->name, curve->y, curve->x);
    if (curve->bound != NULL)
        printf("; bound: %s", curve->bound);
    printf("\n ");
    for (size_t i = 0; i < curve->count; i++) {
        bench_value_text(value, sizeof value, curve->value[i], curve->unit);
        printf(" %s%.0f: %s", i > 0 ? "| " : "", curve->at[i], value);
    }
    printf("\n  grows with the power %.2f at most: %s\n", bench_growth(curve), verdict(curve));
    fflush(stdout);
    if (published_count < CURVES_MAX)
        published[published_count++] = curve;
}

void bench_curves(bool full) {
    static void (*const curves[])(bool full) = {bench_curve_threads, bench_curve_depth, bench_curve_modules,
                                                bench_curve_binary,  bench_curve_rate,  bench_curve_processes,
                                                bench_curve_store};

    printf(
        "\nHow cost grows. The least of several tries; the power is that of the steepest stretch over a factor of 16 or more: 1 is linear.\n");
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) {
        curves[i](full);
        bench_settle(20000);
    }
}

struct json_object *bench_curves_json(void) {
    struct json_object *list = published_count > 0 ? json_object_new_array() : NULL;

    for (size_t i = 0; i < published_count; i++) {
        const struct bench_curve *curve = published[i];
        struct json_object *one = json_object_new_object(), *points = json_object_new_array();
        json_object_object_add(one, "name", json_object_new_string(curve->name));
        json_object_object_add(one, "x", json_object_new_string(curve->x));
        json_object_object_add(one, "y", json_object_new_string(curve->y));
        json_object_object_add(one, "unit", json_object_new_string(curve->unit));
        if (curve->bound != NULL)
            json_object_object_add(one, "bound", json_object_new_string(curve->bound));
        for (size_t n = 0; n < curve->count; n++) {
            struct json_object *point = json_object_new_array();
            json_object_array_add(point, json_object_new_double(curve->at[n]));
            json_object_array_add(point, json_object_new_double(curve->value[n]));
            json_object_array_add(points, point);
        }
        json_object_object_add(one, "points", points);
        json_object_object_add(one, "growth", json_object_new_double(bench_growth(curve)));
        json_object_object_add(one, "verdict", json_object_new_string(verdict(curve)));
        json_object_array_add(list, one);
    }
    return list;
}

int bench_plot(const char *directory) {
    char path[512];

    if (mkdir(directory, 0777) < 0 && errno != EEXIST)
        return -errno;
    for (size_t i = 0; i < published_count; i++) {
        snprintf(path, sizeof path, "%s/%s.svg", directory, published[i]->name);
        int r = bench_plot_one(published[i], path);
        if (r < 0)
            return r;
        printf("%s%s\n", i == 0 ? "\n" : "", path);
    }
    return 0;
}
