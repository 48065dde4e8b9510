/* curves.h: how cost grows with what there is: curves, as text, as JSON and as SVG. */
#ifndef QMON_BENCH_CURVES_H
#define QMON_BENCH_CURVES_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#define BENCH_POINTS 16

struct bench_curve {
    const char *name; /* of its file, too: "threads" */
    const char *x, *y;
    const char *unit;  /* of y, as in struct bench_row */
    const char *bound; /* what bounds it; NULL: nothing does */
    bool more_is_worse;
    size_t count;
    double at[BENCH_POINTS], value[BENCH_POINTS];
};

/* Adds the point where value is finite. */
void bench_point(struct bench_curve *curve, double at, double value);
/* Prints the curve with its verdict, and keeps it for the JSON and the plots. It must stay. */
void bench_publish_curve(const struct bench_curve *curve);
/* The exponent with which it grows where it grows most: 1 is linear. Over ranges of at least a factor of 16. */
double bench_growth(const struct bench_curve *curve);

/* All of them. `full`: up to the sizes that take minutes. */
void bench_curves(bool full);
/* What was published; NULL: no curves. */
struct json_object *bench_curves_json(void);
/* Writes DIRECTORY/NAME.svg for each, and says so. 0, or a negative errno. */
int bench_plot(const char *directory);
/* plot.c */
int bench_plot_one(const struct bench_curve *curve, const char *path);

/* curve_*.c */
void bench_curve_threads(bool full);
void bench_curve_depth(bool full);
void bench_curve_modules(bool full);
void bench_curve_binary(bool full);
void bench_curve_rate(bool full);
void bench_curve_processes(bool full);
void bench_curve_store(bool full);

#endif
