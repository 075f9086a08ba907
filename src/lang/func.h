/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The tables of functions and builtins of the language. A new one is a row in one of the fn-*.c files,
 * with a check (types, mistakes) and a lowering. Each file ends in its table; func.c joins them.
 */

#include "ir/ir.h"
#include "lang/ast.h"

struct rs_sema;
struct rs_lower;
struct rs_value;
struct rs_place_in_memory;

enum rs_func_flags {
	RS_FUNC_STATEMENT = 1, /* has no value: stands alone */
	RS_FUNC_UNSAFE = 2,    /* needs --unsafe */
	RS_FUNC_BARE =
		4, /* may be used without parentheses, as a NAME without arguments: kstack, nsecs */
	RS_FUNC_AGGREGATE = 8, /* only as @x = f(...): handled by the maps (lower-aggregate.c) */
	RS_FUNC_MAP_FIRST =
		16, /* first argument may be a whole map: not typed as a value; the check does that */
	RS_FUNC_TYPED_BY_CHECK =
		32, /* no argument is typed before: words with a meaning of their own */
	RS_FUNC_CONSTANT =
		64, /* the check leaves a constant (call->constant or text_constant), or a mistake */
};

/*
 * Call nodes that reach a row: CALL, or NAME for those that are RS_FUNC_BARE (no arguments then). The other
 * way round, `cpu()` is the builtin cpu: a CALL without arguments of a name that only rs_builtin_find() knows.
 */
struct rs_func_row {
	const char *name;
	const char *aliases[3];
	uint8_t min_args, max_args; /* max 255: any */
	uint8_t flags;
	const char *usage; /* "str(pointer[, length])": shown in messages */
	/* Arguments are typed already unless RS_FUNC_MAP_FIRST says otherwise of the first (or typed_by_check).
	 * Sets call->type. NULL: type is `result`. */
	void (*check)(struct rs_sema *s, struct rs_node *call);
	/* Words and statements: makes code, returns the value. Also called for memory results where the caller wants
	 * an address, when into is NULL. */
	struct rs_value (*lower)(struct rs_lower *l, struct rs_node *call);
	/* Results that are memory (strings, buffers, stacks, inet): written to the place in full (slot size; the
	 * rest zeroed). Preferred over lower for those. */
	void (*into)(struct rs_lower *l, struct rs_node *call, const struct rs_place_in_memory *to);
	/* STRING and BUFFER results, for records that pack them; may be NULL. Only the bytes that are used are
	 * written, from to on: the text with its NUL, or the bytes of the buffer without its length word. to must
	 * have type->size bytes. Returns their number, which the verifier knows to be at most type->size. */
	rs_reg (*packed)(struct rs_lower *l, struct rs_node *call,
			 const struct rs_place_in_memory *to);
};

/* Builtins are names without arguments: pid, comm, args ... arg0-argN are found by prefix. */
struct rs_builtin_row {
	const char *name;
	const char *aliases[3];
	uint8_t flags;
	void (*check)(struct rs_sema *s, struct rs_node *name);
	struct rs_value (*lower)(struct rs_lower *l, struct rs_node *name);
	void (*into)(struct rs_lower *l, struct rs_node *name, const struct rs_place_in_memory *to);
};

/* Tables end with a row without a name. Each is in the file of its name: fn-output.c, builtin.c ... */
extern const struct rs_func_row rs_func_output[];    /* printf print time cat exit ... */
extern const struct rs_func_row rs_func_join[];      /* join */
extern const struct rs_func_row rs_func_map[];       /* delete has_key find len */
extern const struct rs_func_row rs_func_aggregate[]; /* count sum avg min max stats hist lhist */
extern const struct rs_func_row rs_func_string[];    /* str buf strerror ... */
extern const struct rs_func_row rs_func_compare[];   /* strncmp memcmp strlen strstr ... */
extern const struct rs_func_row rs_func_glob[];      /* globmatch */
extern const struct rs_func_row rs_func_symbol[];    /* ksym usym kaddr reg kstack ustack ... */
extern const struct rs_func_row rs_func_process[];   /* pid comm nsecs signal cgroupid path ... */
extern const struct rs_func_row rs_func_network[];   /* ntop pton macaddr bswap ... */
extern const struct rs_func_row rs_func_check[];     /* assert fail is_str kfunc_exist getopt ... */
extern const struct rs_builtin_row rs_builtin_table[]; /* uid cpu rand curtask ... (builtin.c) */
extern const struct rs_builtin_row rs_builtin_args[];  /* args arg0 retval func probe ctx ... */

const struct rs_func_row *rs_func_find(const char *name);
const struct rs_builtin_row *rs_builtin_find(const char *name);
/* Nearest name of a function or builtin, or NULL. */
const char *rs_func_nearest(const char *name);
/* The i-th of all of them, or NULL after the last: for completion and docs. */
const struct rs_func_row *rs_func_at(unsigned i);
const struct rs_builtin_row *rs_builtin_at(unsigned i);

/* Which clock nanoseconds come from: mode of RS_TYPE_TIMESTAMP, and of the integers that nsecs() gives. */
enum rs_clock {
	RS_CLOCK_BOOT, /* CLOCK_BOOTTIME */
	RS_CLOCK_MONOTONIC,
	RS_CLOCK_TAI,
	RS_CLOCK_SW_TAI, /* boot time and RS_STATE_TAI_OFFSET: TAI where the kernel has no helper */
};
