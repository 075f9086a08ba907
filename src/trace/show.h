/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Values of scripts as text and JSON: what print(), printf() and the maps at the end look like. Pure but for
 * names that must be looked up (symbols, users, cgroups), which come through callbacks.
 */

#include "base/json.h"
#include "base/str.h"
#include "lang/program.h"

/* Looks up what only this machine knows. Every one may be NULL. They append text. */
struct rs_show_names {
	void *ctx;
	void (*ksym)(void *ctx, uint64_t address, bool with_offset, struct rs_str *out);
	void (*usym)(void *ctx, uint64_t address, uint32_t pid, bool with_offset, bool with_module,
		     struct rs_str *out);
	void (*user)(void *ctx, uint32_t uid, struct rs_str *out);
	void (*cgroup)(void *ctx, uint64_t id, const char *pattern, struct rs_str *out);
	/* The frames of a stack: addresses into ips, at most max; how many, or negative. */
	int (*stack)(void *ctx, const struct rs_stack_ref *ref, bool user, uint64_t *ips,
		     unsigned max);
	/* Addresses that will be asked for, of a process that is to be looked at while it is there: one, or (0) those of a
	 * stack. */
	void (*seen)(void *ctx, uint64_t address, const struct rs_stack_ref *ref);
	/* Flags of an allocation in the kernel, by name. */
	void (*gfp)(void *ctx, uint64_t flags, struct rs_str *out);
	/* Wall-clock nanoseconds for a monotonic/boot stamp of the given clock. */
	uint64_t (*wall)(void *ctx, uint64_t stamp, unsigned clock);
};

struct rs_printf;

struct rs_show {
	const struct rs_program *program;
	const struct rs_show_names *names;
	struct rs_printf *formats; /* one per action, parsed */
	struct rs_str scratch, field, wild;
	bool terminal; /* text goes to one: values are tamed (rs_show_tame()) */
};

/* Parses the formats of the program's actions; they live in the arena, as long as show. names may be NULL.
 * -ENOMEM, -E2BIG. */
int rs_show_init(struct rs_show *show, const struct rs_program *program,
		 const struct rs_show_names *names, struct rs_arena *arena);
void rs_show_done(struct rs_show *show);

/* The value at data (size bytes, at least the slot of the type: checked) as print() shows it: numbers, strings,
 * "(1, abc)", "{ .a = 1 }", "[1,2]", stacks with a newline and tabs. div: numbers are divided by it (0, 1: not). */
int rs_show_value(struct rs_show *show, const struct rs_type *type, const void *data, size_t size,
		  uint64_t div, struct rs_str *out);
/* Its JSON value. */
int rs_show_value_json(struct rs_show *show, const struct rs_type *type, const void *data,
		       size_t size, uint64_t div, struct rs_str *out);

/* Bytes of out, from here on, that would steer a terminal become \x1b and such, if text goes to one. */
void rs_show_tame(struct rs_show *show, struct rs_str *out, size_t from);

/* A printf record's text. data, size: the whole record. */
int rs_show_printf(struct rs_show *show, const struct rs_action *action, const void *data,
		   size_t size, struct rs_str *out);

/* Argument i of a record as print() shows it, or its JSON value. */
int rs_show_argument(struct rs_show *show, const struct rs_action *action, unsigned i,
		     const void *data, size_t size, bool json, struct rs_str *out);

/* strftime(3) of local time, with %f for microseconds. */
void rs_show_time(uint64_t wall_ns, const char *format, struct rs_str *out);

/* One argument of a record: where its bytes are (packed ones too). False: the record is too short. */
bool rs_action_argument(const struct rs_action_arg *arg, const void *record, size_t size,
			const void **ret_data, size_t *ret_size);

/* ---- maps ---- */

/* A map's contents as they were read: per-CPU values already added up by rs_show_aggregate(). */
struct rs_map_entry {
	const uint8_t *key;   /* key_size bytes */
	const uint8_t *value; /* value_size bytes */
};
struct rs_map_contents {
	const struct rs_map *map;
	struct rs_map_entry *entries;
	size_t n;
};

/* Adds one CPU's value to a sum of the map's aggregate type (COUNT..LHIST): both value_size bytes. into is all
 * zeroes at first. */
void rs_show_aggregate(const struct rs_type *type, void *into, const void *value);

/* The whole map as print(@m) and the end of a script show it: entries sorted ascending by value (histograms and
 * stats by their total; ties by key), the newest `top` only when not 0, one line "@m[k1, k2]: v" each, histograms
 * as "@m[k]:" and bars. Sorts entries in place. */
int rs_show_map(struct rs_show *show, struct rs_map_contents *contents, uint64_t top, uint64_t div,
		struct rs_str *out);
/* {"type": "map", "data": {"@m": {...}}} and so on, one line with its newline. */
int rs_show_map_json(struct rs_show *show, struct rs_map_contents *contents, uint64_t top,
		     uint64_t div, struct rs_str *out);
