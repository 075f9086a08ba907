/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel/lib/leaked.h"

#include <string.h>

bool leaked_is_row(const json_t *row, const char *kind, const char *function)
{
	const char *its = json_string_value(json_object_get(row, "kind"));
	const json_t *frames = json_object_get(row, "frames"), *frame;
	size_t i;

	if (!its || strcmp(its, kind) != 0)
		return false;
	if (!function)
		return true;
	json_array_foreach(frames, i, frame)
	{
		const char *name = json_string_value(json_object_get(frame, "function"));

		if (name && !strcmp(name, function))
			return true;
	}
	return false;
}

static json_int_t number(const json_t *row, const char *key)
{
	return json_integer_value(json_object_get(row, key));
}

static void count_row(const json_t *row, const char *kind, const char *function,
		      struct leaked *found)
{
	const char *type = json_string_value(json_object_get(row, "type"));

	if (type && !strcmp(type, "summary")) {
		found->summary = true;
		found->lost = number(row, "lost_full");
		found->allocations = number(row, "allocations");
		found->frees = number(row, "frees");
	} else if (leaked_is_row(row, kind, function)) {
		found->bytes += number(row, "bytes");
		found->count += number(row, "count");
	}
}

void leaked_read(char *text, const char *kind, const char *function, struct leaked *ret_leaked)
{
	char *line, *rest;

	memset(ret_leaked, 0, sizeof(*ret_leaked));
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		json_t *row = json_loads(line, 0, NULL);

		if (row)
			count_row(row, kind, function, ret_leaked);
		json_decref(row);
	}
}
