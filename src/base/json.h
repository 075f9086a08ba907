/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * JSON (RFC 8259), both ways.
 *
 * The writer appends to a struct rs_str and keeps no tree: the caller opens and closes in order.
 * Errors are the string's sticky one. Commas are the writer's business. Made for one event per
 * line at hundreds of thousands a second; keys known at compile time cost one memcpy.
 *
 * The parser is strict, for control messages and tests: a tree in an arena, depth and size capped.
 */

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"

/* Embedded; nothing to release. */
struct rs_json {
	struct rs_str *out;        /* not owned */
	bool comma;                /* the next key or element needs one */
	struct rs_clock_text time; /* cache for rs_json_time() */
};

void rs_json_init(struct rs_json *w, struct rs_str *out);

/* Forgets the position, for a new document in the same string (the time cache is kept). */
void rs_json_restart(struct rs_json *w);

void rs_json_begin_object(struct rs_json *w);
void rs_json_end_object(struct rs_json *w);
void rs_json_begin_array(struct rs_json *w);
void rs_json_end_array(struct rs_json *w);

/* A key that may need escaping. */
void rs_json_key(struct rs_json *w, const char *key, size_t n);

/* A key already in the form ,"key": (comma, quotes and colon included), n bytes: for tables that
 * prepare their keys once. */
static inline void rs_json_key_raw(struct rs_json *w, const char *comma_key, size_t n)
{
	struct rs_str *out = w->out;

	if (unlikely(rs_str_reserve(out, n) < 0))
		return;
	out->data[out->len] = ',';
	out->len += w->comma;
	w->comma = false;
	/* With a literal key the size is known here, and this is a few moves. */
	memcpy(out->data + out->len, comma_key + 1, n - 1);
	out->len += n - 1;
}

/* A key that is a string literal without anything to escape: rs_json_key_lit(w, "pid"). */
#define rs_json_key_lit(w, literal)                                                                \
	rs_json_key_raw((w), ",\"" literal "\":", sizeof(",\"" literal "\":") - 1)

/*
 * A string value. Valid UTF-8 is kept; control characters and the other characters that are unsafe
 * on a terminal (rs_utf8_is_unsafe()) are written as \uNNNN, which loses nothing; each byte that is
 * not part of valid UTF-8 becomes U+FFFD. Returns true when any byte was replaced, so that the
 * caller can add the raw form.
 */
bool rs_json_string(struct rs_json *w, const void *data, size_t n);
bool rs_json_cstr(struct rs_json *w, const char *text); /* NULL writes null */

void rs_json_u64(struct rs_json *w, uint64_t v);
void rs_json_i64(struct rs_json *w, int64_t v);
void rs_json_bool(struct rs_json *w, bool v);
void rs_json_null(struct rs_json *w);
void rs_json_double(struct rs_json *w, double v); /* not finite: null */

/* Real time in ns as an RFC 3339 UTC string with nanoseconds. */
void rs_json_time(struct rs_json *w, uint64_t real_ns);

/* "0x1f" */
void rs_json_hex(struct rs_json *w, uint64_t v);
/* "00ff10": two digits per byte */
void rs_json_hex_bytes(struct rs_json *w, const void *data, size_t n);

/* A value that already is JSON. */
void rs_json_raw(struct rs_json *w, const void *json, size_t n);

/* --- parser --- */

enum rs_json_type {
	RS_JSON_NULL,
	RS_JSON_BOOL,
	RS_JSON_NUMBER,
	RS_JSON_STRING,
	RS_JSON_ARRAY,
	RS_JSON_OBJECT,
};

/* How a number can be read without loss; the double is always there. */
enum rs_json_number {
	RS_JSON_DOUBLE, /* only as double */
	RS_JSON_U64,    /* integer, 0 to 2^64-1 */
	RS_JSON_I64,    /* integer, below 0 */
};

struct rs_json_value {
	enum rs_json_type type;
	enum rs_json_number number;
	union {
		bool boolean;
		uint64_t u64;
		int64_t i64;
	};
	double real;
	const char *str; /* RS_JSON_STRING: NUL-terminated after len bytes, may hold NULs */
	size_t len;      /* bytes of the string; elements or members of the container */
	/* containers: the first child; a child's next */
	struct rs_json_value *child;
	struct rs_json_value *next;
	const char *key; /* member of an object: its name, NUL-terminated */
	size_t key_len;
};

#define RS_JSON_DEPTH_MAX 64
#define RS_JSON_SIZE_MAX  ((size_t)16 << 20)

/*
 * Parses exactly one document (white space around it allowed). The tree lives in the arena; text is
 * not referenced afterwards. -EINVAL with line and column, -E2BIG too long or too deep, -ENOMEM
 * (the arena's cap too). Invalid UTF-8, lone surrogates, NUL in names and repeated names are errors.
 */
int rs_json_parse(struct rs_arena *arena, const void *text, size_t n,
		  struct rs_json_value **ret_root, struct rs_error *err);

/* Member of an object or NULL; v may be NULL. */
const struct rs_json_value *rs_json_member(const struct rs_json_value *v, const char *key);

/* By dotted path, "process.parent.pid", "args.0" for array elements. A member whose own name has
 * dots is found too. "" is v itself. NULL when there is none; v may be NULL. */
const struct rs_json_value *rs_json_get(const struct rs_json_value *v, const char *path);

/* By path with a fallback, also used when the type does not fit. */
const char *rs_json_get_str(const struct rs_json_value *v, const char *path, const char *fallback);
uint64_t rs_json_get_u64(const struct rs_json_value *v, const char *path, uint64_t fallback);
int64_t rs_json_get_i64(const struct rs_json_value *v, const char *path, int64_t fallback);
double rs_json_get_double(const struct rs_json_value *v, const char *path, double fallback);
bool rs_json_get_bool(const struct rs_json_value *v, const char *path, bool fallback);
