/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The kernel's types (BTF) where they lie: nothing is parsed until something is looked up, and nothing is
 * copied but an index of 4 bytes per type, made by one walk at the first lookup. A name is looked for by
 * comparing it with those of the types of the wanted kinds.
 *
 * What is read is not trusted: wrong offsets, lengths and circles yield "not found", empty names and
 * nothing at the end of a chain.
 *
 * Format: Documentation/bpf/btf.rst of the kernel.
 */

#include "base/error.h"

#define RS_BTF_VMLINUX "/sys/kernel/btf/vmlinux"

/* Numbers of the format. */
enum rs_btf_kind {
	RS_BTF_VOID,
	RS_BTF_INT,
	RS_BTF_PTR,
	RS_BTF_ARRAY,
	RS_BTF_STRUCT,
	RS_BTF_UNION,
	RS_BTF_ENUM,
	RS_BTF_FWD,
	RS_BTF_TYPEDEF,
	RS_BTF_VOLATILE,
	RS_BTF_CONST,
	RS_BTF_RESTRICT,
	RS_BTF_FUNC,
	RS_BTF_FUNC_PROTO,
	RS_BTF_VAR,
	RS_BTF_DATASEC,
	RS_BTF_FLOAT,
	RS_BTF_DECL_TAG,
	RS_BTF_TYPE_TAG,
	RS_BTF_ENUM64,
	RS_BTF_KIND_COUNT,
};

/* A set of kinds. */
#define RS_BTF_MASK(kind) (1u << (kind))

struct rs_btf;

/*
 * A file of types: the kernel's, or a module's on top of base (which must outlive it; NULL: none). Mapped where
 * the kernel allows it (6.16), else read. -ENOENT, -EACCES ..., -EBADMSG no BTF.
 */
int rs_btf_open(const char *path, struct rs_btf *base, struct rs_btf **ret_btf,
		struct rs_error *err);
/* The same from memory that stays the caller's and must outlive it. */
int rs_btf_open_memory(const void *data, size_t size, struct rs_btf *base, struct rs_btf **ret_btf,
		       struct rs_error *err);
void rs_btf_close(struct rs_btf **btf);

/* One more than the highest number; the lowest that is no base's. Makes the index. */
uint32_t rs_btf_end(struct rs_btf *btf);
uint32_t rs_btf_begin(struct rs_btf *btf);

/* One type, a view: valid as long as the struct rs_btf. */
struct rs_btf_type {
	uint32_t id;
	enum rs_btf_kind kind;
	const char *name; /* "" for none */
	uint32_t n;       /* members, parameters, constants, variables */
	bool flag; /* structs: members have bit sizes; enums: signed; forward declarations: a union */
	uint32_t size; /* INT, FLOAT, STRUCT, UNION, ENUM, DATASEC; else 0 */
	uint32_t
		to; /* the type that this one refers to; FUNC_PROTO: what it returns; ARRAY: element */
	uint32_t count;            /* ARRAY */
	uint32_t encoding;         /* INT: RS_BTF_INT_* */
	uint32_t bits, bit_offset; /* INT */
	const uint8_t *items;      /* raw, n of them */
	const struct rs_btf *btf;  /* where it lies: the file itself, or its base */
};

enum {
	RS_BTF_INT_SIGNED = 1,
	RS_BTF_INT_CHAR = 2,
	RS_BTF_INT_BOOL = 4,
};

struct rs_btf_member {
	const char *name;
	uint32_t type;
	uint32_t at;       /* bits */
	uint32_t bit_size; /* 0: no bit field */
};

struct rs_btf_param {
	const char *name;
	uint32_t type; /* 0 with an empty name: "..." */
};

struct rs_btf_constant {
	const char *name;
	int64_t value;
};

/* False: there is none; *ret is void then. Number 0 is void, too. */
bool rs_btf_get(struct rs_btf *btf, uint32_t id, struct rs_btf_type *ret);
/* i below type->n. */
void rs_btf_member(const struct rs_btf_type *type, uint32_t i, struct rs_btf_member *ret);
void rs_btf_param(const struct rs_btf_type *type, uint32_t i, struct rs_btf_param *ret);
void rs_btf_constant(const struct rs_btf_type *type, uint32_t i, struct rs_btf_constant *ret);

/* What was stepped over on the way to a type. */
struct rs_btf_path {
	const char *name;       /* of the last typedef, NULL none */
	bool user, percpu, rcu; /* tags */
};

/* The type below const, volatile, restrict, typedefs and tags. ret_path may be NULL. False: void. */
bool rs_btf_resolve(struct rs_btf *btf, uint32_t id, struct rs_btf_type *ret,
		    struct rs_btf_path *ret_path);
/* Bytes; 0 unknown. */
uint32_t rs_btf_size(struct rs_btf *btf, uint32_t id);
/* Bytes, a power of two. Of structs as their members need it; 1 for packed ones. */
uint32_t rs_btf_align(struct rs_btf *btf, uint32_t id);

/* The number of the first type of this name and one of the kinds, not looked for in the base; 0: none. */
uint32_t rs_btf_find(struct rs_btf *btf, const char *name, unsigned kinds);
/* The enum that has a constant of this name, and which. 0: none. */
uint32_t rs_btf_find_constant(struct rs_btf *btf, const char *name, struct rs_btf_constant *ret);
/* Calls fn for each type of the kinds, not the base's; fn returning non-zero stops and is returned. */
int rs_btf_each(struct rs_btf *btf, unsigned kinds,
		int (*fn)(const struct rs_btf_type *type, void *data), void *data);

/* ---- the kernel and its modules ---- */

/* All types of a kernel, each file opened when it is first needed. Modules have numbers, from 1; the kernel
 * itself is 0, "vmlinux". */
struct rs_btf_set;

/* vmlinux: the file of the kernel's types; modules: the folder with one file for each module. NULL: where this
 * kernel has them. Opens nothing. */
int rs_btf_set_new(const char *vmlinux, const char *modules, struct rs_btf_set **ret_set);
void rs_btf_set_free(struct rs_btf_set **set);

/* NULL: cannot be had, err (may be NULL) says why, each time. */
struct rs_btf *rs_btf_set_vmlinux(struct rs_btf_set *set, struct rs_error *err);
/* Modules there are now (as far as they have types) and 1 for the kernel. */
unsigned rs_btf_set_count(struct rs_btf_set *set);
/* "vmlinux", "ext4" */
const char *rs_btf_set_name(struct rs_btf_set *set, unsigned number);
/* NULL: cannot be read. */
struct rs_btf *rs_btf_set_at(struct rs_btf_set *set, unsigned number);

/*
 * A type by name and kinds: in the module, or, for "", in the kernel and then in one module after the other.
 * Its number and in which file; 0: nowhere.
 */
uint32_t rs_btf_set_find(struct rs_btf_set *set, const char *module, const char *name,
			 unsigned kinds, unsigned *ret_number);

/* A descriptor of the module's types, for attach_btf_obj_fd of programs; owned by the caller. */
int rs_btf_set_open_fd(struct rs_btf_set *set, unsigned number, struct rs_error *err);
