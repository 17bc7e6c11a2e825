/*
 * projects.h — repositories of this machine for tests, built by the real compile child.
 */
#ifndef TEST_PROJECTS_H
#define TEST_PROJECTS_H

#include "builder/builder.h"

#define COMPILE BIN_DIR "/outlayer-compile"

extern char folder[64]; /* all of a test's files; made and removed around all tests */
int projects_setup(void **state);
int projects_teardown(void **state);

/* Run by the shell; the test fails with it. */
void sh(const char *fmt, ...) PRINTF_LIKE(1, 2);
void put(const char *repo, const char *path, const char *text);
void commit(const char *repo);

struct how {
    const char *ref, *target;
    uint32_t seconds, memory_mb, disk_mb;
    enum compile_what what;
    const struct store *crates;
    const char *wrapper; /* starts the compile child in its own way */
};
struct built build(struct arena *a, const char *repo, struct how how);
/* It must fail, and its error name `text`. */
void refused(const char *repo, struct how how, enum compile_result result, const char *text);
struct hash256 built(const char *repo, struct how how);

extern const char hello_c[], hello_toml[], hello_rs[];
bool has_rust(void);

#endif
