/* SPDX-License-Identifier: Apache-2.0 */

/* Maps: found by name, their keys and values inferred from every use, and at last their kinds and sizes. */

#include <string.h>

#include "base/suggest.h"
#include "lang/sema-private.h"

/* More maps than programs can use. */
#define MAPS_MAX 1024
/* Larger keys and values no kernel takes. */
#define SIZE_MAX_BYTES (1u << 20)

/* ---- by name ---- */

static struct rs_map *find(const struct rs_program *program, const char *name)
{
	for (unsigned i = 0; i < program->n_maps; i++)
		if (program->maps[i]->role == RS_MAP_SCRIPT &&
		    strcmp(program->maps[i]->name, name) == 0)
			return program->maps[i];
	return NULL;
}

static struct rs_map *get(struct rs_sema *s, const char *name, struct rs_span span)
{
	struct rs_program *program = s->program;
	struct rs_map *map = find(program, name);

	if (map)
		return map;
	if (program->n_maps >= MAPS_MAX) {
		rs_diag_error(s->diags, span, "more than %u maps", MAPS_MAX);
		return s->spare_map;
	}
	map = rs_arena_new(s->arena, struct rs_map);
	if (!map || !rs_list_add(s->arena, program->maps, program->n_maps, map)) {
		s->diags->out_of_memory = true;
		return s->spare_map;
	}
	map->id = program->n_maps - 1;
	map->name = name;
	map->span = span;
	map->role = RS_MAP_SCRIPT;
	map->value = &rs_type_unknown;
	return map;
}

struct rs_map *rs_sema_map(struct rs_sema *s, struct rs_node *node)
{
	if (!node->map)
		node->map = get(s, node->text, node->span);
	return node->map;
}

void rs_sema_map_suggest(struct rs_sema *s, const struct rs_map *unknown)
{
	struct rs_suggest suggest;
	const char *nearest;

	rs_suggest_init(&suggest, unknown->name);
	for (unsigned i = 0; i < s->program->n_maps; i++) {
		const struct rs_map *map = s->program->maps[i];

		if (map != unknown && map->assigned)
			rs_suggest_offer(&suggest, map->name);
	}
	nearest = rs_suggest_best(&suggest);
	if (nearest && strlen(unknown->name) > 2)
		rs_sema_hint(s, "did you mean \"%s\"?", nearest);
	else
		rs_sema_hint(s, "nothing gives it a value");
}

/* ---- keys ---- */

static bool can_be_key(const struct rs_type *type)
{
	return type->kind != RS_TYPE_NONE && !rs_type_is_aggregate(type) &&
	       !(type->kind == RS_TYPE_POINTER && type->is_volatile_ctx);
}

static const struct rs_type *key_type(struct rs_sema *s, struct rs_node *const *keys, unsigned n)
{
	const struct rs_type **types = rs_arena_alloc_array(s->arena, n, sizeof(*types));
	const struct rs_type *tuple;

	if (!types)
		return &rs_type_unknown;
	for (unsigned i = 0; i < n; i++) {
		rs_sema_expr(s, keys[i]);
		if (rs_sema_unknown(keys[i]->type))
			return &rs_type_unknown;
		if (!can_be_key(keys[i]->type)) {
			rs_sema_error(s, keys[i]->span, "%s can not be a key",
				      rs_sema_text(s, keys[i]->type));
			return &rs_type_unknown;
		}
		types[i] = rs_sema_stored(s, keys[i]->type);
	}
	if (n == 1)
		return types[0];
	tuple = rs_type_tuple(s->types, n, types, NULL);
	return tuple ? tuple : &rs_type_unknown;
}

static void type_all(struct rs_sema *s, struct rs_node *const *keys, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (!keys[i]->type)
			rs_sema_expr(s, keys[i]);
}

bool rs_sema_map_key(struct rs_sema *s, struct rs_map *map, struct rs_node *const *keys,
		     unsigned n_keys, struct rs_span at)
{
	const struct rs_type *type = key_type(s, keys, n_keys);
	bool soft = false;

	type_all(s, keys, n_keys);
	if (map->used_scalar) {
		rs_sema_error(s, at, "%s has no keys", map->name);
		rs_sema_hint(s, "it is used without a key elsewhere: %s = ...", map->name);
		return false;
	}
	map->used_keyed = true;
	if (rs_sema_unknown(type))
		return false;
	if (!map->key || rs_sema_unknown(map->key))
		map->multi_key = n_keys > 1;
	if (rs_sema_widen(s, &map->key, &soft, type, NULL))
		return true;
	rs_sema_error(s, at, "the key of %s is %s here, but %s where it is used first", map->name,
		      rs_sema_text(s, type), rs_sema_text(s, map->key));
	rs_sema_hint(s, "all keys of a map have the same types");
	return false;
}

static bool scalar_access(struct rs_sema *s, const struct rs_node *node, struct rs_map *map)
{
	if (map->used_keyed) {
		rs_sema_error(s, node->span, "%s needs a key", map->name);
		rs_sema_hint(s, "%s[%s]", map->name, map->key ? rs_sema_text(s, map->key) : "...");
		return false;
	}
	map->used_scalar = true;
	return true;
}

bool rs_sema_map_access(struct rs_sema *s, struct rs_node *node)
{
	struct rs_map *map = rs_sema_map(s, node);

	if (!node->list.n)
		return scalar_access(s, node, map);
	return rs_sema_map_key(s, map, node->list.items, node->list.n, node->span);
}

/* ---- values ---- */

const struct rs_type *rs_sema_map_value(const struct rs_type *value)
{
	switch (value->kind) {
	case RS_TYPE_COUNT:
		return rs_type_int64;
	case RS_TYPE_SUM:
	case RS_TYPE_AVG:
	case RS_TYPE_MIN:
	case RS_TYPE_MAX:
		return rs_type_int(8, !value->element || value->element->is_signed);
	default:
		return value;
	}
}

void rs_sema_map_read(struct rs_sema *s, struct rs_node *node)
{
	struct rs_map *map;

	node->type = &rs_type_unknown;
	if (!rs_sema_map_access(s, node))
		return;
	map = node->map;
	node->type = rs_sema_map_value(map->value);
	if (map->assigned || !rs_sema_unknown(map->value))
		return;
	rs_sema_error(s, node->span, "undefined map \"%s\"", map->name);
	rs_sema_map_suggest(s, map);
}

static bool can_be_value(struct rs_sema *s, const struct rs_type *type, const struct rs_node *value,
			 struct rs_span at)
{
	if (type->kind == RS_TYPE_NONE) {
		rs_sema_error(s, at, "this has no value to assign");
		return false;
	}
	if (!rs_type_is_aggregate(type) || (value && value->kind == RS_NODE_CALL))
		return true;
	rs_sema_error(s, at, "%s can not be copied from one map to another", rs_sema_text(s, type));
	rs_sema_hint(s, "call the function for each map");
	return false;
}

static void mismatch(struct rs_sema *s, const struct rs_map *map, const struct rs_type *type,
		     struct rs_span at)
{
	rs_sema_error(s, at, "%s holds %s, and this is %s", map->name, rs_sema_text(s, map->value),
		      rs_sema_text(s, type));
	if (rs_type_is_aggregate(map->value) || rs_type_is_aggregate(type))
		rs_sema_hint(s, "a map that a function like count() fills takes nothing else");
	else
		rs_sema_hint(s, "all values of a map have the same type");
}

/* As a value: an address that came through a map is a number to the kernel, also that of our own memory. */
static const struct rs_type *kept(struct rs_sema *s, const struct rs_type *type)
{
	const struct rs_type *pointer;

	type = rs_sema_stored(s, type);
	if (type->kind != RS_TYPE_POINTER || type->space != RS_SPACE_BPF)
		return type;
	pointer = rs_type_pointer(s->types, type->element, RS_SPACE_KERNEL);
	return pointer ? pointer : type;
}

void rs_sema_map_assign(struct rs_sema *s, struct rs_node *map_node, const struct rs_type *type,
			const struct rs_node *value, struct rs_span at)
{
	struct rs_map *map = rs_sema_map(s, map_node);

	map->assigned = true;
	if (rs_sema_unknown(type) || !can_be_value(s, type, value, at))
		return;
	type = kept(s, type);
	if (!rs_sema_widen(s, &map->value, &map->soft, type, value))
		mismatch(s, map, type, at);
}

/* ---- what the maps are ---- */

static const struct {
	const char *name;
	enum rs_map_kind kind;
	bool per_cpu;
} kinds[] = {
	{ "hash", RS_MAP_HASH, false },
	{ "lruhash", RS_MAP_LRU_HASH, false },
	{ "percpuhash", RS_MAP_PERCPU_HASH, true },
	{ "percpulruhash", RS_MAP_PERCPU_LRU_HASH, true },
	{ "array", RS_MAP_ARRAY, false },
	{ "percpuarray", RS_MAP_PERCPU_ARRAY, true },
};

static int find_kind(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return (int)i;
	return -1;
}

static void unknown_kind(struct rs_sema *s, const struct rs_map_decl *decl)
{
	struct rs_suggest suggest;
	const char *nearest;

	rs_suggest_init(&suggest, decl->kind);
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++)
		rs_suggest_offer(&suggest, kinds[i].name);
	nearest = rs_suggest_best(&suggest);
	rs_diag_error(s->diags, decl->span, "there is no kind of map \"%s\"", decl->kind);
	if (nearest)
		rs_diag_hint(s->diags, "did you mean \"%s\"?", nearest);
	else
		rs_diag_hint(s->diags, "hash, lruhash, percpuhash or percpulruhash");
}

void rs_sema_map_declare(struct rs_sema *s)
{
	const struct rs_script *script = s->program->script;

	for (unsigned i = 0; i < script->n_map_decls; i++) {
		const struct rs_map_decl *decl = &script->map_decls[i];
		struct rs_map *map;

		if (find_kind(decl->kind) < 0)
			unknown_kind(s, decl);
		if (find(s->program, decl->name)) {
			rs_diag_error(s->diags, decl->span, "%s is declared twice", decl->name);
			continue;
		}
		if (!decl->max_entries || decl->max_entries > UINT32_MAX)
			rs_diag_error(s->diags, decl->span, "%s(%llu): a map has 1 to %u entries",
				      decl->kind, (unsigned long long)decl->max_entries,
				      UINT32_MAX);
		map = get(s, decl->name, decl->span);
		map->declared = decl;
	}
}

static void apply_declared(struct rs_sema *s, struct rs_map *map, bool per_cpu)
{
	int i = find_kind(map->declared->kind);
	bool is_array;

	if (i < 0)
		return;
	if (!map->assigned && !map->used_keyed && !map->used_scalar) {
		rs_sema_warning(s, map->declared->span, "Unused map: %s", map->name);
		return;
	}
	is_array = kinds[i].kind == RS_MAP_ARRAY || kinds[i].kind == RS_MAP_PERCPU_ARRAY;
	if (kinds[i].per_cpu != per_cpu) {
		rs_diag_error(s->diags, map->declared->span, "%s can not hold %s",
			      map->declared->kind, rs_sema_text(s, map->value));
		rs_diag_hint(s->diags,
			     per_cpu ? "percpuhash or percpulruhash can" : "hash or lruhash can");
	} else if (map->key && is_array) {
		rs_diag_error(s->diags, map->declared->span, "%s has keys: \"%s\" has none",
			      map->name, map->declared->kind);
		rs_diag_hint(s->diags, per_cpu ? "percpuhash has" : "hash has");
	}
	if (!map->key)
		return;
	map->kind = kinds[i].kind;
	map->max_entries = map->declared->max_entries;
}

static void check_sizes(struct rs_sema *s, const struct rs_map *map)
{
	if (map->key_size > SIZE_MAX_BYTES || map->value_size > SIZE_MAX_BYTES)
		rs_diag_error(s->diags, map->span, "%s: a %s of %u bytes is too large", map->name,
			      map->key_size > SIZE_MAX_BYTES ? "key" : "value",
			      MAX(map->key_size, map->value_size));
	else if (!map->key_size || !map->value_size)
		rs_diag_error(s->diags, map->span, "%s: the size of its %s is not known", map->name,
			      map->key_size ? "value" : "key");
}

static void finish(struct rs_sema *s, struct rs_map *map)
{
	bool per_cpu;

	if (!map->value || rs_sema_unknown(map->value))
		map->value = rs_type_int64; /* declared only, or mistakes were told of */
	if (map->used_scalar)
		map->key = NULL;
	else if (map->used_keyed && !map->key)
		map->key = rs_type_int64;
	else if (!map->used_keyed && !map->key && map->declared && !map->assigned)
		map->key = rs_type_int64;
	per_cpu = rs_type_is_aggregate(map->value);
	if (map->key) {
		map->kind = per_cpu ? RS_MAP_PERCPU_HASH : RS_MAP_HASH;
		map->no_prealloc = true; /* thousands of entries made at start take milliseconds */
		map->max_entries = s->program->config.max_map_keys;
		map->key_size = rs_type_slot(map->key);
	} else {
		map->kind = per_cpu ? RS_MAP_PERCPU_ARRAY : RS_MAP_ARRAY;
		map->max_entries = 1;
		map->key_size = 4;
	}
	map->value_size = rs_type_slot(map->value);
	if (map->declared)
		apply_declared(s, map, per_cpu);
	check_sizes(s, map);
}

bool rs_sema_map_guess(struct rs_sema *s)
{
	bool any = false;

	for (unsigned i = 0; i < s->program->n_maps; i++) {
		struct rs_map *map = s->program->maps[i];

		if (map->role != RS_MAP_SCRIPT || !map->assigned || !rs_sema_unknown(map->value))
			continue;
		map->value = rs_type_int64;
		any = true;
	}
	return any;
}

void rs_sema_map_finish(struct rs_sema *s)
{
	for (unsigned i = 0; i < s->program->n_maps; i++)
		if (s->program->maps[i]->role == RS_MAP_SCRIPT)
			finish(s, s->program->maps[i]);
}
