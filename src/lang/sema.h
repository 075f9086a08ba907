/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The semantic analysis: what everything in the script means, which type it has, what is wrong with it.
 * Internal to the room; functions (fn-*.c) use it in their check callbacks.
 *
 * Order: config; resolve (resolve.c) makes struct rs_probe of the clauses: one for all places of a provider
 * where the body does not depend on the place, else a copy per place (it mentions `args`, `probe`, `func` with
 * several places, or usdt arguments). Then types are inferred over all probes at once until nothing changes
 * (variables and maps get wider types as uses are met), then one more walk reports mistakes.
 *
 * During inference checks run several times: a check must only set types, and report a mistake through
 * rs_sema_error(), which is silent until the last walk. Unknown types are no reason for a message.
 */

#include "lang/func.h"
#include "lang/lang.h"

struct rs_variable {
	const char *name; /* "$x" */
	struct rs_span span;
	const struct rs_type *type;
	bool declared; /* by let with a type: does not widen */
	bool assigned;
	uint32_t id;   /* unique within the probe */
	void *lowered; /* of the lowering: where it lives, per function */
	/* In a loop's callback: variables of outside that are used inside (see lower-loop.c): for over a map,
	 * and over a range where the kernel has bpf_loop() but no bpf_iter_num_*. */
	bool captured;
	/* Assigned in an inner block only, but used outside of it too (releases before 0.22 allowed that): lives
	 * in the whole probe and is zero until assigned. Nobody else is read before it is assigned or let. */
	bool hoisted;
	bool zero_first;         /* let without a value */
	unsigned callback_depth; /* callbacks around its definition */
	bool soft; /* only constants that fit both signs were assigned: the first other value decides */
	bool address_taken; /* &$x: lives in memory */
};

struct rs_sema {
	struct rs_arena *arena;
	struct rs_diags *diags;
	struct rs_program *program;
	struct rs_types *types;
	const struct rs_lang_options *options;
	const struct rs_lang_source *source;
	struct rs_probe *probe; /* being analysed */
	bool final;             /* mistakes are reported */
	bool changed;           /* a type became wider: walk again */
	unsigned loop_depth;
	unsigned
		dead; /* inside of branches that never run: a condition is known to be false there */
	unsigned mistakes; /* what rs_sema_error() was told, silent or not */
	bool reported; /* the last call of rs_sema_error() and the like was not silent: for the hint */
	/* Clauses of which no probe is there: their code says of which types maps are, and that is all. */
	struct rs_probe **ghosts;
	unsigned n_ghosts;
	struct rs_map *spare_map; /* stands for the map that memory did not suffice for */
};

/* Silent unless final. Sets nothing else. */
void rs_sema_error(struct rs_sema *s, struct rs_span span, const char *fmt, ...) _printf_(3, 4);
void rs_sema_warning(struct rs_sema *s, struct rs_span span, const char *fmt, ...) _printf_(3, 4);
void rs_sema_hint(struct rs_sema *s, const char *fmt, ...) _printf_(2, 3);

/*
 * Types the expression and what is below it. node->type is never NULL afterwards, and pointers, structs and
 * arrays in it are in a space that is known. What the kinds of nodes mean then:
 *
 *	PARAM	text_constant always, constant too when it is a number (then of type int64)
 *	MAP	a read: of count, sum, avg, min and max maps it has the type of an integer, of other aggregates
 *		their own type (node->map->value tells what is stored)
 *	FIELD	text that is found by __data_loc is of type STRING; other __data_loc arrays are ARRAY of count 0
 *	NAME	node->builtin, or node->func (kstack without parentheses), or an enum's constant
 *	CALL	node->func, or node->builtin: cpu() is cpu
 *
 * A constant has node->number, extended to 64 bits by its type. A comptime if has lost the branch that is not
 * taken.
 */
void rs_sema_expr(struct rs_sema *s, struct rs_node *node);
void rs_sema_statements(struct rs_sema *s, struct rs_node_list *list);

/* ---- for checks of functions ---- */

/* Types argument i; false (and a message) when it is not there. */
bool rs_sema_arg(struct rs_sema *s, struct rs_node *call, unsigned i);
/* Argument i must be an integer (or pointer, where allowed); a constant; a string literal. False and message. */
bool rs_sema_arg_integer(struct rs_sema *s, struct rs_node *call, unsigned i);
bool rs_sema_arg_constant(struct rs_sema *s, struct rs_node *call, unsigned i, uint64_t *ret_value);
bool rs_sema_arg_text(struct rs_sema *s, struct rs_node *call, unsigned i, const char **ret_text,
		      uint32_t *ret_len);
/* Argument i must be a map without keys written (@x). */
bool rs_sema_arg_map(struct rs_sema *s, struct rs_node *call, unsigned i, struct rs_map **ret_map);

/* The map of a MAP node, made at its first use. */
struct rs_map *rs_sema_map(struct rs_sema *s, struct rs_node *node);
/* Notes that the map is used with these keys (delete(@m, key), has_key(@m, key)): typed, merged into the map's
 * key. False and a message when they do not fit; @at is what the message points to. */
bool rs_sema_map_key(struct rs_sema *s, struct rs_map *map, struct rs_node *const *keys,
		     unsigned n_keys, struct rs_span at);
/* The type a value of this type has where it is kept (keys, values, variables, tuples): text becomes a string,
 * structs lie in our memory, pointers lose what only the verifier knew. */
const struct rs_type *rs_sema_stored(struct rs_sema *s, const struct rs_type *type);
/* The type that holds both: the longer string, the wider integer. NULL: there is none. */
const struct rs_type *rs_sema_merge(struct rs_sema *s, const struct rs_type *a,
				    const struct rs_type *b);
/* How / % < <= > >= of two integers or pointers take their sides: true as signed numbers. */
bool rs_sema_is_signed(const struct rs_node *a, const struct rs_node *b);
/* The type as text for messages. */
const char *rs_sema_text(struct rs_sema *s, const struct rs_type *type);

/* An internal map of a role (and, for stacks, depth), made at its first use. NULL when out of memory. */
struct rs_map *rs_program_map(struct rs_program *program, enum rs_map_role role, uint32_t depth);
/* A new action with its id. NULL when out of memory. Its record's layout is made when types are final: make
 * actions while lowering, or in the last walk (s->final). */
struct rs_action *rs_program_action(struct rs_program *program, enum rs_action_kind kind,
				    struct rs_span span);
/* A place where a helper can fail; the index for rs_lower_failed(). */
uint32_t rs_program_site(struct rs_program *program, enum rs_site_kind kind, struct rs_span span,
			 const char *helper, const struct rs_map *map);
/* Index into probe_names. */
uint32_t rs_program_probe_name(struct rs_program *program, const char *name);

/* Where pointers point to that nobody said more of, by the probe: user for uprobes, usdt, and arguments of
 * syscall tracepoints; kernel otherwise. */
enum rs_space rs_probe_default_space(const struct rs_probe *probe);
/* The probe's provider is one of the set, a mask of 1u << RS_PROVIDER_X; else a message "X can not be used in
 * a PROVIDER probe". */
bool rs_sema_need_provider(struct rs_sema *s, const struct rs_node *node, uint32_t mask);
/* Message unless --unsafe. */
bool rs_sema_need_unsafe(struct rs_sema *s, const struct rs_node *node);

/* Splits a usdt argument list and finds argument i. -ENOENT: has no such argument; -EINVAL: not understood, or
 * a symbol (foo(%rip)): who finds the place makes it a number, counted from the probe. Operands of x86-64 and of
 * arm64. */
struct rs_usdt_arg {
	unsigned size; /* bytes */
	bool is_signed;
	enum { RS_USDT_CONST, RS_USDT_REG, RS_USDT_MEMORY } kind;
	int64_t value;     /* constant, or offset */
	const char *reg;   /* base or register: "rdi" (whole register's name), or NULL */
	unsigned reg_size; /* bytes of the register that was named */
	const char *index; /* register or NULL */
	unsigned scale;
};
int rs_usdt_arg_parse(struct rs_arena *arena, const char *args, unsigned i,
		      struct rs_usdt_arg *ret);
unsigned rs_usdt_arg_count(const char *args);

/* Offset in struct pt_regs of this machine (and size) of a register by name: "di", "rdi", "ip", "pc", "sp";
 * of argument n of the C calling convention; of the result. -1: none. */
int rs_regs_offset(const char *name);
int rs_regs_argument(unsigned n);
int rs_regs_result(void);
int rs_regs_ip(void);
int rs_regs_sp(void);

/* Fills the program's options, from the tree as it was read. */
void rs_lang_find_options(struct rs_sema *s);

/* The stages, called by rs_lang_compile(). Each reports to diags; -EINVAL when it added errors. */
int rs_lang_configure(struct rs_sema *s);
int rs_lang_resolve(struct rs_sema *s);
int rs_lang_analyse(struct rs_sema *s);
int rs_lang_lower(struct rs_sema *s); /* lower.c: fills probe->module and image */
