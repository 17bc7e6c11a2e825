/*
 * wasm_module.h — a contract's module: decoded and checked section by section.
 *
 * What is accepted is exactly what the protocol version accepts (nearcore docs, "Preparation"):
 * WebAssembly 1.0 with mutable globals, sign extension and saturating conversions; since protocol
 * 84 also bulk memory and reference types with `funcref` alone. Checks run in the order of the
 * sections, so the first fault decides which error the chain reports.
 *
 * Memory: the module owns its tables, all slices borrow from the code.  Thread: any, one at a time.
 */
#ifndef VM_WASM_MODULE_H
#define VM_WASM_MODULE_H

#include "base/buf.h"
#include "vm/params.h"
#include "vm/wasm_read.h"

/* Why a module is refused; the names are those of the chain's PrepareError. */
#define PREPARE_LIST(X)                                                                            \
    X(Serialization)                                                                               \
    X(Deserialization)                                                                             \
    X(Instantiate)                                                                                 \
    X(Memory)                                                                                      \
    X(TooManyFunctions)                                                                            \
    X(TooManyLocals)                                                                               \
    X(TooManyTables)                                                                               \
    X(TooManyTableElements)                                                                        \
    X(FunctionBodyTooLarge)                                                                        \
    X(InstrumentedCodeTooLarge)                                                                    \
    X(TooManyBlocksPerFunction)                                                                    \
    X(TooManyBlocksPerContract)                                                                    \
    X(TooManyTypes)                                                                                \
    X(TooManyParamsPerFunction)                                                                    \
    X(TooManyParamsPerContract)                                                                    \
    X(OperandStackTooLarge)

enum prepare_fault {
    PREPARE_OK,
#define X(name) PREPARE_##name,
    PREPARE_LIST(X)
#undef X
};

const char *prepare_name(enum prepare_fault f);

/* Value types as they are encoded; 0 stands for "none" and for "any" in unreachable code. */
enum {
    WASM_ANY = 0,
    WASM_I32 = 0x7f,
    WASM_I64 = 0x7e,
    WASM_F32 = 0x7d,
    WASM_F64 = 0x7c,
    WASM_FUNCREF = 0x70,
};

/* The implementation limits of the chain's decoder. */
#define WASM_TYPES_MAX    1000000
#define WASM_FUNCS_MAX    1000000
#define WASM_IMPORTS_MAX  1000000
#define WASM_EXPORTS_MAX  1000000
#define WASM_GLOBALS_MAX  1000000
#define WASM_SEGMENTS_MAX 100000
#define WASM_STRING_MAX   100000
#define WASM_LOCALS_MAX   50000
#define WASM_PARAMS_MAX   1000
#define WASM_ENTRIES_MAX  10000000
#define WASM_BR_TABLE_MAX 131072
#define WASM_PAGES_MAX    65536

struct wasm_type {
    const uint8_t *params; /* WASM_I32 …; owned by the module */
    uint32_t n_params;
    uint8_t result; /* WASM_ANY: none */
};

struct wasm_global {
    uint8_t type;
    bool mutable_;
};

struct wasm_export {
    struct str name;
    uint8_t kind; /* 0 function, 1 table, 2 memory, 3 global */
    uint32_t index;
};

enum wasm_section {
    WASM_CUSTOM,
    WASM_TYPE,
    WASM_IMPORT,
    WASM_FUNCTION,
    WASM_TABLE,
    WASM_MEMORY,
    WASM_GLOBAL,
    WASM_EXPORT,
    WASM_START,
    WASM_ELEMENT,
    WASM_CODE,
    WASM_DATA,
    WASM_DATA_COUNT,
    WASM_SECTIONS,
};

struct wasm_module {
    const struct params *params;
    struct str code;
    bool bulk; /* bulk memory and reference types are allowed */

    struct str raw[WASM_SECTIONS]; /* contents; ptr NULL when absent */
    struct wasm_type *types;
    uint32_t n_types;
    uint32_t *funcs; /* type index of each function, imports first */
    uint32_t n_funcs, n_imported;
    struct wasm_global *globals;
    uint32_t n_globals;
    struct str global_entries; /* of the global section, without its count */
    uint32_t n_tables, n_memories;
    struct wasm_export *exports;
    uint32_t n_exports;
    bool has_start;
    uint32_t start;
    uint32_t n_elements;
    bool has_data_count;
    uint32_t data_count;
    uint32_t n_bodies;
    bool *referenced; /* per function: may `ref.func` name it? */

    uint64_t locals_left, funcs_left;
};

/*
 * Called for each function body in order. `body` starts at the local declarations.
 * What it returns other than PREPARE_OK ends the decoding.
 */
typedef enum prepare_fault (*wasm_body_fn)(void *arg, struct wasm_module *m, uint32_t func,
                                           struct wasm_in body);

/* `m` is to be released whatever comes back. `code` must outlive it. */
MUST_USE enum prepare_fault wasm_module_parse(struct wasm_module *m, const struct params *p,
                                              struct str code, wasm_body_fn each, void *arg);
void wasm_module_release(struct wasm_module *m);

/* One value type, checked against what is allowed; WASM_ANY and bad input when it is not. */
uint8_t wasm_value_type(struct wasm_in *r, const struct wasm_module *m);

#endif
