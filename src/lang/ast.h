/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The script as a tree. The parser makes it, the semantic analysis (sema.h) writes types and
 * meanings into it, the lowering (lower.h) reads it. Everything lives in the compilation's arena.
 */

#include "lang/diag.h"

struct rs_type;
struct rs_map;
struct rs_variable;
struct rs_func_row;
struct rs_builtin_row;
struct rs_node;

/* ---- types as written ---- */

/* "struct sock *", "uint64", "int32[4]", "string[64]", "(int64, string)" in casts, sizeof, let. */
struct rs_type_name {
	struct rs_span span;
	/* "struct sock", "uint64", "unsigned int", "typeof": words joined by one space */
	const char *base;
	unsigned pointers; /* stars */
	unsigned n_dims;   /* array dimensions; 0 for an empty pair of brackets */
	uint64_t dims[4];
	struct rs_node *of;             /* typeof(expr), or NULL */
	struct rs_type_name **elements; /* of a tuple: base is "tuple" */
	unsigned n_elements;
};

/* Calls fn for each expression in it (typeof), which fn may replace; stops at false, which is
 * returned. */
bool rs_type_name_each(struct rs_type_name *type, bool (*fn)(struct rs_node **of, void *ctx),
		       void *ctx);

/* ---- nodes ---- */

/* No tree is deeper, so that whoever walks it may recurse. */
#define RS_AST_HEIGHT_MAX 400

enum rs_node_kind {
	/* expressions */
	RS_NODE_INT,
	RS_NODE_BOOL,
	RS_NODE_STRING,
	/* a builtin, an enum constant, a macro's parameter, a function used without parentheses */
	RS_NODE_NAME,
	RS_NODE_PARAM, /* $1; $# has number 0 */
	RS_NODE_VAR,   /* $x */
	RS_NODE_MAP,   /* @x, @x[key]; a bare @x may mean the whole map */
	RS_NODE_CALL,
	RS_NODE_UNARY,
	RS_NODE_BINARY,
	RS_NODE_TERNARY,
	RS_NODE_CAST,
	RS_NODE_FIELD,  /* a.b, a->b, (1,2).0 */
	RS_NODE_INDEX,  /* a[i] */
	RS_NODE_TUPLE,  /* (a, b) */
	RS_NODE_RECORD, /* (x=1, y=2) */
	RS_NODE_SIZEOF, /* of a type or an expression */
	RS_NODE_OFFSETOF,
	RS_NODE_BLOCK_EXPR, /* { statements; value } */
	RS_NODE_TYPE,       /* a type as an argument of a call: container_of(p, struct s, field) */
	/* statements */
	RS_NODE_EXPR_STMT,
	RS_NODE_ASSIGN, /* = and op=; target is VAR, MAP, or FIELD/INDEX (refused with a message) */
	RS_NODE_LET,
	RS_NODE_IF,
	RS_NODE_WHILE,
	RS_NODE_UNROLL,
	RS_NODE_FOR_MAP,   /* for ($kv : @map) */
	RS_NODE_FOR_RANGE, /* for ($i : a..b) */
	RS_NODE_BREAK,
	RS_NODE_CONTINUE,
	RS_NODE_RETURN,
	RS_NODE_BLOCK,
	RS_NODE_KIND_COUNT,
};

enum rs_operator {
	RS_OPERATOR_NONE,
	/* binary */
	RS_OPERATOR_ADD,
	RS_OPERATOR_SUB,
	RS_OPERATOR_MUL,
	RS_OPERATOR_DIV,
	RS_OPERATOR_MOD,
	RS_OPERATOR_BIT_AND,
	RS_OPERATOR_BIT_OR,
	RS_OPERATOR_BIT_XOR,
	RS_OPERATOR_SHL,
	RS_OPERATOR_SHR,
	RS_OPERATOR_EQ,
	RS_OPERATOR_NE,
	RS_OPERATOR_LT,
	RS_OPERATOR_LE,
	RS_OPERATOR_GT,
	RS_OPERATOR_GE,
	RS_OPERATOR_AND,
	RS_OPERATOR_OR,
	/* unary */
	RS_OPERATOR_NOT,
	RS_OPERATOR_BIT_NOT,
	RS_OPERATOR_NEG,
	RS_OPERATOR_DEREF,
	RS_OPERATOR_ADDRESS,
	RS_OPERATOR_PRE_INC,
	RS_OPERATOR_PRE_DEC,
	RS_OPERATOR_POST_INC,
	RS_OPERATOR_POST_DEC,
	RS_OPERATOR_COUNT,
};
/* "+", "==", ... */
const char *rs_operator_text(enum rs_operator op);

struct rs_node_list {
	struct rs_node **items;
	unsigned n;
};

struct rs_node {
	enum rs_node_kind kind;
	struct rs_span span;

	/* Written by the analysis; expressions only. */
	const struct rs_type *type;
	/* number holds the value: literals, enum constants, folded arithmetic, sizeof, $1 */
	bool constant;
	bool text_constant; /* text/text_len hold the value */

	uint64_t number;  /* INT, BOOL, PARAM (its position) */
	bool is_unsigned; /* INT: written with u, or larger than INT64_MAX */
	/* STRING (unescaped), NAME, VAR ("$x"), MAP ("@x"), CALL (function), FIELD (name or decimal
	 * tuple index), LET variable ("$x") */
	const char *text;
	uint32_t text_len;

	enum rs_operator op;       /* UNARY, BINARY, ASSIGN (NONE for plain =) */
	struct rs_node *a, *b, *c; /* see below */
	/* CALL: arguments; MAP: keys (each one; a single tuple expression is one); TUPLE, RECORD:
	 * elements; BLOCK, BLOCK_EXPR, WHILE, UNROLL, FOR: body; IF: then */
	struct rs_node_list list;
	struct rs_node_list other; /* IF: else */
	const char **names;        /* RECORD: one per element; OFFSETOF: the path of fields */
	unsigned n_names;
	/* CAST, SIZEOF (or NULL with a), OFFSETOF (or a), LET (or NULL), TYPE. SIZEOF of one bare
	 * word is an expression: NAME */
	struct rs_type_name *type_name;
	bool arrow; /* FIELD: written -> */
	/* IF: `comptime if` or `if comptime`, the condition must be constant; expressions:
	 * `comptime e`, must be constant */
	bool comptime;
	bool as_text;    /* NAME probe: where a text is expected */
	bool discard;    /* EXPR_STMT: `_ = e`, unused on purpose */
	uint16_t height; /* nodes below this one at the deepest; at most RS_AST_HEIGHT_MAX */

	/*
	 * a, b, c: UNARY a; BINARY a b; TERNARY a ? b : c (b NULL: a ?: c); CAST a; FIELD a; INDEX
	 * a[b]; SIZEOF a; OFFSETOF a; BLOCK_EXPR a = its value; EXPR_STMT a; ASSIGN a = b; LET a =
	 * initial value or NULL; IF a; WHILE a; UNROLL a; FOR_MAP a = the VAR, b = the MAP;
	 * FOR_RANGE a = the VAR, b..c; RETURN a or NULL
	 */

	/* Written by the analysis. */
	struct rs_variable *variable;         /* VAR, LET, FOR */
	struct rs_map *map;                   /* MAP */
	const struct rs_func_row *func;       /* CALL */
	const struct rs_builtin_row *builtin; /* NAME */
	const void *extra;                    /* what the row's check leaves for the row's lower */
};

/* ---- probes ---- */

enum rs_provider {
	RS_PROVIDER_BEGIN,
	RS_PROVIDER_END,
	RS_PROVIDER_TRACEPOINT,
	RS_PROVIDER_RAWTRACEPOINT,
	RS_PROVIDER_KPROBE,
	RS_PROVIDER_KRETPROBE,
	RS_PROVIDER_FENTRY,
	RS_PROVIDER_FEXIT,
	RS_PROVIDER_UPROBE,
	RS_PROVIDER_URETPROBE,
	RS_PROVIDER_USDT,
	RS_PROVIDER_PROFILE,
	RS_PROVIDER_INTERVAL,
	RS_PROVIDER_SOFTWARE,
	RS_PROVIDER_HARDWARE,
	RS_PROVIDER_WATCHPOINT,
	RS_PROVIDER_ITER,
	RS_PROVIDER_SELF, /* self:signal:SIGUSR1 */
	RS_PROVIDER_COUNT,
};

/* Names of a provider: "tracepoint", and its short or older ones ("t", NULL-ended). */
struct rs_provider_row {
	const char *name;
	const char *aliases[4];
	const char *usage; /* "tracepoint:GROUP:EVENT" */
};
extern const struct rs_provider_row rs_provider_table[RS_PROVIDER_COUNT];
/* NULL-safe, case-insensitive; -1 where nothing has this name. */
int rs_provider_find(const char *name);

/*
 * What a probe is attached to, as written, or one of what a pattern stood for. Strings are never
 * NULL; unused parts are "".
 *
 *	tracepoint:GROUP:EVENT          target=GROUP name=EVENT
 *	rawtracepoint[:MODULE]:NAME     target=MODULE name=NAME
 *	kprobe[:MODULE]:FN[+OFF]        target=MODULE name=FN offset   (kprobe:0xADDR: address)
 *	fentry[:MODULE]:FN              same; bpf:[ID:]NAME: target="bpf" space=ID
 *	uprobe:BINARY:FN[+OFF]          target=BINARY name=FN offset   (:0xADDR: address)
 *	       [cpp:]FN, @FILE:LINE     lang="cpp"; name="@FILE:LINE"
 *	usdt:BINARY:[PROVIDER:]NAME     target=BINARY space=PROVIDER name=NAME
 *	profile:UNIT:N, interval:...    target="hz"|"s"|"ms"|"us"|"ns" value=N (1s: "s", 1)
 *	software:EVENT:N, hardware      name=EVENT value=N (0: default)
 *	watchpoint:ADDR:LEN:MODE        address value=LEN name=MODE
 *	iter:KIND[:PIN]                 name=KIND target=PIN
 *	self:signal:NAME                name=NAME
 */
struct rs_attach_point {
	enum rs_provider provider;
	struct rs_span span;
	const char *target;
	const char *space;
	const char *name;
	const char *lang;
	uint64_t offset;
	uint64_t address;
	uint64_t value;
	bool has_address;
	bool has_wildcard; /* in target, space or name: * ? [a-z] */
	const char *text; /* canonical: "tracepoint:syscalls:sys_enter_open", what `probe` prints */
};

struct rs_clause {
	struct rs_span span; /* of its probes */
	struct rs_attach_point *points;
	unsigned n_points;
	struct rs_node *predicate; /* or NULL */
	struct rs_node *body;      /* a BLOCK */
};

/* let @m = lruhash(100) */
struct rs_map_decl {
	struct rs_span span;
	const char *name; /* "@m" */
	const char *
		kind; /* "hash", "lruhash", "percpuhash", "percpulruhash", "percpuarray", "array" */
	uint64_t max_entries;
};

struct rs_config_entry {
	struct rs_span span;
	const char *name; /* lower case, without BPFTRACE_ */
	const char *text; /* value as written, strings without quotes */
	bool is_number;
	uint64_t number;
};

struct rs_macro; /* front's own */

struct rs_script {
	struct rs_arena *arena;
	struct rs_clause *clauses; /* in the order of the source */
	unsigned n_clauses;
	struct rs_map_decl *map_decls;
	unsigned n_map_decls;
	struct rs_config_entry *config;
	unsigned n_config;
	/* C: struct, union, enum, typedef of the script and its includes, concatenated after
	 * preprocessing; "" for none. It is also a source in diags (declarations_span.source), so
	 * that the carets of its mistakes show this text. */
	const char *declarations;
	struct rs_span declarations_span;
	bool has_includes; /* the script asked for headers */
	struct rs_macro *macros;
};

/*
 * Lexes, preprocesses (#define of objects and simple functions, #ifdef/#ifndef/#if
 * defined/#else/#endif, #include through @read_include), parses, expands macros (`macro name($x,
 * @m, e) { ... }`). Mistakes go to diags. NULL only when nothing useful could be made. @predefined:
 * names that are defined ("BPFTRACE_HAVE_BTF"), NULL-ended.
 */
struct rs_front_options {
	const char *const *predefined;
	/* Text of an include: "linux/socket.h". 1 found, 0 answered elsewhere (by BTF): skip,
	 * negative errno. */
	int (*read_include)(void *ctx, const char *name, struct rs_str *out);
	void *ctx;
	const char *const *params; /* $1 ... in the text of probes */
	unsigned n_params;
};
/* A script is no longer than this. */
#define RS_SCRIPT_MAX ((size_t)1 << 20)
struct rs_script *rs_script_parse(struct rs_arena *arena, struct rs_diags *diags,
				  const struct rs_front_options *options);

/* A deep copy, for a body that is compiled for several probes. Without what the analysis wrote.
 * NULL when out of memory. */
struct rs_node *rs_node_clone(struct rs_arena *arena, const struct rs_node *node);

/* Sets height from the nodes below, whose heights are set; false when it would pass
 * RS_AST_HEIGHT_MAX. */
bool rs_node_measure(struct rs_node *node);

/* Calls fn for the node and all below it; false from fn skips what is below. */
void rs_node_walk(struct rs_node *node, bool (*fn)(struct rs_node *node, void *ctx), void *ctx);

/* The tree as indented text, types included where there are any (-d ast). */
int rs_script_dump(const struct rs_script *script, struct rs_str *out);
int rs_node_dump(const struct rs_node *node, unsigned indent, struct rs_str *out);
