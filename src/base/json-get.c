/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

static const struct rs_json_value *find_member(const struct rs_json_value *v, const char *key,
					       size_t n)
{
	for (const struct rs_json_value *m = v->child; m; m = m->next)
		if (m->key_len == n && memcmp(m->key, key, n) == 0)
			return m;
	return NULL;
}

static const struct rs_json_value *find_element(const struct rs_json_value *v, const char *digits,
						size_t n)
{
	const struct rs_json_value *element = v->child;
	size_t index = 0;

	if (!n || n > 9)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (digits[i] < '0' || digits[i] > '9')
			return NULL;
		index = index * 10 + (size_t)(digits[i] - '0');
	}
	while (element && index--)
		element = element->next;
	return element;
}

const struct rs_json_value *rs_json_member(const struct rs_json_value *v, const char *key)
{
	return v && v->type == RS_JSON_OBJECT ? find_member(v, key, strlen(key)) : NULL;
}

/* Tries every split of the path at a dot: a name may itself hold dots. */
static const struct rs_json_value *find_path(const struct rs_json_value *v, const char *path)
{
	if (v->type != RS_JSON_OBJECT && v->type != RS_JSON_ARRAY)
		return NULL;
	for (size_t n = strcspn(path, ".");; n += 1 + strcspn(path + n + 1, ".")) {
		const struct rs_json_value *found;

		found = v->type == RS_JSON_OBJECT ? find_member(v, path, n)
						  : find_element(v, path, n);
		if (found && path[n])
			found = find_path(found, path + n + 1);
		if (found || !path[n])
			return found;
	}
}

const struct rs_json_value *rs_json_get(const struct rs_json_value *v, const char *path)
{
	return v && *path ? find_path(v, path) : v;
}

static const struct rs_json_value *get_typed(const struct rs_json_value *v, const char *path,
					     enum rs_json_type type)
{
	v = rs_json_get(v, path);
	return v && v->type == type ? v : NULL;
}

const char *rs_json_get_str(const struct rs_json_value *v, const char *path, const char *fallback)
{
	v = get_typed(v, path, RS_JSON_STRING);
	return v ? v->str : fallback;
}

uint64_t rs_json_get_u64(const struct rs_json_value *v, const char *path, uint64_t fallback)
{
	v = get_typed(v, path, RS_JSON_NUMBER);
	return v && v->number == RS_JSON_U64 ? v->u64 : fallback;
}

int64_t rs_json_get_i64(const struct rs_json_value *v, const char *path, int64_t fallback)
{
	v = get_typed(v, path, RS_JSON_NUMBER);
	if (v && v->number == RS_JSON_I64)
		return v->i64;
	return v && v->number == RS_JSON_U64 && v->u64 <= INT64_MAX ? (int64_t)v->u64 : fallback;
}

double rs_json_get_double(const struct rs_json_value *v, const char *path, double fallback)
{
	v = get_typed(v, path, RS_JSON_NUMBER);
	return v ? v->real : fallback;
}

bool rs_json_get_bool(const struct rs_json_value *v, const char *path, bool fallback)
{
	v = get_typed(v, path, RS_JSON_BOOL);
	return v ? v->boolean : fallback;
}
