/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/flame.h"

#include <errno.h>
#include <string.h>

#include "base/hashmap.h"
#include "profile/amount.h"

/* One profile while its samples go into the tree. */
struct source {
	const struct rs_profile *profile;
	unsigned side;
	int types[RS_PROFILE_VALUES_MAX]; /* which of its values goes where; -1: none */
	RS_VEC(uint32_t) functions;       /* by number of frame */
};

static void source_done(struct source *source)
{
	rs_vec_done(&source->functions);
}

void rs_flame_free(struct rs_flame **flame)
{
	struct rs_flame *f = TAKE_PTR(*flame);

	if (!f)
		return;
	rs_vec_done(&f->functions);
	rs_vec_done(&f->nodes);
	rs_vec_done(&f->amounts);
	rs_intern_done(&f->function_index);
	rs_intern_done(&f->node_index);
	free(f);
}

const char *rs_flame_name(const struct rs_flame *flame, uint32_t node)
{
	return node ? flame->functions.items[flame->nodes.items[node].function].function : "all";
}

/* --- functions --- */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same_function(const void *things, uint32_t number, const void *key)
{
	const struct rs_flame_function *a = (const struct rs_flame_function *)things + number;
	const struct rs_frame *b = key;

	return a->kind == b->kind && same_text(a->function, b->function) &&
	       same_text(a->module, b->module);
}

static void see_lines(struct rs_flame_function *function, const struct rs_frame *frame)
{
	if (!frame->file || function->other_files)
		return;
	if (!function->file)
		function->file = frame->file;
	if (strcmp(function->file, frame->file) != 0) {
		function->other_files = true;
		function->file = NULL;
		function->line_first = function->line_last = 0;
		return;
	}
	if (frame->line) {
		function->line_first = function->line_first ? MIN(function->line_first, frame->line)
							    : frame->line;
		function->line_last = MAX(function->line_last, frame->line);
	}
}

static int find_function(struct rs_flame *f, const struct rs_frame *frame, uint32_t *ret_number)
{
	uint64_t hash = rs_hash_bytes(frame->function, strlen(frame->function));
	uint32_t number;

	if (frame->module)
		hash ^= rs_hash_u64(rs_hash_bytes(frame->module, strlen(frame->module)));
	hash += frame->kind;
	number = rs_intern_find(&f->function_index, hash, same_function, f->functions.items, frame);
	if (number == UINT32_MAX) {
		struct rs_flame_function function = {
			.function = frame->function,
			.module = frame->module,
			.kind = frame->kind,
		};

		if (rs_intern_reserve(&f->function_index) < 0 ||
		    rs_vec_push(&f->functions, function) < 0)
			return -ENOMEM;
		number = rs_intern_add(&f->function_index, hash);
	}
	see_lines(&f->functions.items[number], frame);
	*ret_number = number;
	return 0;
}

static int find_functions(struct rs_flame *f, struct source *source)
{
	size_t n = rs_profile_frames(source->profile);

	if (rs_vec_reserve(&source->functions, n) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t number;

		if (find_function(f, rs_profile_frame_at(source->profile, i), &number) < 0)
			return -ENOMEM;
		source->functions.items[source->functions.len++] = number;
	}
	return 0;
}

/* --- nodes --- */

static bool same_node(const void *things, uint32_t number, const void *key)
{
	const struct rs_flame_node *a = (const struct rs_flame_node *)things + number, *b = key;

	return a->parent == b->parent && a->function == b->function;
}

static int find_node(struct rs_flame *f, uint32_t parent, uint32_t function, uint32_t *ret_node)
{
	struct rs_flame_node key = { .parent = parent, .function = function };
	uint64_t hash = rs_hash_u64((uint64_t)parent << 32 | function);
	uint32_t number = rs_intern_find(&f->node_index, hash, same_node, f->nodes.items, &key);

	if (number == UINT32_MAX) {
		key.depth = f->nodes.len ? f->nodes.items[parent].depth + 1 : 0;
		if (rs_intern_reserve(&f->node_index) < 0 ||
		    rs_vec_reserve(&f->amounts, f->types * 4) < 0 ||
		    rs_vec_push(&f->nodes, key) < 0)
			return -ENOMEM;
		memset(f->amounts.items + f->amounts.len, 0, f->types * 4 * sizeof(int64_t));
		f->amounts.len += f->types * 4;
		f->depth = MAX(f->depth, key.depth);
		number = rs_intern_add(&f->node_index, hash);
	}
	*ret_node = number;
	return 0;
}

static int add_sample(struct rs_flame *f, const struct source *source,
		      const struct rs_profile_sample *sample)
{
	uint32_t node = 0;

	for (size_t i = sample->n_frames; i; i--) {
		uint32_t function = source->functions.items[sample->frames[i - 1]];

		if (find_node(f, node, function, &node) < 0)
			return -ENOMEM;
	}
	for (size_t i = 0; i < f->types; i++) {
		int64_t value = source->types[i] < 0 ? 0 : sample->values[source->types[i]];

		if (value < 0)
			f->negative++;
		else
			rs_amount_add(&rs_flame_self(f, node, source->side)[i], value);
	}
	return 0;
}

static int add_profile(struct rs_flame *f, struct source *source)
{
	size_t n = rs_profile_samples(source->profile);
	int r = find_functions(f, source);

	for (size_t i = 0; i < n && !r; i++) {
		struct rs_profile_sample sample;

		rs_profile_sample_at(source->profile, i, &sample);
		r = add_sample(f, source, &sample);
	}
	return r;
}

static void sum_up(struct rs_flame *f)
{
	for (uint32_t node = (uint32_t)f->nodes.len; node--;) {
		uint32_t parent = f->nodes.items[node].parent;

		for (unsigned side = 0; side < 2; side++) {
			int64_t *total = rs_flame_total(f, node, side);

			for (size_t i = 0; i < f->types; i++) {
				rs_amount_add(&total[i], rs_flame_self(f, node, side)[i]);
				if (node)
					rs_amount_add(&rs_flame_total(f, parent, side)[i],
						      total[i]);
			}
		}
	}
}

/* --- the whole --- */

/* Which value of @profile each of those that are wanted is; -1: it has none such. */
static int find_types(const struct rs_profile *profile, const struct rs_profile_options *want,
		      int types[static RS_PROFILE_VALUES_MAX], struct rs_error *err)
{
	const struct rs_profile_options *have = rs_profile_options_of(profile);
	bool found = false;

	for (size_t i = 0; i < want->n_types; i++) {
		types[i] = -1;
		for (size_t j = 0; j < have->n_types && types[i] < 0; j++) {
			if (!strcmp(want->types[i].name, have->types[j].name) &&
			    !strcmp(want->types[i].unit, have->types[j].unit))
				types[i] = (int)j;
		}
		found |= types[i] >= 0;
	}
	if (!found && want->n_types == 1 && have->n_types == 1) {
		types[0] = 0;
		found = true;
	}
	if (found)
		return 0;
	return rs_error_set(err, -EINVAL,
			    "the two profiles have no value in common: one counts %s in %s, the "
			    "other %s in %s",
			    want->types[0].name, want->types[0].unit, have->types[0].name,
			    have->types[0].unit);
}

int rs_flame_check(const struct rs_profile_options *options, const struct rs_profile *old,
		   struct rs_error *err)
{
	int types[RS_PROFILE_VALUES_MAX];

	return find_types(old, options, types, err);
}

static int add_source(struct rs_flame *f, const struct rs_profile *profile, unsigned side,
		      const struct rs_profile_options *options, struct rs_error *err)
{
	_cleanup_(source_done) struct source source = { .profile = profile, .side = side };
	int r = find_types(profile, options, source.types, err);

	if (r < 0)
		return r;
	r = add_profile(f, &source);
	return r < 0 ? rs_error_set_errno(err, r, "joining stacks to a tree") : 0;
}

int rs_flame_new(const struct rs_profile *profile, const struct rs_profile *old,
		 struct rs_flame **ret_flame, struct rs_error *err)
{
	const struct rs_profile_options *options = rs_profile_options_of(profile);
	_cleanup_(rs_flame_free) struct rs_flame *f = calloc(1, sizeof(*f));
	uint32_t root;
	int r;

	if (!f)
		return rs_error_set_errno(err, -ENOMEM, "joining stacks to a tree");
	f->types = options->n_types;
	f->diff = old != NULL;
	if (find_node(f, 0, UINT32_MAX, &root) < 0)
		return rs_error_set_errno(err, -ENOMEM, "joining stacks to a tree");
	r = add_source(f, profile, 0, options, err);
	if (!r && old)
		r = add_source(f, old, RS_FLAME_OLD, options, err);
	if (r < 0)
		return r;
	sum_up(f);
	*ret_flame = TAKE_PTR(f);
	return 0;
}

/* --- order --- */

struct order {
	const struct rs_flame *flame;
	size_t value;
};

static int compare(const void *a, const void *b, void *data)
{
	const struct order *order = data;
	const struct rs_flame *f = order->flame;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	for (unsigned side = 0; side < 2; side++) {
		int64_t i = rs_flame_total(f, x, side)[order->value];
		int64_t j = rs_flame_total(f, y, side)[order->value];

		if (i != j)
			return i > j ? -1 : 1;
	}
	return strcmp(rs_flame_name(f, x), rs_flame_name(f, y)) ?: (x < y ? -1 : x > y);
}

int rs_flame_sort(struct rs_flame *flame, size_t value)
{
	struct order order = { .flame = flame, .value = value };
	uint32_t n = (uint32_t)flame->nodes.len;
	_cleanup_(rs_cleanup_free) uint32_t *nodes = calloc(n, sizeof(*nodes));

	if (!nodes)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		nodes[i] = i;
		flame->nodes.items[i].first_child = flame->nodes.items[i].sibling = 0;
	}
	qsort_r(nodes + 1, n - 1, sizeof(*nodes), compare, &order);
	for (uint32_t i = n; --i;) { /* put in front of the list, the smallest first */
		struct rs_flame_node *node = &flame->nodes.items[nodes[i]];
		struct rs_flame_node *parent = &flame->nodes.items[node->parent];

		node->sibling = parent->first_child;
		parent->first_child = nodes[i];
	}
	return 0;
}

uint32_t rs_flame_next(const struct rs_flame *flame, uint32_t node)
{
	const struct rs_flame_node *nodes = flame->nodes.items;

	if (nodes[node].first_child)
		return nodes[node].first_child;
	while (node && !nodes[node].sibling)
		node = nodes[node].parent;
	return node ? nodes[node].sibling : 0;
}
