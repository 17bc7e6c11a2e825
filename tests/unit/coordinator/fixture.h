/*
 * fixture.h — a coordinator's database of a test's own, in a folder that goes with it.
 */
#ifndef TESTS_COORDINATOR_FIXTURE_H
#define TESTS_COORDINATOR_FIXTURE_H

#include "test.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/mem.h"
#include "coordinator/schema.h"

struct fixture {
    char dir[64], path[96];
    struct db *d;
    struct arena a;
    struct buf why, out;
    uint64_t now; /* what the test says it is */
};

/* As after a restart. */
static inline void reopen(struct fixture *f)
{
    db_close(f->d);
    f->d = NULL;
    if (db_open(&(struct db_opts){.path = f->path, .durable = DB_NORMAL}, &f->d, &f->why) ||
        schema_migrate(f->d, &f->why))
        fail_msg("%s", buf_z(&f->why));
}

static inline struct fixture *fixture_new(void **state, uint64_t now)
{
    struct fixture *f = mem_new(struct fixture);

    snprintf(f->dir, sizeof(f->dir), "/tmp/test_coordinator.XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof(f->path), "%s/db", f->dir);
    f->why = WHY_INIT;
    f->out = BUF_INIT(1 << 20);
    f->now = now;
    reopen(f);
    *state = f;
    return f;
}

static inline int fixture_free(void **state)
{
    struct fixture *f = *state;

    db_close(f->d);
    arena_release(&f->a);
    buf_release(&f->why);
    buf_release(&f->out);
    assert_int_equal(dir_remove(f->dir, NULL), 0);
    mem_free(f);
    return 0;
}

#endif
