/*
 * project.h — what kind of project a repository is, and how each kind is built.
 *
 * The root of the repository decides: `Cargo.toml` is Rust, `go.mod` Go, else a `Makefile` or one
 * `.c` file C. Where that is not clear, or where a project makes several programs, `outlayer.toml`
 * says what is meant:
 *
 *     [build]
 *     language = "rust"       # or "c", "go"
 *     program = "server"      # server.wasm, when several are built
 *
 * Each recipe leaves its program in the build's folder and names it. Dependencies are fetched
 * first, with the registry's door open; what was fetched is then built without any network.
 */
#ifndef COMPILE_PROJECT_H
#define COMPILE_PROJECT_H

#include "compile/job.h"

struct project {
    struct str program; /* from outlayer.toml; may be empty */
    struct str wasm;    /* path in the build's folder, set by the recipe */
};

MUST_USE enum err project_build(struct job *j, struct project *out, struct buf *why);

MUST_USE enum err rust_build(struct job *j, struct project *p, struct buf *why);
MUST_USE enum err c_build(struct job *j, struct project *p, struct buf *why);
MUST_USE enum err go_build(struct job *j, struct project *p, struct buf *why);
/* The other question about Rust: compile the crates of a skeleton (skeleton.h), into j->archive. */
MUST_USE enum err rust_crates(struct job *j, struct buf *why);
bool rust_here(const struct job *j); /* the toolchain has Rust for any target */
const char *rust_compiler(void);     /* as a build sees it */
const char *go_find(void);           /* where the Go command is; NULL: nowhere */

/* Choose among the programs in the folder `dir`. */
MUST_USE enum err project_choose(struct job *j, struct project *p, const char *dir,
                                 const struct job_list *found);

/* The value of `key = "value"`, or with '', in the section `[name]` of a TOML file, if it is
 * written so plainly; empty when it is not there. */
struct str toml_get(struct str text, const char *section, const char *key);

/* What `rust-toolchain.toml`, or `rust-toolchain` with one line, asks for: "1.80.0", "nightly", …;
 * empty when it is nothing printable. */
struct str rust_channel(struct str text);
/* Is that the compiler of this toolchain, "rustc 1.99.1 58cf8f9c3 …, …"? */
bool rust_channel_is(struct str id, struct str channel);

#endif
