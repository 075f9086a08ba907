/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* For tests of expanding: a point goes in, the texts of its places come out. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/vec.h"
#include "probe/probe.h"

struct expanded {
	struct rs_arena arena;
	RS_VEC(const struct rs_place *) places;
	struct rs_error err;
	int r;
};

static int expanded_take(const struct rs_place *place, void *data)
{
	struct expanded *expanded = data;

	assert_non_null(place->point.text);
	assert_false(place->point.has_wildcard);
	return rs_vec_push(&expanded->places, place);
}

static void expanded_done(struct expanded *expanded)
{
	rs_vec_done(&expanded->places);
	rs_arena_done(&expanded->arena);
}

/* Parts of the point that are NULL are empty. */
static struct expanded expand(struct rs_probes *probes, struct rs_attach_point point)
{
	struct expanded expanded = { 0 };
	const char **parts[] = { &point.target, &point.space, &point.name, &point.lang,
				 &point.text };

	for (unsigned i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!*parts[i])
			*parts[i] = "";
		point.has_wildcard |= (*parts[i])[strcspn(*parts[i], "*?[")] != '\0';
	}
	expanded.r = rs_probes_expand(probes, &point, &expanded.arena, expanded_take, &expanded,
				      &expanded.err);
	return expanded;
}

static inline void expect_one(struct rs_probes *probes, struct rs_attach_point point,
			      const char *text)
{
	struct expanded expanded = expand(probes, point);

	if (expanded.r)
		fail_msg("%s: %s", text, expanded.err.msg);
	assert_int_equal(expanded.places.len, 1);
	assert_string_equal(expanded.places.items[0]->point.text, text);
	expanded_done(&expanded);
}

/* The hint must have this in it; NULL: anything. */
static inline void expect_error(struct rs_probes *probes, struct rs_attach_point point, int code,
				const char *hint)
{
	struct expanded expanded = expand(probes, point);

	assert_int_equal(expanded.r, code);
	assert_int_equal(expanded.err.code, code);
	assert_int_equal(expanded.places.len, 0);
	assert_true(expanded.err.msg[0]);
	if (hint && !strstr(expanded.err.hint, hint))
		fail_msg("the hint is \"%s\", not \"%s\"", expanded.err.hint, hint);
	expanded_done(&expanded);
}

static inline struct rs_probes *new_probes(struct rs_btf_set *btf)
{
	const struct rs_probes_options options = { .btf = btf };
	struct rs_probes *probes = NULL;

	assert_int_equal(rs_probes_new(&options, &probes, NULL), 0);
	return probes;
}
