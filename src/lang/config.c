/* SPDX-License-Identifier: Apache-2.0 */

/* The settings of the language: one table for the script's config block and for the environment. */

#include <errno.h>
#include <string.h>

#include "base/suggest.h"
#include "lang/sema.h"

enum type {
	NUMBER,
	SWITCH,
	TEXT,
	WORD,    /* one of some words; the field is an enum */
	IGNORED, /* known to other releases; nothing here depends on it */
};

struct word {
	const char *name;
	int value;
};

static const struct word missing_words[] = { { "error", RS_MISSING_ERROR },
					     { "warn", RS_MISSING_WARN },
					     { "ignore", RS_MISSING_IGNORE },
					     { 0 } };
static const struct word stack_words[] = {
	{ "bpftrace", RS_STACK_BPFTRACE },
	{ "perf", RS_STACK_PERF },
	{ "raw", RS_STACK_RAW },
	{ "build_id", RS_STACK_BUILD_ID },
	{ 0 },
};
static const struct word cache_words[] = { { "PER_PID", 1 }, { "PER_PROGRAM", 0 }, { "NONE", 1 },
					   { "1", 1 },       { "0", 1 },           { 0 } };
static const struct word license_words[] = {
	{ "GPL", 0 },
	{ "GPL v2", 0 },
	{ "GPL and additional rights", 0 },
	{ "Dual BSD/GPL", 0 },
	{ "Dual MIT/GPL", 0 },
	{ "Dual MPL/GPL", 0 },
	{ 0 },
};

struct entry {
	const char *name;
	enum type type;
	size_t offset;
	uint64_t low, high, standard;
	const char *standard_text;
	const struct word *words;
};

#define AT(member) .offset = offsetof(struct rs_lang_config, member)
#define NUMBER_ROW(member, least, most, at_first)                                                  \
	.type = NUMBER, AT(member), .low = (least), .high = (most), .standard = (at_first)
#define IGNORED_ROW(word)                                                                          \
	{                                                                                          \
		.name = (word), .type = IGNORED                                                    \
	}

/* The later ones are other names of the same, from the environment of older releases. */
static const struct entry entries[] = {
	{ .name = "max_strlen", NUMBER_ROW(max_strlen, 1, 65536, 1024) },
	{ .name = "max_map_keys", NUMBER_ROW(max_map_keys, 1, UINT32_MAX, 4096) },
	{ .name = "max_probes", NUMBER_ROW(max_probes, 1, 1 << 20, 1024) },
	{ .name = "max_bpf_progs", NUMBER_ROW(max_programs, 1, 1 << 16, 1024) },
	{ .name = "max_cat_bytes", NUMBER_ROW(max_cat_bytes, 1, 1 << 30, 10240) },
	{ .name = "log_size", NUMBER_ROW(log_size, 1, 1 << 30, 1000000) },
	{ .name = "perf_rb_pages", NUMBER_ROW(perf_rb_pages, 0, 1 << 20, 0) },
	{ .name = "on_stack_limit", NUMBER_ROW(on_stack_limit, 0, 512, 32) },
	{ .name = "print_maps_on_exit", .type = SWITCH, AT(print_maps_on_exit), .standard = 1 },
	{ .name = "cpp_demangle", .type = SWITCH, AT(cpp_demangle), .standard = 1 },
	{ .name = "lazy_symbolication", .type = SWITCH, AT(lazy_symbolication) },
	{ .name = "cache_user_symbols",
	  .type = WORD,
	  AT(cache_user_symbols_per_pid),
	  .standard = 1,
	  .words = cache_words },
	{ .name = "missing_probes", .type = WORD, AT(missing_probes), .words = missing_words },
	{ .name = "stack_mode", .type = WORD, AT(stack_mode), .words = stack_words },
	{ .name = "str_trunc_trailer", .type = TEXT, AT(str_trunc_trailer), .standard_text = ".." },
	{ .name = "license",
	  .type = TEXT,
	  AT(license),
	  .standard_text = "GPL",
	  .words = license_words },
	{ .name = "strlen", NUMBER_ROW(max_strlen, 1, 65536, 1024) },
	{ .name = "map_keys_max", NUMBER_ROW(max_map_keys, 1, UINT32_MAX, 4096) },
	{ .name = "cat_bytes_max", NUMBER_ROW(max_cat_bytes, 1, 1 << 30, 10240) },
	{ .name = "max_programs", NUMBER_ROW(max_programs, 1, 1 << 16, 1024) },
	IGNORED_ROW("max_type_res_iterations"),
	IGNORED_ROW("symbol_source"),
	IGNORED_ROW("show_debug_info"),
	IGNORED_ROW("use_blazesym"),
	IGNORED_ROW("verify_llvm_ir"),
	IGNORED_ROW("debug_output"),
	IGNORED_ROW("unstable_import"),
	IGNORED_ROW("unstable_map_decl"),
	IGNORED_ROW("unstable_macro"),
	IGNORED_ROW("unstable_tseries"),
	IGNORED_ROW("unstable_addr"),
	IGNORED_ROW("unstable_typeinfo"),
};

_Static_assert(ARRAY_SIZE(entries) <= 64, "a bit for each in rs_lang_config.set");

const char *rs_lang_config_name(unsigned i)
{
	return i < ARRAY_SIZE(entries) ? entries[i].name : NULL;
}

static int find(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(entries); i++)
		if (strcmp(entries[i].name, name) == 0)
			return (int)i;
	return -1;
}

static void *at(struct rs_lang_config *config, const struct entry *entry)
{
	return (char *)config + entry->offset;
}

static void put(struct rs_lang_config *config, const struct entry *entry, uint64_t value,
		const char *text)
{
	switch (entry->type) {
	case NUMBER:
		*(uint64_t *)at(config, entry) = value;
		break;
	case SWITCH:
		*(bool *)at(config, entry) = value;
		break;
	case TEXT:
		*(const char **)at(config, entry) = text;
		break;
	case WORD:
		if (entry->words == cache_words)
			*(bool *)at(config, entry) = value;
		else
			memcpy(at(config, entry), &(unsigned){ (unsigned)value }, sizeof(unsigned));
		break;
	case IGNORED:
		break;
	}
}

_Static_assert(sizeof(enum rs_missing_probes) == sizeof(unsigned) &&
		       sizeof(enum rs_stack_mode) == sizeof(unsigned),
	       "words are written as unsigned");

void rs_lang_config_init(struct rs_lang_config *config)
{
	*config = (struct rs_lang_config){ 0 };
	for (unsigned i = 0; i < ARRAY_SIZE(entries); i++)
		put(config, &entries[i], entries[i].standard, entries[i].standard_text);
}

/* ---- values ---- */

static int parse_number(const struct entry *entry, const char *value, uint64_t *ret,
			struct rs_error *err)
{
	uint64_t number = 0;
	const char *c = value;

	for (; *c >= '0' && *c <= '9'; c++)
		if (__builtin_mul_overflow(number, 10u, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*c - '0'), &number))
			break;
	if (!*value || *c || number < entry->low || number > entry->high)
		return rs_error_set(err, -EINVAL,
				    "%s must be a number from %llu to %llu, not \"%s\"",
				    entry->name, (unsigned long long)entry->low,
				    (unsigned long long)entry->high, value);
	*ret = number;
	return 0;
}

static int parse_switch(const struct entry *entry, const char *value, uint64_t *ret,
			struct rs_error *err)
{
	if (strcmp(value, "1") == 0 || strcmp(value, "true") == 0)
		*ret = 1;
	else if (strcmp(value, "0") == 0 || strcmp(value, "false") == 0)
		*ret = 0;
	else
		return rs_error_set(err, -EINVAL, "%s must be true or false, not \"%s\"",
				    entry->name, value);
	return 0;
}

static int parse_word(const struct entry *entry, const char *value, uint64_t *ret,
		      struct rs_error *err)
{
	struct rs_suggest suggest;

	rs_suggest_init(&suggest, value);
	for (const struct word *word = entry->words; word->name; word++) {
		rs_suggest_offer(&suggest, word->name);
		if (strcmp(word->name, value) == 0) {
			*ret = (uint64_t)word->value;
			return 0;
		}
	}
	rs_error_set(err, -EINVAL, "%s can not be \"%s\"", entry->name, value);
	if (rs_suggest_best(&suggest))
		rs_error_hint(err, "did you mean \"%s\"?", rs_suggest_best(&suggest));
	return -EINVAL;
}

static int parse_value(const struct entry *entry, const char *value, uint64_t *ret,
		       struct rs_error *err)
{
	switch (entry->type) {
	case NUMBER:
		return parse_number(entry, value, ret, err);
	case SWITCH:
		return parse_switch(entry, value, ret, err);
	case WORD:
		return parse_word(entry, value, ret, err);
	case TEXT:
		return entry->words ? parse_word(entry, value, ret, err) : 0;
	default:
		return 0;
	}
}

static int unknown(const char *name, struct rs_error *err)
{
	struct rs_suggest suggest;

	rs_suggest_init(&suggest, name);
	for (unsigned i = 0; i < ARRAY_SIZE(entries); i++)
		rs_suggest_offer(&suggest, entries[i].name);
	rs_error_set(err, -ENOENT, "there is no setting \"%s\"", name);
	if (rs_suggest_best(&suggest))
		rs_error_hint(err, "did you mean \"%s\"?", rs_suggest_best(&suggest));
	return -ENOENT;
}

int rs_lang_config_set(struct rs_lang_config *config, const char *name, const char *value,
		       struct rs_error *err)
{
	int i = find(name);
	uint64_t number = 0;
	int r;

	if (i < 0)
		return unknown(name, err);
	r = parse_value(&entries[i], value, &number, err);
	if (r < 0)
		return r;
	put(config, &entries[i], number, value);
	config->set |= 1ull << i;
	return 0;
}

/* ---- the script's block ---- */

/* Another name of the same setting counts too. */
static bool set_before(const struct rs_lang_config *config, int i)
{
	for (unsigned j = 0; j < ARRAY_SIZE(entries); j++)
		if (config->set >> j & 1 && entries[j].type != IGNORED &&
		    entries[j].offset == entries[i].offset)
			return true;
	return false;
}

int rs_lang_configure(struct rs_sema *s)
{
	const struct rs_script *script = s->program->script;
	struct rs_lang_config *config = &s->program->config;
	struct rs_lang_config before;
	int result = 0;

	if (s->options->config)
		*config = *s->options->config;
	else
		rs_lang_config_init(config);
	before = *config;
	for (unsigned i = 0; i < script->n_config; i++) {
		const struct rs_config_entry *entry = &script->config[i];
		int known = find(entry->name);
		struct rs_error err = RS_ERROR_INIT;

		if (known >= 0 && entries[known].type != IGNORED && set_before(&before, known))
			continue;
		if (rs_lang_config_set(config, entry->name, entry->text, &err) == 0)
			continue;
		rs_diag_error(s->diags, entry->span, "%s", err.msg);
		if (*err.hint)
			rs_diag_hint(s->diags, "%s", err.hint);
		result = -EINVAL;
	}
	return result;
}
