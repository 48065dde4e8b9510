/*
 * plot.c: a curve as SVG, both axes logarithmic, with a line of the same start that grows linearly for comparison. The colours
 * follow the reader's: light or dark.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "bench.h"
#include "curves.h"

#define WIDTH 720
#define HEIGHT 420
#define LEFT 96
#define RIGHT 28
#define TOP 56
#define BOTTOM 64

struct axis {
    int from, to; /* powers of ten */
    double start, length;
};

static double on(const struct axis *axis, double value) {
    return axis->start + (log10(value) - axis->from) / (axis->to - axis->from) * axis->length;
}

static struct axis axis_of(const double *values, size_t count, double start, double length) {
    double least = INFINITY, most = 0;
    struct axis axis = {.start = start, .length = length};

    for (size_t i = 0; i < count; i++) {
        double value = values[i] > 0 ? values[i] : 1;
        least = fmin(least, value);
        most = fmax(most, value);
    }
    axis.from = (int) floor(log10(least));
    axis.to = (int) ceil(log10(most));
    if (axis.to <= axis.from)
        axis.to = axis.from + 1;
    return axis;
}

static void draw_grid(FILE *file, const struct axis *x, const struct axis *y, const char *unit) {
    char text[32];

    for (int power = x->from; power <= x->to; power++) {
        double at = on(x, pow(10, power));
        fprintf(file, "<path class='grid' d='M%.1f %d V%d'/>", at, TOP, HEIGHT - BOTTOM);
        fprintf(file, "<text x='%.1f' y='%d' text-anchor='middle'>%.0f</text>\n", at, HEIGHT - BOTTOM + 20,
                pow(10, power));
    }
    for (int power = y->from; power <= y->to; power++) {
        double at = on(y, pow(10, power));
        bench_value_text(text, sizeof text, pow(10, power), unit);
        fprintf(file, "<path class='grid' d='M%d %.1f H%d'/>", LEFT, at, WIDTH - RIGHT);
        fprintf(file, "<text x='%d' y='%.1f' text-anchor='end'>%s</text>\n", LEFT - 8, at + 4, text);
    }
}

static double positive(double value) {
    return value > 0 ? value : 1;
}

/* From the first point on, cut where it leaves the picture. */
static void draw_linear(FILE *file, const struct bench_curve *curve, const struct axis *x, const struct axis *y) {
    double from = positive(curve->at[0]), value = curve->value[0], to = positive(curve->at[curve->count - 1]);
    double top = pow(10, y->to);

    if (value * to / from > top)
        to = from * top / value;
    fprintf(file, "<path class='linear' d='M%.1f %.1f L%.1f %.1f'/>\n", on(x, from), on(y, value), on(x, to),
            on(y, value * to / from));
}

static void draw_curve(FILE *file, const struct bench_curve *curve, const struct axis *x, const struct axis *y) {
    char text[32];

    fprintf(file, "<path class='curve' d='");
    for (size_t i = 0; i < curve->count; i++)
        fprintf(file, "%c%.1f %.1f ", i == 0 ? 'M' : 'L', on(x, positive(curve->at[i])),
                on(y, positive(curve->value[i])));
    fprintf(file, "'/>\n");
    for (size_t i = 0; i < curve->count; i++) {
        bench_value_text(text, sizeof text, curve->value[i], curve->unit);
        fprintf(file, "<circle cx='%.1f' cy='%.1f' r='4'><title>%.0f: %s</title></circle>\n",
                on(x, positive(curve->at[i])), on(y, positive(curve->value[i])), curve->at[i], text);
    }
}

int bench_plot_one(const struct bench_curve *curve, const char *path) {
    FILE *file = fopen(path, "we");
    struct axis x = axis_of(curve->at, curve->count, LEFT, WIDTH - LEFT - RIGHT);
    struct axis y = axis_of(curve->value, curve->count, HEIGHT - BOTTOM, -(HEIGHT - TOP - BOTTOM));

    if (file == NULL)
        return -errno;
    fprintf(file,
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' width='%d' height='%d' role='img'>\n<style>\n"
            "svg { --back: #ffffff; --ink: #1f2328; --faint: #d0d7de; --line: #0969da; }\n"
            "@media (prefers-color-scheme: dark) {\n"
            "    svg { --back: #0d1117; --ink: #e6edf3; --faint: #30363d; --line: #58a6ff; } }\n"
            "text { font: 13px sans-serif; fill: var(--ink); }\n.title { font-size: 16px; font-weight: bold; }\n"
            ".back { fill: var(--back); }\n.grid { stroke: var(--faint); }\n"
            ".linear { stroke: var(--ink); stroke-dasharray: 4 5; opacity: 0.6; fill: none; }\n"
            ".curve { stroke: var(--line); stroke-width: 2.5; fill: none; }\ncircle { fill: var(--line); }\n</style>\n"
            "<rect class='back' width='%d' height='%d'/>\n",
            WIDTH, HEIGHT, WIDTH, HEIGHT, WIDTH, HEIGHT);
    fprintf(file, "<text class='title' x='%d' y='24'>%s</text>\n", LEFT, curve->y);
    fprintf(file, "<text x='%d' y='43'>%s%s; dashed: linear growth</text>\n", LEFT,
            curve->bound != NULL ? "bound: " : "", curve->bound != NULL ? curve->bound : "unbounded");
    fprintf(file, "<text x='%d' y='%d' text-anchor='middle'>%s</text>\n", (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 18,
            curve->x);
    if (curve->count > 0) {
        draw_grid(file, &x, &y, curve->unit);
        draw_linear(file, curve, &x, &y);
        draw_curve(file, curve, &x, &y);
    }
    fprintf(file, "</svg>\n");
    return fclose(file) == 0 ? 0 : -EIO;
}
