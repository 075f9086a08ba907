/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the compiler makes of a script: everything the runtime needs to create maps, load and attach
 * programs, and understand what they send. Lives in the compilation's arena; constant after compiling.
 */

#include "ir/ir.h"
#include "lang/ast.h"
#include "lang/source.h"
#include "lang/type.h"

/* ---- configuration (config = {}, BPFTRACE_*, options) ---- */

enum rs_missing_probes {
	/* Nothing was said: an error, but only warned of where a clause or a pattern names several places and
	 * others of them are there (older scripts list what functions were called over the years). */
	RS_MISSING_DEFAULT,
	RS_MISSING_ERROR,
	RS_MISSING_WARN,
	RS_MISSING_IGNORE,
};

struct rs_lang_config {
	uint64_t max_strlen;     /* 1024 */
	uint64_t max_map_keys;   /* 4096 */
	uint64_t max_probes;     /* 1024 */
	uint64_t max_programs;   /* 1024 */
	uint64_t max_cat_bytes;  /* 10240 */
	uint64_t log_size;       /* 1000000 */
	uint64_t perf_rb_pages;  /* pages of the ring buffer in all; 0: chosen */
	uint64_t on_stack_limit; /* bytes; larger values live in scratch memory; 32 */
	bool print_maps_on_exit; /* true */
	bool cpp_demangle;       /* true */
	bool lazy_symbolication;
	bool cache_user_symbols_per_pid; /* PER_PID (true) or PER_PROGRAM */
	enum rs_missing_probes missing_probes;
	enum rs_stack_mode stack_mode;
	const char *str_trunc_trailer; /* ".." */
	const char *license;           /* "GPL" */
	uint64_t
		set; /* bit i: entry i (rs_lang_config_name) was set. What was set before the script is compiled
			 came from the environment, which is stronger than the script's config block */
};
void rs_lang_config_init(struct rs_lang_config *config);
/* By its lower-case name. 0; -ENOENT unknown name, -EINVAL value not understood (err says what is). For the
 * config block and for the environment alike. */
int rs_lang_config_set(struct rs_lang_config *config, const char *name, const char *value,
		       struct rs_error *err);
/* The i-th name, or NULL: for "did you mean". */
const char *rs_lang_config_name(unsigned i);

/* ---- maps ---- */

enum rs_map_role {
	RS_MAP_SCRIPT,  /* @x */
	RS_MAP_RING,    /* ring buffer, or perf event array where there is none */
	RS_MAP_SCRATCH, /* array, one value with a piece per CPU: see lower-scratch.c */
	RS_MAP_STATE, /* array, one value of struct rs_state_layout words, mapped by the runtime */
	RS_MAP_LOST,  /* array, one value: u64 lost events per action (atomic; may be mapped) */
	RS_MAP_ERRORS, /* array, one value: struct { u64 count; s64 last } per rs_site (atomic; may be mapped) */
	RS_MAP_STACK,       /* stack traces: key u32 id, value u64 ips[] */
	RS_MAP_STACK_SPILL, /* hash: stacks whose place in RS_MAP_STACK was taken */
	RS_MAP_SEEN,  /* LRU hash: u32 tgid, u32 what -> u64 0: what RS_ACTION_SEEN has told of */
	RS_MAP_CONST, /* array, one value: constant bytes (initial: see @initial) */
};

enum rs_map_kind {                      /* decided by what is stored, or by `let @m = kind(n)` */
		   RS_MAP_ARRAY,        /* a map without keys: one value, addressed directly */
		   RS_MAP_PERCPU_ARRAY, /* the same for aggregates */
		   RS_MAP_HASH,
		   RS_MAP_PERCPU_HASH,
		   RS_MAP_LRU_HASH,
		   RS_MAP_PERCPU_LRU_HASH,
		   RS_MAP_RINGBUF,
		   RS_MAP_PERF_ARRAY,
		   RS_MAP_STACK_TRACE,
};

struct rs_map {
	uint32_t id;         /* index in rs_program.maps, the number in the image's fixups */
	const char *name;    /* "@x"; internal ones "ring", ... */
	struct rs_span span; /* first use */
	enum rs_map_role role;
	enum rs_map_kind kind;
	/* One key: its type. Several: a TUPLE of them (multi_key). NULL: no key. Constant when inferred. */
	const struct rs_type *key;
	bool multi_key; /* written @m[a,b]: printed "a, b"; false for @m[(a,b)], printed "(a, b)" */
	const struct rs_type *value;
	uint32_t key_size, value_size; /* bytes; key 4 for arrays */
	uint64_t max_entries;
	bool used_scalar, used_keyed;       /* for the analysis */
	bool assigned;                      /* something gives it a value */
	bool soft;                          /* for the analysis: as in rs_variable */
	const struct rs_map_decl *declared; /* let @m = ..., or NULL */
	bool no_prealloc;     /* wanted; the runtime decides by what the kernel allows */
	const void *initial;  /* CONST: value_size bytes */
	uint32_t stack_depth; /* STACK */
};

/* Words (u64) in the value of the STATE map. */
enum rs_state_word {
	RS_STATE_STOPPED, /* not 0: programs return at once (checked by those that are slow to detach) */
	RS_STATE_START,     /* CLOCK_BOOTTIME at start, for elapsed */
	RS_STATE_CPID,      /* pid of -c */
	RS_STATE_PIDNS_DEV, /* our pid namespace, 0: the first one */
	RS_STATE_PIDNS_INO,
	RS_STATE_TAI_OFFSET, /* CLOCK_TAI - CLOCK_BOOTTIME at start, for nsecs(sw_tai) */
	RS_STATE_ZERO,       /* always 0, which the verifier does not know: see rs_lower_forget() */
	RS_STATE_RING_FLAGS, /* of each record: 0, it wakes the runtime; BPF_RB_NO_WAKEUP, that looks by itself */
	RS_STATE_EXIT, /* of exit(), whose record may find no room: 256 + the code */
	RS_STATE_WORDS = 16,
};

/* A stack as a value: 16 bytes. */
struct rs_stack_ref {
	uint32_t id;    /* key in the map; UINT32_MAX: none */
	uint32_t map;   /* number of the STACK or STACK_SPILL map */
	uint32_t pid;   /* tgid, for user stacks */
	uint32_t error; /* why there is none: errno */
};

/* ---- actions: what programs send ---- */

enum rs_action_kind {
	RS_ACTION_PRINTF,
	RS_ACTION_ERRORF, /* the same to standard error */
	RS_ACTION_WARNF,
	RS_ACTION_DEBUGF,
	RS_ACTION_PRINT_VALUE,    /* print(expr): args[0] */
	RS_ACTION_PRINT_MAP,      /* print(@m, top, div): arguments u64 top, u64 div */
	RS_ACTION_PRINT_MAP_ITEM, /* print(@m[key]): args[0] = a value that was read */
	RS_ACTION_CLEAR,
	RS_ACTION_ZERO,
	RS_ACTION_EXIT,           /* arguments: u64 code */
	RS_ACTION_TIME,           /* format */
	RS_ACTION_STRFTIME,       /* no record of its own: format of a RS_TYPE_TIMESTAMP */
	RS_ACTION_CGROUP_PATTERN, /* the same for RS_TYPE_CGROUP_PATH */
	RS_ACTION_JOIN,           /* args: strings one after the other; see rs_action.join */
	RS_ACTION_CAT,            /* format and args make the file's name */
	RS_ACTION_SYSTEM,         /* format and args make the command */
	RS_ACTION_SKB,            /* skboutput */
	/* Addresses of a process that are in some value, when they are first met: so that they can be given names
	 * after it has ended. Arguments: u64 tgid, u64 address or 0, struct rs_stack_ref's first u64 (id and map). At
	 * most one action of this kind. */
	RS_ACTION_SEEN,
	RS_ACTION_KIND_COUNT,
};

/* An argument within a record. */
struct rs_action_arg {
	const struct rs_type *type;
	uint32_t offset; /* bytes from the record's beginning */
	/* STRING and BUFFER may be packed: at offset stand { u32 from, u32 len } of bytes within the record
	 * (from its beginning; len without NUL). Otherwise the value's slot is at offset. */
	bool packed;
};

struct rs_action {
	uint32_t id; /* index in rs_program.actions; first u32 of each record */
	enum rs_action_kind kind;
	struct rs_span span;
	const char *format; /* PRINTF.., TIME, STRFTIME, CAT, SYSTEM: unescaped, constant */
	uint32_t format_len;
	const struct rs_action_arg *args;
	unsigned n_args;
	uint32_t size;            /* bytes of the record without packed bytes; a multiple of 8 */
	uint32_t max_size;        /* with them */
	const struct rs_map *map; /* PRINT_MAP, PRINT_MAP_ITEM, CLEAR, ZERO */
	const char *separator;    /* JOIN */
	uint64_t number;          /* CAT: bytes at most, 0: the configured; JOIN: strings at most */
	const char *label; /* PRINT_VALUE of a map item and such: what JSON calls it, or NULL */
};

/* Every record in the ring buffer begins so. */
struct rs_record {
	uint32_t action; /* index in rs_program.actions */
	uint32_t size;   /* bytes in all that are valid */
};

/* ---- sites: where a helper can fail ---- */

enum rs_site_kind {
	RS_SITE_MAP_UPDATE, /* map full and such: counts per map and key shape */
	RS_SITE_MAP_DELETE, /* this, the next and reads only with rs_lang_options.helper_errors */
	RS_SITE_MAP_LOOKUP, /* has no code: 0 */
	RS_SITE_PROBE_READ,
	RS_SITE_STACK,
	RS_SITE_SIGNAL,
	RS_SITE_OTHER,
	RS_SITE_DIVISION, /* by 0; no helper */
	RS_SITE_NO_SCRATCH, /* nested deeper than there is scratch memory: this run of the program was lost */
};

struct rs_site {
	enum rs_site_kind kind;
	struct rs_span span;
	const char *helper;       /* "map_update_elem" */
	const struct rs_map *map; /* or NULL */
};

/* ---- programs ---- */

enum rs_program_type {
	RS_PROGRAM_KPROBE, /* kprobe, uprobe, usdt and their returns: struct pt_regs */
	RS_PROGRAM_TRACEPOINT,
	RS_PROGRAM_RAW_TRACEPOINT,
	RS_PROGRAM_TRACING_RAW_TP, /* BTF typed (tp_btf) */
	RS_PROGRAM_FENTRY,
	RS_PROGRAM_FEXIT,
	RS_PROGRAM_PERF_EVENT,
	RS_PROGRAM_ITER,
	RS_PROGRAM_ONCE, /* BEGIN, END, self: run by the runtime (raw tracepoint program, BPF_PROG_TEST_RUN) */
};

/* One BPF program, attached at one or more places of one provider. */
struct rs_probe {
	unsigned clause;     /* index in the script */
	bool one_of_several; /* its clause names more than this one place */
	enum rs_provider provider;
	enum rs_program_type type;
	const char *name; /* first place's text */
	struct rs_place *places;
	unsigned n_places;
	struct rs_node *predicate, *body; /* its own copies when specialised */
	bool specialised;  /* the code depends on the place: there is one place only */
	bool wants_cookie; /* the place's index among places is given as attach cookie */
	bool sleepable;
	bool filter_pid; /* -p: the program itself looks whether it runs for options->pid (the runtime sees to it
			    for uprobes and usdt) */
	struct rs_variable **variables; /* of the body, by their ids */
	unsigned n_variables;
	const struct rs_type *args;           /* struct of the arguments, or NULL */
	const struct rs_prototype *prototype; /* fentry, fexit, raw tracepoints; or NULL */
	struct rs_ir_module *module;          /* NULL until lowered */
	/* Locations in its lines: the byte of the script plus 1; 0 is code of our own. */
	struct rs_ir_image image;
	uint32_t scratch_size; /* bytes of scratch memory that it needs */
};

/* What a getopt() asks for. */
struct rs_script_option {
	const char *name;
	const struct rs_node *usual; /* the default, as it is written; NULL: false */
	const char *help;            /* NULL: the script does not say */
};

struct rs_program {
	struct rs_arena *arena;
	struct rs_script *script;
	struct rs_diags *diags;
	struct rs_types *types;
	struct rs_lang_config config;
	struct rs_map **maps;
	unsigned n_maps;
	struct rs_action **actions;
	unsigned n_actions;
	struct rs_site *sites;
	unsigned n_sites;
	struct rs_probe **probes; /* in the order of the script */
	unsigned n_probes;
	const char **probe_names; /* RS_TYPE_PROBE */
	unsigned n_probe_names;
	struct rs_script_option *options;
	unsigned n_options;
	unsigned n_missing;    /* places that were not found and are ignored or warned of */
	uint32_t scratch_size; /* bytes of scratch memory per CPU, for all */
	bool needs_unsafe;     /* uses what --unsafe allows */
	bool uses_pid_namespace;
	/* Only BEGIN, END: ends by itself. */
	bool auto_exit;
};
