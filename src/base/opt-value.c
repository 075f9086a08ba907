/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/opt-internal.h"
#include "base/suggest.h"
#include "base/units.h"
#include "base/vec.h"

typedef int (*store_fn)(const struct rs_opt *opt, const char *value, bool first, void *field,
			struct rs_error *err);

int rs_opt_list_add(struct rs_opt_list *list, const char *item, size_t n)
{
	_cleanup_(rs_cleanup_free) char *copy = strndup(item, n);

	if (!copy || rs_vec_push(list, copy) < 0)
		return -ENOMEM;
	TAKE_PTR(copy);
	return 0;
}

void rs_opt_list_done(struct rs_opt_list *list)
{
	rs_vec_foreach(list, item) free(*item);
	rs_vec_done(list);
}

static const struct rs_opt_name *find_name(const struct rs_opt_name *names, const char *word,
					   size_t n)
{
	for (; names->name; names++)
		if (strlen(names->name) == n && memcmp(names->name, word, n) == 0)
			return names;
	return NULL;
}

/* "\"tabel\" is not one of table, json (did you mean "table"?)" */
static int unknown_name(const struct rs_opt *opt, const char *word, size_t n, struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str list = RS_STR_INIT(768);
	char text[64];
	struct rs_suggest near;

	snprintf(text, sizeof(text), "%.*s", (int)MIN(n, sizeof(text) - 1), word);
	rs_suggest_init(&near, text);
	for (const struct rs_opt_name *name = opt->names; name->name; name++) {
		rs_suggest_offer(&near, name->name);
		rs_str_appendf(&list, "%s%s", list.len ? ", " : "", name->name);
	}
	if (rs_suggest_best(&near))
		return rs_error_set(err, -EINVAL, "\"%s\" is not one of %s (did you mean \"%s\"?)",
				    text, rs_str_cstr(&list), rs_suggest_best(&near));
	return rs_error_set(err, -EINVAL, "\"%s\" is not one of %s", text, rs_str_cstr(&list));
}

static int store_flag(const struct rs_opt *opt, const char *value, bool first, void *field,
		      struct rs_error *err)
{
	static const struct rs_opt_name words[] = {
		{ "true", 1, NULL }, { "yes", 1, NULL },   { "on", 1, NULL },
		{ "1", 1, NULL },    { "false", 0, NULL }, { "no", 0, NULL },
		{ "off", 0, NULL },  { "0", 0, NULL },     { NULL, 0, NULL },
	};
	const struct rs_opt_name *word;

	(void)opt;
	(void)first;
	word = find_name(words, value ? value : "true", value ? strlen(value) : 4);
	if (!word)
		return rs_error_set(err, -EINVAL, "\"%.64s\" is neither true nor false", value);
	memcpy(field, &(bool){ word->value != 0 }, sizeof(bool));
	return 0;
}

static int store_string(const struct rs_opt *opt, const char *value, bool first, void *field,
			struct rs_error *err)
{
	(void)opt;
	(void)first;
	(void)err;
	memcpy(field, &value, sizeof(value));
	return 0;
}

static int store_u32(const struct rs_opt *opt, const char *value, bool first, void *field,
		     struct rs_error *err)
{
	uint64_t v;
	int r = rs_units_parse_u64(value, UINT32_MAX, &v, err);

	(void)opt;
	(void)first;
	if (r == 0)
		memcpy(field, &(uint32_t){ (uint32_t)v }, sizeof(uint32_t));
	return r;
}

static int store_u64(const struct rs_opt *opt, const char *value, bool first, void *field,
		     struct rs_error *err)
{
	uint64_t v;
	int r = rs_units_parse_u64(value, UINT64_MAX, &v, err);

	(void)opt;
	(void)first;
	if (r == 0)
		memcpy(field, &v, sizeof(v));
	return r;
}

static int store_i64(const struct rs_opt *opt, const char *value, bool first, void *field,
		     struct rs_error *err)
{
	int64_t v;
	int r = rs_units_parse_i64(value, &v, err);

	(void)opt;
	(void)first;
	if (r == 0)
		memcpy(field, &v, sizeof(v));
	return r;
}

static int store_duration(const struct rs_opt *opt, const char *value, bool first, void *field,
			  struct rs_error *err)
{
	uint64_t v;
	int r = rs_units_parse_duration(value, &v, err);

	(void)opt;
	(void)first;
	if (r == 0)
		memcpy(field, &v, sizeof(v));
	return r;
}

static int store_size(const struct rs_opt *opt, const char *value, bool first, void *field,
		      struct rs_error *err)
{
	uint64_t v;
	int r = rs_units_parse_size(value, &v, err);

	(void)opt;
	(void)first;
	if (r == 0)
		memcpy(field, &v, sizeof(v));
	return r;
}

static int store_list(const struct rs_opt *opt, const char *value, bool first, void *field,
		      struct rs_error *err)
{
	struct rs_opt_list *list = field;

	(void)first;
	for (;;) {
		size_t n = opt->flags & RS_OPT_NO_SPLIT ? strlen(value) : strcspn(value, ",");
		int r;

		if (!n && !(opt->flags & RS_OPT_NO_SPLIT))
			return rs_error_set(err, -EINVAL, "an element of the list is empty");
		r = rs_opt_list_add(list, value, n);
		if (r < 0)
			return rs_error_set_errno(err, r, "storing \"%.64s\"", value);
		if (!value[n])
			return 0;
		value += n + 1;
	}
}

static int store_enum(const struct rs_opt *opt, const char *value, bool first, void *field,
		      struct rs_error *err)
{
	const struct rs_opt_name *name = find_name(opt->names, value, strlen(value));

	(void)first;
	if (!name)
		return unknown_name(opt, value, strlen(value), err);
	memcpy(field, &(uint32_t){ (uint32_t)name->value }, sizeof(uint32_t));
	return 0;
}

/* The bits of one word of a bit set list. */
static int word_bits(const struct rs_opt *opt, const char *word, size_t n, uint64_t *ret_bits,
		     struct rs_error *err)
{
	const struct rs_opt_name *name = find_name(opt->names, word, n);

	*ret_bits = 0;
	if (name) {
		*ret_bits = name->value;
	} else if (n == 3 && memcmp(word, "all", n) == 0) {
		for (name = opt->names; name->name; name++)
			*ret_bits |= name->value;
	} else if (n != 4 || memcmp(word, "none", n) != 0) {
		return unknown_name(opt, word, n, err);
	}
	return 0;
}

/* The first list replaces the default, unless it starts by taking something out of it. */
static int store_bitset(const struct rs_opt *opt, const char *value, bool first, void *field,
			struct rs_error *err)
{
	uint64_t set;

	memcpy(&set, field, sizeof(set));
	if (first && *value != '-')
		set = 0;
	for (;;) {
		bool out = *value == '-';
		size_t n = strcspn(value += out, ",");
		uint64_t bits;
		int r = word_bits(opt, value, n, &bits, err);

		if (r < 0)
			return r;
		set = out ? set & ~bits : set | bits;
		if (!value[n])
			break;
		value += n + 1;
	}
	memcpy(field, &set, sizeof(set));
	return 0;
}

static int store_callback(const struct rs_opt *opt, const char *value, bool first, void *field,
			  struct rs_error *err)
{
	(void)first;
	return opt->parse(opt, value, field, err);
}

static const store_fn stores[] = {
	[RS_OPT_FLAG] = store_flag,         [RS_OPT_STRING] = store_string,
	[RS_OPT_U32] = store_u32,           [RS_OPT_U64] = store_u64,
	[RS_OPT_I64] = store_i64,           [RS_OPT_DURATION] = store_duration,
	[RS_OPT_SIZE] = store_size,         [RS_OPT_LIST] = store_list,
	[RS_OPT_ENUM] = store_enum,         [RS_OPT_BITSET] = store_bitset,
	[RS_OPT_CALLBACK] = store_callback, [RS_OPT_INCLUDE] = NULL,
};
_Static_assert(ARRAY_SIZE(stores) == RS_OPT_TYPE_COUNT, "one function per type");

bool rs_opt_takes_value(const struct rs_opt *opt)
{
	return opt->type != RS_OPT_FLAG && !(opt->flags & (RS_OPT_NO_VALUE | RS_OPT_MAYBE_VALUE));
}

int rs_opt_store(const struct rs_opt *opt, const char *value, bool first, void *field,
		 struct rs_error *err)
{
	return stores[opt->type](opt, value, first, field, err);
}
