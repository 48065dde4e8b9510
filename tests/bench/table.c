/* table.c: samples, and the table that is printed and written as JSON. */
#include <ctype.h>
#include <errno.h>
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "curves.h"

static struct json_object *kept;

void bench_add(struct bench_samples *samples, double value) {
    if (isfinite(value) && samples->count < BENCH_SAMPLES)
        samples->value[samples->count++] = value;
}

static int by_size(const void *left, const void *right) {
    double a = *(const double *) left, b = *(const double *) right;
    return (a > b) - (a < b);
}

double bench_quantile(const struct bench_samples *samples, double q) {
    double sorted[BENCH_SAMPLES], position;
    size_t below;

    if (samples->count == 0)
        return NAN;
    memcpy(sorted, samples->value, samples->count * sizeof *sorted);
    qsort(sorted, samples->count, sizeof *sorted, by_size);
    position = q * (double) (samples->count - 1);
    below = (size_t) position;
    if (below + 1 >= samples->count)
        return sorted[samples->count - 1];
    return sorted[below] + (position - (double) below) * (sorted[below + 1] - sorted[below]);
}

void bench_value_text(char *ret_text, size_t bytes, double value, const char *unit) {
    if (isnan(value))
        snprintf(ret_text, bytes, "-");
    else if (strcmp(unit, "ns") != 0)
        snprintf(ret_text, bytes, fabs(value) < 100 ? "%.1f%s%s" : "%.0f%s%s", value,
                 isalpha((unsigned char) unit[0]) ? " " : "", unit);
    else if (fabs(value) < 1e3)
        snprintf(ret_text, bytes, "%.1f ns", value);
    else if (fabs(value) < 1e6)
        snprintf(ret_text, bytes, "%.2f us", value / 1e3);
    else if (fabs(value) < 1e9)
        snprintf(ret_text, bytes, "%.2f ms", value / 1e6);
    else
        snprintf(ret_text, bytes, "%.2f s", value / 1e9);
}

static void samples_text(char *ret_text, size_t bytes, const struct bench_samples *samples, const char *unit) {
    char middle[24], low[24], high[24];

    if (samples->count == 0) {
        snprintf(ret_text, bytes, "-");
        return;
    }
    bench_value_text(middle, sizeof middle, bench_quantile(samples, 0.5), unit);
    if (bench_quantile(samples, 0.9) <= bench_quantile(samples, 0.1)) { /* counted, or measured once */
        snprintf(ret_text, bytes, "%s", middle);
        return;
    }
    bench_value_text(low, sizeof low, bench_quantile(samples, 0.1), unit);
    bench_value_text(high, sizeof high, bench_quantile(samples, 0.9), unit);
    snprintf(ret_text, bytes, "%s (%s..%s)", middle, low, high);
}

static void goal_text(char *ret_text, size_t bytes, const struct bench_row *row) {
    char value[24];

    bench_value_text(value, sizeof value, row->goal, row->unit);
    switch (row->goal_kind) {
    case BENCH_RATIO_AT_MOST:
        snprintf(ret_text, bytes, "<= %.2fx", row->goal);
        break;
    case BENCH_RATIO_AT_LEAST:
        snprintf(ret_text, bytes, ">= %.2fx", row->goal);
        break;
    case BENCH_VALUE_AT_MOST:
        snprintf(ret_text, bytes, "<= %s", value);
        break;
    case BENCH_VALUE_AT_LEAST:
        snprintf(ret_text, bytes, ">= %s", value);
        break;
    case BENCH_MORE_AT_MOST:
        snprintf(ret_text, bytes, "<= +%s", value);
        break;
    case BENCH_NO_GOAL:
        snprintf(ret_text, bytes, "-");
        break;
    }
}

static const char *verdict(const struct bench_row *row) {
    double baseline = bench_quantile(&row->baseline, 0.5), measured = bench_quantile(&row->measured, 0.5);
    double held = measured;

    if (row->goal_kind == BENCH_NO_GOAL)
        return "-";
    if (row->goal_kind == BENCH_RATIO_AT_MOST || row->goal_kind == BENCH_RATIO_AT_LEAST)
        held = measured / baseline;
    if (row->goal_kind == BENCH_MORE_AT_MOST)
        held = measured - baseline;
    if (isnan(held))
        return "not measured";
    if (row->goal_kind == BENCH_RATIO_AT_LEAST || row->goal_kind == BENCH_VALUE_AT_LEAST)
        return held >= row->goal ? "met" : "missed";
    return held <= row->goal ? "met" : "missed";
}

static void ratio_text(char *ret_text, size_t bytes, const struct bench_row *row, double quantile) {
    double ratio = bench_quantile(&row->measured, quantile) / bench_quantile(&row->baseline, quantile);

    if (isfinite(ratio))
        snprintf(ret_text, bytes, "%.3f", ratio);
    else
        snprintf(ret_text, bytes, "-");
}

static struct json_object *samples_json(const struct bench_samples *samples) {
    static const struct {
        const char *name;
        double q;
    } columns[] = {{"minimum", 0}, {"p10", 0.1}, {"median", 0.5}, {"p90", 0.9}};
    struct json_object *object = json_object_new_object();

    json_object_object_add(object, "count", json_object_new_int64((int64_t) samples->count));
    for (size_t i = 0; i < sizeof columns / sizeof *columns && samples->count > 0; i++)
        json_object_object_add(object, columns[i].name, json_object_new_double(bench_quantile(samples, columns[i].q)));
    return object;
}

static void keep(const struct bench_row *row, const char *goal) {
    struct json_object *object = json_object_new_object();

    if (kept == NULL)
        kept = json_object_new_array();
    json_object_object_add(object, "row", json_object_new_string(row->name));
    json_object_object_add(object, "unit", json_object_new_string(row->unit));
    if (row->baseline_name != NULL) {
        json_object_object_add(object, "baseline_name", json_object_new_string(row->baseline_name));
        json_object_object_add(object, "baseline", samples_json(&row->baseline));
    }
    json_object_object_add(object, "measured", samples_json(&row->measured));
    json_object_object_add(object, "goal", json_object_new_string(goal));
    json_object_object_add(object, "verdict", json_object_new_string(verdict(row)));
    json_object_array_add(kept, object);
}

#define COLUMNS "%-62s %-34s %-34s %7s %7s %-12s %s\n"

void bench_heading(void) {
    printf("Medians (p10..p90); ratio: of medians, and of minima, which a busy machine disturbs less.\n\n");
    printf(COLUMNS, "row", "baseline", "measured", "ratio", "minima", "goal", "verdict");
}

void bench_publish(const struct bench_row *row) {
    char name[160], baseline[80], measured[80], ratio[16], minima[16], goal[40];

    snprintf(name, sizeof name, "%s%s%s", row->name, row->baseline_name ? " / " : "",
             row->baseline_name ? row->baseline_name : "");
    samples_text(baseline, sizeof baseline, &row->baseline, row->unit);
    samples_text(measured, sizeof measured, &row->measured, row->unit);
    ratio_text(ratio, sizeof ratio, row, 0.5);
    ratio_text(minima, sizeof minima, row, 0);
    goal_text(goal, sizeof goal, row);
    printf(COLUMNS, name, baseline, measured, ratio, minima, goal, verdict(row));
    fflush(stdout);
    keep(row, goal);
}

int bench_write_json(const char *path) {
    struct json_object *whole = json_object_new_object();
    int error = 0;

    json_object_object_add(whole, "schema", json_object_new_string("qmon.bench/1"));
    json_object_object_add(whole, "version", json_object_new_string(QMON_VERSION));
    json_object_object_add(whole, "quick", json_object_new_boolean(bench.quick));
    json_object_object_add(whole, "rows", kept != NULL ? kept : json_object_new_array());
    kept = NULL;
    json_object_object_add(whole, "quoted", bench_quoted_json());
    struct json_object *curves = bench_curves_json();
    if (curves != NULL)
        json_object_object_add(whole, "curves", curves);
    if (json_object_to_file_ext(path, whole, JSON_C_TO_STRING_PRETTY) < 0)
        error = -EIO;
    json_object_put(whole);
    return error;
}
