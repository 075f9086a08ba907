/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the compiler asks of the world: types, probes, symbols, features. A struct of callbacks, so that
 * the compiler needs no kernel: the runtime answers from BTF, tracefs and ELF files; tests from tables.
 * Any of them may be NULL: nothing is known then. Answers live in the compilation's arena.
 */

#include "base/error.h"
#include "lang/ast.h"
#include "lang/type.h"

/* What the kernel can do, as far as code depends on it. Finding out costs up to a fifth of a millisecond each, so
 * the compiler asks only for what it is about to use: rs_lang_has(source, loop). */
struct rs_lang_features {
	bool iter_num;       /* kfuncs bpf_iter_num_* (6.4) */
	bool loop;           /* helper bpf_loop (5.17) */
	bool for_each;       /* helper bpf_for_each_map_elem (5.13) */
	bool lookup_percpu;  /* helper bpf_map_lookup_percpu_elem (5.19) */
	bool ringbuf;        /* 5.8 */
	bool task_btf;       /* helper bpf_get_current_task_btf (5.11), and direct loads from it */
	bool attach_cookie;  /* helper bpf_get_attach_cookie (5.15) */
	bool func_ip;        /* helper bpf_get_func_ip (5.15) */
	bool preempt_kfuncs; /* bpf_preempt_disable/enable (6.10) */
	bool atomic_fetch;   /* atomics that return the old value (5.12) */
	bool ktime_tai;      /* helper bpf_ktime_get_tai_ns (6.1) */
	bool ktime_boot;     /* 5.8 */
	bool map_sum_elem_count;           /* kfunc (6.6) */
	bool strnlen_kfunc, strnstr_kfunc; /* 6.17 */
	bool task_from_pid;                /* kfunc (6.2) */
	bool override_return;              /* CONFIG_BPF_KPROBE_OVERRIDE */
	bool dpath;                        /* helper bpf_d_path usable in fentry */
	bool seq_printf;
	bool multi_kprobe, multi_uprobe; /* links for many functions */
	bool btf;                        /* the kernel has types */
};

/* A function's arguments: fentry, raw tracepoints, kprobe listings. */
struct rs_prototype {
	unsigned n_params;
	struct rs_field
		*params; /* offset = 8 * position in the context of fentry and raw tracepoints */
	const struct rs_type *result; /* rs_type_none for void */
};

/* One concrete place that a pattern stands for. */
struct rs_place {
	struct rs_attach_point
		point; /* no wildcards left; target of uprobes is the resolved path */
	/* usdt: one place per location in the code */
	const char *usdt_args;   /* "-4@%edi 8@-8(%rbp)"; N(%rip) is counted from the probe */
	uint64_t usdt_address;   /* file offset of the location */
	uint64_t usdt_semaphore; /* file offset, 0 none */
	unsigned usdt_location;  /* 0, 1, ... of the same probe */
};

struct rs_lang_source {
	void *ctx;
	struct rs_lang_features features; /* where has_feature is NULL: tests */
	/* The feature at this offset of struct rs_lang_features; answers are remembered. */
	bool (*has_feature)(void *ctx, size_t offset);
	unsigned n_cpus;

	/* A struct, union, enum or typedef by its name with keyword ("struct sock"; a typedef without). Structs may
	 * come lazy (see complete). NULL: unknown. */
	const struct rs_type *(*find_type)(void *ctx, struct rs_types *types, const char *name);
	/* Fields of a lazy struct, constants of a lazy enum, as a new type. NULL: cannot be had. */
	const struct rs_type *(*complete_type)(void *ctx, struct rs_types *types,
					       const struct rs_type *lazy);
	bool (*find_constant)(void *ctx, struct rs_types *types, const char *name,
			      int64_t *ret_value, const struct rs_type **ret_type);
	/* Arguments of a kernel function (module "" = any); of a raw tracepoint. 1 found, 0 unknown, -errno. */
	int (*find_function)(void *ctx, struct rs_types *types, const char *module,
			     const char *name, struct rs_prototype *ret);
	int (*find_rawtracepoint)(void *ctx, struct rs_types *types, const char *module,
				  const char *name, struct rs_prototype *ret);
	/* The context struct of an iterator: "struct bpf_iter__task". */
	const struct rs_type *(*find_iter)(void *ctx, struct rs_types *types, const char *kind);
	/* Text of the format file, in the arena; NULL: no such tracepoint or no right (err says). */
	const char *(*tracepoint_format)(void *ctx, struct rs_arena *arena, const char *group,
					 const char *event, struct rs_error *err);

	/*
	 * Calls fn for each place that the point stands for, a wildcard or not (functions that cannot be
	 * probed are left out of wildcards); fn returning negative stops. 0, or a negative errno with err:
	 * -ENOENT nothing is there (hint: the nearest name).
	 */
	int (*expand)(void *ctx, const struct rs_attach_point *point, struct rs_arena *arena,
		      int (*fn)(const struct rs_place *place, void *data), void *data,
		      struct rs_error *err);

	bool (*kernel_address)(void *ctx, const char *symbol, uint64_t *ret_address); /* kaddr() */
	bool (*user_address)(void *ctx, const char *binary, const char *symbol,
			     uint64_t *ret_address);                      /* uaddr() */
	bool (*cgroup_id)(void *ctx, const char *path, uint64_t *ret_id); /* cgroupid() */
	bool (*has_kfunc)(void *ctx, const char *name);
	int (*read_include)(void *ctx, const char *name,
			    struct rs_str *out); /* as rs_front_options has it */
	/* The nearest name of the same sort ("struct ...", typedefs) that find_type() knows, or NULL: after a mistake,
	 * so it may take its time. */
	const char *(*nearest_type)(void *ctx, struct rs_types *types, const char *name);
};

/* Whether the kernel has a feature by its name in struct rs_lang_features. The source may be NULL: no. */
#define rs_lang_has(lang_source, feature)                                                          \
	({                                                                                         \
		const struct rs_lang_source *has_source_ = (lang_source);                          \
		has_source_ && (has_source_->has_feature                                           \
					? has_source_->has_feature(                                \
						  has_source_->ctx,                                \
						  offsetof(struct rs_lang_features, feature))      \
					: has_source_->features.feature);                          \
	})
