/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/func.h"

#include <string.h>

#include "base/suggest.h"
#include "lang/lang.h"

static const struct rs_func_row *const func_tables[] = {
	rs_func_output,  rs_func_join,    rs_func_map,    rs_func_aggregate,
	rs_func_string,  rs_func_compare, rs_func_symbol, rs_func_process,
	rs_func_network, rs_func_check,   rs_func_glob,
};

static const struct rs_builtin_row *const builtin_tables[] = {
	rs_builtin_table,
	rs_builtin_args,
};

const struct rs_func_row *rs_func_at(unsigned i)
{
	for (size_t t = 0; t < ARRAY_SIZE(func_tables); t++)
		for (const struct rs_func_row *row = func_tables[t]; row->name; row++)
			if (!i--)
				return row;
	return NULL;
}

const struct rs_builtin_row *rs_builtin_at(unsigned i)
{
	for (size_t t = 0; t < ARRAY_SIZE(builtin_tables); t++)
		for (const struct rs_builtin_row *row = builtin_tables[t]; row->name; row++)
			if (!i--)
				return row;
	return NULL;
}

static bool has_name(const char *name, const char *own, const char *const aliases[3])
{
	if (!strcmp(name, own))
		return true;
	for (unsigned i = 0; i < 3 && aliases[i]; i++)
		if (!strcmp(name, aliases[i]))
			return true;
	return false;
}

/* __builtin_pid is pid. */
static const char *plain(const char *name)
{
	static const char prefix[] = "__builtin_";

	return strncmp(name, prefix, sizeof(prefix) - 1) ? name : name + sizeof(prefix) - 1;
}

const struct rs_func_row *rs_func_find(const char *name)
{
	name = plain(name);
	for (size_t t = 0; t < ARRAY_SIZE(func_tables); t++)
		for (const struct rs_func_row *row = func_tables[t]; row->name; row++)
			if (has_name(name, row->name, row->aliases))
				return row;
	return NULL;
}

/* arg0, sarg12: a word and a number. */
static bool is_numbered(const char *name, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(name, word, n) != 0 || !name[n] || strlen(name) > n + 2)
		return false;
	return strspn(name + n, "0123456789") == strlen(name + n);
}

const struct rs_builtin_row *rs_builtin_find(const char *name)
{
	name = plain(name);
	if (is_numbered(name, "arg"))
		name = "arg0";
	else if (is_numbered(name, "sarg"))
		name = "sarg0";
	for (size_t t = 0; t < ARRAY_SIZE(builtin_tables); t++)
		for (const struct rs_builtin_row *row = builtin_tables[t]; row->name; row++)
			if (has_name(name, row->name, row->aliases))
				return row;
	return NULL;
}

const char *rs_func_nearest(const char *name)
{
	struct rs_suggest suggest;

	rs_suggest_init(&suggest, name);
	for (unsigned i = 0; rs_func_at(i); i++)
		rs_suggest_offer(&suggest, rs_func_at(i)->name);
	for (unsigned i = 0; rs_builtin_at(i); i++)
		rs_suggest_offer(&suggest, rs_builtin_at(i)->name);
	return rs_suggest_best(&suggest);
}

const char *rs_lang_function_name(unsigned i)
{
	const struct rs_func_row *row = rs_func_at(i);

	return row ? row->name : NULL;
}

const char *rs_lang_builtin_name(unsigned i)
{
	const struct rs_builtin_row *row = rs_builtin_at(i);

	return row ? row->name : NULL;
}
