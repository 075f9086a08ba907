/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * From the typed tree to IR. Internal to the room; functions (fn-*.c) use it in their lower callbacks.
 *
 * A value is either one word in a register or something in memory. What is in memory is produced at its
 * destination wherever possible: the user of a value that knows where it belongs (a map's key being built, a
 * record in the ring buffer, a variable) calls rs_lower_into(), so that str() writes straight there.
 *
 * Temporary memory comes from rs_lower_room(): the stack while it is small, scratch memory otherwise (the
 * essay on that stands in lower-scratch.c). Code that asks for a room in a branch may use it there only.
 *
 * A function's lowering may meet that it is in a block that has ended (after return): what it emits then is
 * dropped. Registers must be assigned on every path before they are used.
 */

#include "ir/ir.h"
#include "lang/sema.h"

enum rs_value_where {
	RS_VALUE_NONE,   /* no value */
	RS_VALUE_WORD,   /* reg holds it, extended to 64 bits by its type */
	RS_VALUE_MEMORY, /* at reg + offset, as type.h lays it out, readable by plain loads */
	RS_VALUE_REMOTE, /* at reg + offset in type->space (kernel, user, BTF): structs and arrays not copied yet */
};

struct rs_value {
	enum rs_value_where where;
	const struct rs_type *type;
	rs_reg reg;
	int32_t offset;
	enum rs_space space;  /* REMOTE: how it is read; UNKNOWN: type->space */
	struct rs_field bits; /* REMOTE/MEMORY bit field: bit_size != 0 */
};

/* Memory to write to: reg + offset, 8-aligned, of rs_type_slot() bytes or more. */
struct rs_place_in_memory {
	rs_reg reg;
	int32_t offset;
	uint32_t size; /* bytes there */
	bool zeroed;   /* is known to hold zeroes already */
	/* Nobody looks behind the NUL of a string or the length of a buffer (a record's argument): that need not
	 * be zeroed. False for keys, values of maps, variables. */
	bool loose;
};

struct rs_lower {
	struct rs_sema *sema; /* arena, diags, program, types, source */
	struct rs_program *program;
	struct rs_probe *probe;
	struct rs_ir_module *module;
	struct rs_ir_func *f; /* being filled */
	rs_reg ctx;           /* parameter 0 of the program; in callbacks what was passed on */
	rs_label exit;        /* jump here to end this run (gives scratch back) */
	struct rs_lower_state *state; /* of lower*.c: lower-private.h */
};

/* ---- expressions (lower-expr.c) ---- */
struct rs_value rs_lower_value(struct rs_lower *l, struct rs_node *node);
/* A word: the register. For REMOTE/MEMORY integers they are read. */
rs_reg rs_lower_word(struct rs_lower *l, struct rs_node *node);
/* Evaluates and writes the value's slot, padding zeroed (so that keys compare). */
void rs_lower_into(struct rs_lower *l, struct rs_node *node, const struct rs_place_in_memory *to);
/* The same, seen as type (the type of a map's key or value, wider than the node's own): strings are padded,
 * integers are words anyway. */
void rs_lower_into_as(struct rs_lower *l, struct rs_node *node, const struct rs_type *type,
		      const struct rs_place_in_memory *to);
/* A condition: jumps. Short-circuits && and ||, compares without making 0 and 1. */
void rs_lower_condition(struct rs_lower *l, struct rs_node *node, rs_label yes, rs_label no);

struct rs_value rs_value_word(const struct rs_type *type, rs_reg reg);
struct rs_value rs_value_none(void);
struct rs_value rs_value_memory(const struct rs_type *type, rs_reg reg, int32_t offset);
struct rs_value rs_value_remote(const struct rs_type *type, enum rs_space space, rs_reg reg,
				int32_t offset);
/* A value that is at hand as a word; REMOTE ones are read (one field). */
rs_reg rs_value_to_word(struct rs_lower *l, const struct rs_value *value);
/* Copies a value of any where to memory as `type` lays it out there. */
void rs_value_store(struct rs_lower *l, const struct rs_value *value, const struct rs_type *type,
		    const struct rs_place_in_memory *to);
/* Its address as plain memory (copied to a room when it is remote or a word). */
struct rs_value rs_value_to_memory(struct rs_lower *l, const struct rs_value *value);

/* True (1 or 0 in the register) when two strings in plain memory, padded with zeroes, are equal. */
rs_reg rs_lower_strings_equal(struct rs_lower *l, const struct rs_value *a,
			      const struct rs_value *b);
/* The value has a verifier's pointer in its register (context, frame, map value, BTF): as a plain number, with
 * which any arithmetic is allowed. Others are given back as they are. */
rs_reg rs_value_as_number(struct rs_lower *l, const struct rs_value *value);

/* ---- reading (lower-read.c) ---- */
/* Reads a word of the type at address + offset in space: a plain load where allowed, else probe_read into a
 * stack slot. Failure reads 0. */
rs_reg rs_lower_read(struct rs_lower *l, enum rs_space space, rs_reg address, int32_t offset,
		     const struct rs_type *type);
/* Copies size bytes to plain memory; 0 or negative in the register returned. On failure the memory is zeroed by
 * the kernel. */
rs_reg rs_lower_read_bytes(struct rs_lower *l, enum rs_space space, rs_reg address, int32_t offset,
			   uint32_t size, const struct rs_place_in_memory *to);
/* The helper's number for reading memory, or a string, of a space. */
uint32_t rs_read_helper(enum rs_space space);
uint32_t rs_read_str_helper(enum rs_space space);

/* ---- memory (lower-scratch.c) ---- */
/* Temporary memory of size bytes, not zeroed, until rs_lower_room_reset() to a mark taken before. */
struct rs_place_in_memory rs_lower_room(struct rs_lower *l, uint32_t size);
/* Never on the stack. @size: a multiple of 8. */
struct rs_place_in_memory rs_lower_scratch_room(struct rs_lower *l, uint32_t size);
struct rs_room_mark {
	uint32_t scratch;
	uint32_t n_slots;
};
struct rs_room_mark rs_lower_room_mark(struct rs_lower *l);
void rs_lower_room_reset(struct rs_lower *l, struct rs_room_mark mark);
/* to: address of the place as a register (reg + offset). */
rs_reg rs_place_address(struct rs_lower *l, const struct rs_place_in_memory *to);
/* Part of a place. */
struct rs_place_in_memory rs_place_at(const struct rs_place_in_memory *to, uint32_t offset,
				      uint32_t size);
void rs_place_zero(struct rs_lower *l, const struct rs_place_in_memory *to);

/* ---- maps (lower-map.c) ---- */
/* Constant bytes that programs can read, at most 64 KiB in all: their offset in the map of role RS_MAP_CONST;
 * equal ones are kept once. Zeroes: data NULL. */
uint32_t rs_lower_constant(struct rs_lower *l, const void *data, uint32_t len);
/* Their address. */
rs_reg rs_lower_constant_address(struct rs_lower *l, const void *data, uint32_t len);
/* Builds the key of @m[...] and returns its address; for maps without keys an address of a u32 0. Maps of kind
 * RS_MAP_ARRAY need none: see rs_lower_map_find(). */
rs_reg rs_lower_key(struct rs_lower *l, struct rs_node *map_node);
/* The value of @m[...]: 0, "" or zeroes when it is not there. Aggregates are added up over CPUs. */
struct rs_value rs_lower_map_get(struct rs_lower *l, struct rs_node *map_node);
/* The address of the value of @m[...] (this CPU's for per-CPU maps); where there is none the code goes to @missing
 * (0: the register is 0 then; never for RS_MAP_ARRAY). */
rs_reg rs_lower_map_find(struct rs_lower *l, struct rs_node *map_node, rs_label missing);
/* The same, but made of zeroes where it is missing; goes to @failed (the map is full: counted) when that is not
 * possible. One lookup where it is there. */
rs_reg rs_lower_map_element(struct rs_lower *l, struct rs_node *map_node, rs_label failed);
/* @m[...] = node */
void rs_lower_map_set(struct rs_lower *l, struct rs_node *map_node, struct rs_node *value);
/* @m[...] = count() and so on: lower-aggregate.c */
void rs_lower_aggregate(struct rs_lower *l, struct rs_node *map_node, struct rs_node *call);

/* ---- records (lower-record.c) ---- */
/*
 * Sends a record: header, then one argument per node laid out by its type, strings packed behind. Fills
 * action->args, size, max_size. Small ones are built in the ring buffer itself, those with long strings in
 * scratch and copied with the bytes that are used. What finds no room is counted for the action.
 */
void rs_lower_record(struct rs_lower *l, struct rs_action *action, struct rs_node *const *args,
		     unsigned n_args);
/* The same with words that are at hand: u64 each. */
void rs_lower_record_words(struct rs_lower *l, struct rs_action *action, unsigned n,
			   const rs_reg *words);

/* ---- helpers ---- */
/* Counts a failure: r (a helper's result) is negative -> the site's counter and last error. Cold code. */
void rs_lower_check_failure(struct rs_lower *l, uint32_t site, rs_reg r);
/* With rs_lang_options.helper_errors: counts where r is negative. The place is what is being lowered. */
void rs_lower_watch(struct rs_lower *l, enum rs_site_kind kind, const char *helper, rs_reg r);
/* The same for a lookup of the map's node that found nothing: at is NULL. */
void rs_lower_watch_lookup(struct rs_lower *l, const struct rs_node *node, rs_reg at);
/* The same where it is known that it failed: counts here and now. */
void rs_lower_count_failure(struct rs_lower *l, uint32_t site, rs_reg r);
/* A word of the STATE map (enum rs_state_word): a plain load. */
rs_reg rs_lower_state_word(struct rs_lower *l, unsigned word);
/*
 * What updating or deleting an element gave, as the number that it is: before 6.4 these return an int, and programs
 * call them directly, so that the upper half of the register is anything.
 */
rs_reg rs_lower_map_result(struct rs_lower *l, rs_reg r);
/* Ends this run of the program (exit, return): gives back what is held, from callbacks too. */
void rs_lower_end(struct rs_lower *l);
rs_reg rs_lower_pid_tgid(
	struct rs_lower *l); /* bpf_get_current_pid_tgid(), or in our pid namespace */
rs_reg rs_lower_task(struct rs_lower *l,
		     enum rs_space *ret_space); /* current task; space BTF or KERNEL */

/* Numbers of BPF helpers (include/uapi/linux/bpf.h). */
enum rs_helper {
	RS_HELPER_map_lookup_elem = 1,
	RS_HELPER_map_update_elem = 2,
	RS_HELPER_map_delete_elem = 3,
	RS_HELPER_probe_read = 4,
	RS_HELPER_ktime_get_ns = 5,
	RS_HELPER_get_prandom_u32 = 7,
	RS_HELPER_get_smp_processor_id = 8,
	RS_HELPER_get_current_pid_tgid = 14,
	RS_HELPER_get_current_uid_gid = 15,
	RS_HELPER_get_current_comm = 16,
	RS_HELPER_perf_event_output = 25,
	RS_HELPER_get_stackid = 27,
	RS_HELPER_get_current_task = 35,
	RS_HELPER_probe_write_user = 36,
	RS_HELPER_get_numa_node_id = 42,
	RS_HELPER_probe_read_str = 45,
	RS_HELPER_get_socket_cookie = 46,
	RS_HELPER_override_return = 58,
	RS_HELPER_get_stack = 67,
	RS_HELPER_get_current_cgroup_id = 80,
	RS_HELPER_send_signal = 109,
	RS_HELPER_skb_output = 111,
	RS_HELPER_probe_read_user = 112,
	RS_HELPER_probe_read_kernel = 113,
	RS_HELPER_probe_read_user_str = 114,
	RS_HELPER_probe_read_kernel_str = 115,
	RS_HELPER_send_signal_thread = 117,
	RS_HELPER_jiffies64 = 118,
	RS_HELPER_get_ns_current_pid_tgid = 120,
	RS_HELPER_ktime_get_boot_ns = 125,
	RS_HELPER_seq_printf = 126,
	RS_HELPER_seq_write = 127,
	RS_HELPER_ringbuf_output = 130,
	RS_HELPER_ringbuf_reserve = 131,
	RS_HELPER_ringbuf_submit = 132,
	RS_HELPER_ringbuf_discard = 133,
	RS_HELPER_d_path = 147,
	RS_HELPER_per_cpu_ptr = 153,
	RS_HELPER_this_cpu_ptr = 154,
	RS_HELPER_get_current_task_btf = 158,
	RS_HELPER_for_each_map_elem = 164,
	RS_HELPER_get_func_ip = 173,
	RS_HELPER_get_attach_cookie = 174,
	RS_HELPER_loop = 181,
	RS_HELPER_map_lookup_percpu_elem = 195,
	RS_HELPER_ktime_get_tai_ns = 208,
};
