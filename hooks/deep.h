/* deep.h: libraries that a program loads with RTLD_DEEPBIND. */
#ifndef QMON_HOOKS_DEEP_H
#define QMON_HOOKS_DEEP_H

/* dlopen(file, mode) through `real`, and the hooks in what it has loaded; to the caller it is nothing but dlopen. */
void *qmon__load_deep(void *(*real)(const char *file, int mode), const char *file, int mode);

#endif
