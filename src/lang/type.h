/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Types of values. Immutable and interned where that is easy, so compare with rs_type_equal(), never by
 * address. They live in the compilation's arena.
 *
 * How a value lies in memory (map keys and values, tuples, arguments of records, variables):
 * integers, bools, enums, pointers and the other one-word kinds take 8 bytes, extended by their own
 * signedness, whatever their width; strings and buffers their size; the rest what is told below. What is
 * copied from the kernel or a process (structs, arrays) is as it is there. rs_type_slot() tells the bytes,
 * a multiple of 8.
 */

#include "base/arena.h"
#include "base/str.h"

enum rs_type_kind {
	RS_TYPE_NONE,    /* no value: statements */
	RS_TYPE_UNKNOWN, /* not inferred yet, or after a mistake: never a reason for another message */
	RS_TYPE_BOOL,
	RS_TYPE_INT,     /* size 1, 2, 4, 8; is_signed */
	RS_TYPE_ENUM,    /* size, is_signed, fields: its constants */
	RS_TYPE_POINTER, /* to element; space */
	RS_TYPE_ARRAY,   /* of element, count */
	RS_TYPE_STRUCT,  /* fields, size; unions too */
	RS_TYPE_STRING,  /* size bytes at most, with the final NUL; zero-padded in keys */
	RS_TYPE_BUFFER, /* buf(): 8 bytes length, then up to size bytes; slot = 8 + size rounded up */
	RS_TYPE_TUPLE,  /* fields without names at slot offsets */
	RS_TYPE_RECORD, /* the same with names */
	/* One word, shown in their own way. */
	RS_TYPE_KSYM,     /* kernel address */
	RS_TYPE_USYM,     /* 16 bytes: address, pid (of the tgid that ran) */
	RS_TYPE_USERNAME, /* uid */
	RS_TYPE_STRERROR, /* errno */
	RS_TYPE_SIGNAL_NAME,
	RS_TYPE_SYSCALL_NAME,
	RS_TYPE_PROBE, /* index into rs_program.probe_names */
	RS_TYPE_TIMESTAMP, /* strftime(): 16 bytes: nanoseconds, action number of its format; clock in mode */
	RS_TYPE_CGROUP_PATH, /* 16 bytes: cgroup id, action number of its pattern */
	RS_TYPE_INET,   /* ntop(): 24 bytes: family (AF_INET 2, AF_INET6 10), 16 bytes of address */
	RS_TYPE_MAC,    /* 6 bytes, slot 8 */
	RS_TYPE_KSTACK, /* 16 bytes, struct rs_stack_ref */
	RS_TYPE_USTACK,
	/* Only as the value of a map. Per CPU; see map.h of the trace room for how they are added up. */
	RS_TYPE_COUNT, /* u64 */
	RS_TYPE_SUM,   /* s64 */
	RS_TYPE_AVG,   /* u64 count, s64 total */
	RS_TYPE_STATS, /* u64 count, s64 total */
	RS_TYPE_MIN,   /* s64 value, u64 set */
	RS_TYPE_MAX,   /* s64 value, u64 set */
	RS_TYPE_HIST,  /* u64 buckets[count] */
	RS_TYPE_LHIST, /* u64 buckets[count]: below, steps, above */
	RS_TYPE_TSERIES, /* count times RS_TSERIES_BUCKET bytes: u64 number of the interval, u64 value, u64 more */
	RS_TYPE_KIND_COUNT,
};

#define RS_TSERIES_BUCKET 24

/* Where a pointer points, so how it is read. */
enum rs_space {
	RS_SPACE_UNKNOWN, /* decided by the program: kernel for kernel probes, user for uprobes */
	RS_SPACE_KERNEL,  /* bpf_probe_read_kernel() */
	RS_SPACE_USER,    /* bpf_probe_read_user() */
	RS_SPACE_BTF,     /* kernel pointer that the verifier knows: plain loads */
	RS_SPACE_BPF,     /* stack, context, map value: plain loads */
};

struct rs_field {
	const char *name; /* "" for anonymous members */
	const struct rs_type *type;
	uint32_t offset; /* bytes */
	uint32_t bit_offset,
		bit_size; /* bit fields: within the bytes at offset; size 0 otherwise */
	uint8_t data_loc; /* 1: __data_loc, 2: __rel_loc of tracepoints: type is what is found there */
	int64_t value;    /* enum constants */
};

/* Shape of a stack: how it is shown and how deep. */
enum rs_stack_mode {
	RS_STACK_BPFTRACE,
	RS_STACK_PERF,
	RS_STACK_RAW,
	RS_STACK_BUILD_ID,
};

struct rs_type {
	enum rs_type_kind kind;
	enum rs_space
		space; /* POINTER; also STRUCT and ARRAY that stay where they are until a field is read */
	bool is_signed;
	bool is_char; /* INT: C's char, so that arrays of it are text (rs_type_is_text()). Equal to int8 */
	bool is_union;
	bool may_be_cut; /* STRING: read from elsewhere; a text that fills it was cut, and is shown so */
	bool is_volatile_ctx; /* pointer to the context: args of tracepoints, fentry arguments */
	uint8_t mode;         /* stacks: rs_stack_mode; timestamps: clock */
	uint32_t
		size; /* bytes in C: INT 1-8, STRUCT, STRING, BUFFER content; 0 for incomplete structs */
	uint32_t count; /* ARRAY: elements; stacks: frames; histograms: buckets; */
	uint32_t align;
	const char *
		name; /* STRUCT "struct sock", ENUM "enum x" or "", typedef'd anonymous: "name_t" */
	const struct rs_type
		*element; /* POINTER, ARRAY; COUNT..STATS: the type of what is summed up */
	/* STRUCT, ENUM, TUPLE, RECORD. Of structs and enums from the kernel they may come only when asked for:
	 * use rs_type_field() and rs_type_complete(). */
	const struct rs_field *fields;
	uint32_t n_fields;
	bool lazy;               /* fields are not there yet */
	uint32_t btf_id;         /* where it came from, for rs_type_complete(); 0 none */
	uint32_t btf_module;     /* 0 vmlinux */
	int64_t low, high, step; /* LHIST; TSERIES: interval, number of intervals */
	uint32_t bits;           /* HIST: k */
};

/* Kinds that take one 8-byte word and can be computed with or compared. */
static inline bool rs_type_is_integer(const struct rs_type *t)
{
	return t->kind == RS_TYPE_INT || t->kind == RS_TYPE_BOOL || t->kind == RS_TYPE_ENUM;
}

/* One register holds it. */
bool rs_type_is_word(const struct rs_type *t);
/* An array of char, shown as a string. */
bool rs_type_is_text(const struct rs_type *t);
/* COUNT to TSERIES */
bool rs_type_is_aggregate(const struct rs_type *t);
/* Bytes in a key, a value, a tuple: a multiple of 8. */
uint32_t rs_type_slot(const struct rs_type *t);
/* What sizeof() says. */
uint32_t rs_type_sizeof(const struct rs_type *t);
/* Structs and enums by name, the rest by contents; spaces do not count. */
bool rs_type_equal(const struct rs_type *a, const struct rs_type *b);
/* As people write it: "uint64", "struct sock *", "string[64]", "(int64,string[16])". */
int rs_type_format(const struct rs_type *t, struct rs_str *out);
const char *rs_type_text(struct rs_arena *arena, const struct rs_type *t);

/* ---- making types ---- */

struct rs_types; /* all types of one compilation, by name */
struct rs_lang_source;

/* source may be NULL. NULL when out of memory. */
struct rs_types *rs_types_new(struct rs_arena *arena, const struct rs_lang_source *source);
/* Where its types live. */
struct rs_arena *rs_types_arena(const struct rs_types *types);

/* Constants: no allocation, always there. */
extern const struct rs_type rs_type_none, rs_type_unknown, rs_type_bool, rs_type_char;
const struct rs_type *rs_type_int(unsigned size, bool is_signed);
#define rs_type_int64  rs_type_int(8, true)
#define rs_type_uint64 rs_type_int(8, false)

/* NULL when out of memory. */
const struct rs_type *rs_type_simple(struct rs_types *types, enum rs_type_kind kind);
const struct rs_type *rs_type_string(struct rs_types *types, uint32_t size);
const struct rs_type *rs_type_buffer(struct rs_types *types, uint32_t size);
const struct rs_type *rs_type_pointer(struct rs_types *types, const struct rs_type *to,
				      enum rs_space space);
const struct rs_type *rs_type_array(struct rs_types *types, const struct rs_type *element,
				    uint32_t count);
/* names NULL: a tuple. Offsets are by slots. */
const struct rs_type *rs_type_tuple(struct rs_types *types, unsigned n,
				    const struct rs_type *const *elements,
				    const char *const *names);
/* The same type in another space (pointers, structs, arrays), or with another detail: a copy to change. */
struct rs_type *rs_type_copy(struct rs_types *types, const struct rs_type *t);
/* For sources: the lazy struct or enum that the model says, one for each btf_id and btf_module. */
const struct rs_type *rs_type_lazy(struct rs_types *types, const struct rs_type *model);
/* The same in another space; one type for each pair. */
const struct rs_type *rs_type_in_space(struct rs_types *types, const struct rs_type *t,
				       enum rs_space space);

/* By name, script's own declarations first, then the source: "struct sock", "union x", "enum y", a typedef's
 * name, "uint64", "unsigned long", "char", "int8_t" ... NULL when nobody knows it. */
const struct rs_type *rs_types_find(struct rs_types *types, const char *name);
/* The nearest known name, or NULL. */
const char *rs_types_nearest(struct rs_types *types, const char *name);

/* A named constant of any enum (script's first, then the source). */
bool rs_types_find_constant(struct rs_types *types, const char *name, int64_t *ret_value,
			    const struct rs_type **ret_type);

/* The struct with its fields, the enum with its constants (the same pointer when it has them, or is
 * something else). Never NULL; what nobody knows stays as it is. */
const struct rs_type *rs_type_complete(struct rs_types *types, const struct rs_type *t);
/* Also the structs, enums and arrays of them within, but not what pointers point to: all that printing a
 * value of it needs. */
const struct rs_type *rs_type_complete_deep(struct rs_types *types, const struct rs_type *t);

/*
 * A field by name, looked for in anonymous members too (offsets added up, bit fields kept). False: there
 * is none.
 *
 * A struct that is in a space hands it on: its members of struct and array type are there too, and its
 * pointers point into the same space, unless they are known to point elsewhere (__user). Where it is
 * RS_SPACE_BTF, only pointers to structs stay so, for the verifier knows no others: the rest become
 * RS_SPACE_KERNEL. RS_SPACE_BPF is not handed on to pointers.
 */
bool rs_type_field(struct rs_types *types, const struct rs_type *t, const char *name,
		   struct rs_field *ret_field);
const char *rs_type_nearest_field(struct rs_types *types, const struct rs_type *t,
				  const char *name);

/* ---- C declarations and tracepoint formats (cparse.c, format.c) ---- */

/* Adds what the text declares: struct, union, enum, typedef; functions and variables are skipped. Layout as
 * x86-64 and arm64 have it, with bit fields, packed and aligned attributes. Mistakes go to diags at
 * span (plus the byte within the text). */
struct rs_diags;
struct rs_span;
void rs_types_declare(struct rs_types *types, const char *text, struct rs_diags *diags,
		      const struct rs_span *span);

/* Makes the field one of width bits that begins at bit "at" of the struct: offset and bit_offset are those of
 * the unit to read, the size of field->type, which may become another integer where the bits lie across its
 * borders. False: no such field can be read. */
bool rs_field_set_bits(struct rs_field *field, uint64_t at, uint32_t width);

/* A type as C writes it: "unsigned long *", "struct sock *", "const char __user * const *", "char[16]". NULL:
 * not understood. */
const struct rs_type *rs_types_parse(struct rs_types *types, const char *text);

/*
 * The arguments of a tracepoint from the text of its format file, as a struct "struct tracepoint_GROUP_EVENT"
 * whose offsets are those of the record (the context of a BPF program). common_ fields included (hidden
 * when the arguments are listed). @text is hostile. NULL: out of memory or not a format.
 */
const struct rs_type *rs_types_from_format(struct rs_types *types, const char *group,
					   const char *event, const char *text);
