/* SPDX-License-Identifier: Apache-2.0 */

/* Types, constants and fields by name: those of the script, those that everybody knows, then the
 * source's. */

#include <errno.h>
#include <string.h>

#include "base/suggest.h"
#include "lang/type-private.h"

static size_t bucket_of(const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 16777619u;
	return h % RS_TYPES_BUCKETS;
}

static struct rs_type_entry *find_entry(struct rs_types *types, const char *name)
{
	struct rs_type_entry *entry = types->names[bucket_of(name)];

	while (entry && strcmp(entry->name, name) != 0)
		entry = entry->next;
	return entry;
}

static struct rs_type_entry *get_entry(struct rs_types *types, const char *name)
{
	struct rs_type_entry *entry = find_entry(types, name);
	size_t bucket = bucket_of(name);

	if (entry)
		return entry;
	entry = rs_arena_new(types->arena, struct rs_type_entry);
	if (!entry)
		return NULL;
	entry->name = rs_arena_strdup(types->arena, name);
	if (!entry->name)
		return NULL;
	entry->next = types->names[bucket];
	types->names[bucket] = entry;
	return entry;
}

/* ---- the script's own ---- */

struct rs_type *rs_types_own(struct rs_types *types, enum rs_type_kind kind, bool is_union,
			     const char *name)
{
	struct rs_type_entry *entry = get_entry(types, name);

	if (!entry)
		return NULL;
	if (entry->own)
		return entry->own;
	entry->own = rs_arena_new(types->arena, struct rs_type);
	if (!entry->own)
		return NULL;
	*entry->own = (struct rs_type){ .kind = kind,
					.is_union = is_union,
					.name = entry->name,
					.size = kind == RS_TYPE_ENUM ? 4 : 0,
					.align = kind == RS_TYPE_ENUM ? 4 : 1 };
	entry->type = entry->own;
	return entry->own;
}

int rs_types_name(struct rs_types *types, const char *name, const struct rs_type *type)
{
	struct rs_type_entry *entry = get_entry(types, name);

	if (!entry)
		return -ENOMEM;
	entry->type = type;
	return 0;
}

int rs_types_add_constant(struct rs_types *types, const char *name, int64_t value,
			  const struct rs_type *type)
{
	struct rs_constant_entry *entry = rs_arena_new(types->arena, struct rs_constant_entry);
	size_t bucket = bucket_of(name);

	if (!entry)
		return -ENOMEM;
	*entry = (struct rs_constant_entry){ types->constants[bucket], name, value, type };
	types->constants[bucket] = entry;
	return 0;
}

/* ---- by name ---- */

static const struct rs_type *ask_source(struct rs_types *types, const char *name)
{
	if (!types->source || !types->source->find_type)
		return NULL;
	return types->source->find_type(types->source->ctx, types, name);
}

static bool has_contents(const struct rs_type *t)
{
	return (t->kind != RS_TYPE_STRUCT && t->kind != RS_TYPE_ENUM) || t->lazy || t->fields ||
	       (t->kind == RS_TYPE_STRUCT && t->size);
}

/* The script only said that there is such a struct: whoever points to it gets the source's. */
static void fill_in(struct rs_type *own, const struct rs_type *found)
{
	if (found && found->kind == own->kind && found->is_union == own->is_union) {
		const char *name = own->name;

		*own = *found;
		own->name = name;
	}
}

const struct rs_type *rs_types_find_own(struct rs_types *types, const char *name)
{
	const struct rs_type_entry *entry = find_entry(types, name);

	return entry ? entry->type : NULL;
}

const struct rs_type *rs_types_find(struct rs_types *types, const char *name)
{
	struct rs_type_entry *entry = find_entry(types, name);
	const struct rs_type *base;

	if (entry && (!entry->own || entry->type != entry->own || has_contents(entry->own)))
		return entry->type;
	base = rs_types_find_base(name);
	if (base)
		return base;
	entry = get_entry(types, name);
	if (!entry)
		return NULL;
	if (!entry->own)
		return entry->type = ask_source(types, name);
	fill_in(entry->own, ask_source(types, name));
	return has_contents(entry->own) ? entry->type : NULL;
}

static void offer(void *data, const char *name)
{
	rs_suggest_offer(data, name);
}

const char *rs_types_nearest(struct rs_types *types, const char *name)
{
	const struct rs_lang_source *source = types->source;
	const char *elsewhere = NULL;
	struct rs_suggest suggest;

	rs_suggest_init(&suggest, name);
	for (size_t i = 0; i < RS_TYPES_BUCKETS; i++)
		for (const struct rs_type_entry *e = types->names[i]; e; e = e->next)
			if (e->type && has_contents(e->type))
				rs_suggest_offer(&suggest, e->name);
	rs_types_offer_base(offer, &suggest);
	if (source && source->nearest_type)
		elsewhere = source->nearest_type(source->ctx, types, name);
	if (elsewhere)
		rs_suggest_offer(&suggest, elsewhere);
	return rs_suggest_best(&suggest);
}

bool rs_types_find_constant(struct rs_types *types, const char *name, int64_t *ret_value,
			    const struct rs_type **ret_type)
{
	for (const struct rs_constant_entry *c = types->constants[bucket_of(name)]; c; c = c->next)
		if (strcmp(c->name, name) == 0) {
			*ret_value = c->value;
			*ret_type = c->type;
			return true;
		}
	if (!types->source || !types->source->find_constant)
		return false;
	return types->source->find_constant(types->source->ctx, types, name, ret_value, ret_type);
}

/* ---- contents ---- */

#define RECIPE_COMPLETE 1000
#define RECIPE_DEEP     1001
#define RECIPE_SIZED    1002

static const struct rs_type *complete_lazy(struct rs_types *types, const struct rs_type *t)
{
	const struct rs_lang_source *source = types->source;
	struct rs_type_recipe recipe = { .op = RECIPE_COMPLETE,
					 .a = t->btf_id,
					 .b = t->btf_module };
	const struct rs_type *found;

	/* Without an id the address of the lazy type is who it is. */
	if (!t->btf_id)
		recipe.ref = t;
	found = rs_types_memo_find(types, recipe);
	if (!found && source && source->complete_type) {
		found = source->complete_type(source->ctx, types, t);
		if (found)
			rs_types_memo_put(types, recipe, found);
	}
	return found ? found : t;
}

/* A struct that is known by its name only. */
static const struct rs_type *complete_named(struct rs_types *types, const struct rs_type *t)
{
	const struct rs_type *found = t->name && *t->name ? rs_types_find(types, t->name) : NULL;

	if (!found || found->kind != t->kind)
		return t;
	return found->lazy ? complete_lazy(types, found) : found;
}

/* An enum may be stored in fewer bytes than its type has: records of tracepoints do that. */
static const struct rs_type *keep_size(struct rs_types *types, const struct rs_type *t,
				       const struct rs_type *found)
{
	struct rs_type_recipe recipe = { found, RECIPE_SIZED, t->size, t->is_signed };
	const struct rs_type *known;
	struct rs_type *copy;

	if (t->kind != RS_TYPE_ENUM || !t->lazy ||
	    (t->size == found->size && t->is_signed == found->is_signed))
		return found;
	known = rs_types_memo_find(types, recipe);
	if (known)
		return known;
	copy = rs_type_copy(types, found);
	if (!copy)
		return t;
	copy->size = t->size;
	copy->is_signed = t->is_signed;
	rs_types_memo_put(types, recipe, copy);
	return copy;
}

const struct rs_type *rs_type_complete(struct rs_types *types, const struct rs_type *t)
{
	const struct rs_type *found = t;
	const struct rs_type *moved;

	if (t->kind != RS_TYPE_STRUCT && t->kind != RS_TYPE_ENUM)
		return t;
	if ((t->lazy && !t->btf_id) || !has_contents(t))
		found = complete_named(types, t);
	if (found == t && t->lazy)
		found = complete_lazy(types, t);
	found = keep_size(types, t, found);
	if (found == t || found->space == t->space)
		return found;
	moved = rs_type_in_space(types, found, t->space);
	return moved ? moved : found;
}

static const struct rs_type *complete_deep(struct rs_types *types, const struct rs_type *t,
					   unsigned depth);

static const struct rs_type *complete_array(struct rs_types *types, const struct rs_type *t,
					    unsigned depth)
{
	const struct rs_type *element = complete_deep(types, t->element, depth + 1);
	const struct rs_type *array;

	if (element == t->element)
		return t;
	array = rs_type_array(types, element, t->count);
	return array ? rs_type_in_space(types, array, t->space) : t;
}

static const struct rs_type *complete_members(struct rs_types *types, const struct rs_type *t,
					      unsigned depth)
{
	struct rs_field *fields = NULL;
	struct rs_type *copy;

	for (uint32_t i = 0; i < t->n_fields; i++) {
		const struct rs_type *whole = complete_deep(types, t->fields[i].type, depth + 1);

		if (whole == t->fields[i].type)
			continue;
		if (!fields) {
			fields = rs_arena_alloc_array(types->arena, t->n_fields, sizeof(*fields));
			if (!fields)
				return t;
			memcpy(fields, t->fields, t->n_fields * sizeof(*fields));
		}
		fields[i].type = whole;
	}
	copy = fields ? rs_type_copy(types, t) : NULL;
	if (!copy)
		return t;
	copy->fields = fields;
	return copy;
}

static const struct rs_type *complete_deep(struct rs_types *types, const struct rs_type *t,
					   unsigned depth)
{
	struct rs_type_recipe recipe;
	const struct rs_type *whole;

	if (depth > RS_TYPES_DEPTH)
		return t;
	if (t->kind == RS_TYPE_ARRAY && t->element)
		return complete_array(types, t, depth);
	t = rs_type_complete(types, t);
	if (t->kind != RS_TYPE_STRUCT)
		return t;
	recipe = (struct rs_type_recipe){ .ref = t, .op = RECIPE_DEEP };
	whole = rs_types_memo_find(types, recipe);
	if (whole)
		return whole;
	rs_types_memo_put(types, recipe, t); /* for what contains itself: nothing sane does */
	whole = complete_members(types, t, depth);
	rs_types_memo_put(types, recipe, whole);
	return whole;
}

const struct rs_type *rs_type_complete_deep(struct rs_types *types, const struct rs_type *t)
{
	return complete_deep(types, t, 0);
}

/* ---- fields ---- */

/* Structs without names inside structs multiply: how many members are looked at for one name. */
#define STEPS_MAX 100000

struct walk {
	unsigned steps, depth;
};

static bool may_descend(const struct walk *walk)
{
	return walk->steps < STEPS_MAX && walk->depth < RS_TYPES_DEPTH;
}

static bool find_field(struct rs_types *types, const struct rs_type *t, const char *name,
		       struct walk *walk, struct rs_field *ret_field)
{
	t = rs_type_complete(types, t);
	if (t->kind != RS_TYPE_STRUCT && t->kind != RS_TYPE_RECORD)
		return false;
	for (uint32_t i = 0; i < t->n_fields; i++)
		if (strcmp(t->fields[i].name, name) == 0) {
			*ret_field = t->fields[i];
			return true;
		}
	walk->steps += t->n_fields;
	walk->depth++;
	for (uint32_t i = 0; i < t->n_fields && may_descend(walk); i++) {
		walk->steps++;
		if (*t->fields[i].name ||
		    !find_field(types, t->fields[i].type, name, walk, ret_field))
			continue;
		ret_field->offset += t->fields[i].offset;
		return true;
	}
	walk->depth--;
	return false;
}

static bool points_to_struct(const struct rs_type *t)
{
	return t->element && t->element->kind == RS_TYPE_STRUCT;
}

/* What the space of a struct means for a member of it. */
static const struct rs_type *hand_on(struct rs_types *types, const struct rs_type *t,
				     enum rs_space space)
{
	const struct rs_type *moved;

	if (space == RS_SPACE_UNKNOWN || t->space != RS_SPACE_UNKNOWN)
		return t;
	if (t->kind == RS_TYPE_POINTER && space == RS_SPACE_BPF)
		return t; /* what lies in our memory says nothing of where it points */
	if (t->kind == RS_TYPE_POINTER && space == RS_SPACE_BTF && !points_to_struct(t))
		space = RS_SPACE_KERNEL;
	if (t->kind != RS_TYPE_POINTER && t->kind != RS_TYPE_STRUCT && t->kind != RS_TYPE_ARRAY)
		return t;
	moved = rs_type_in_space(types, t, space);
	return moved ? moved : t;
}

bool rs_type_field(struct rs_types *types, const struct rs_type *t, const char *name,
		   struct rs_field *ret_field)
{
	struct walk walk = { 0 };
	struct rs_field field;

	if (!*name || !find_field(types, t, name, &walk, &field))
		return false;
	field.type = hand_on(types, field.type, t->space);
	*ret_field = field;
	return true;
}

static void offer_fields(struct rs_types *types, const struct rs_type *t,
			 struct rs_suggest *suggest, struct walk *walk)
{
	t = rs_type_complete(types, t);
	if ((t->kind != RS_TYPE_STRUCT && t->kind != RS_TYPE_RECORD) || !may_descend(walk))
		return;
	walk->depth++;
	for (uint32_t i = 0; i < t->n_fields; i++) {
		walk->steps++;
		if (*t->fields[i].name)
			rs_suggest_offer(suggest, t->fields[i].name);
		else
			offer_fields(types, t->fields[i].type, suggest, walk);
	}
	walk->depth--;
}

const char *rs_type_nearest_field(struct rs_types *types, const struct rs_type *t, const char *name)
{
	struct rs_suggest suggest;
	struct walk walk = { 0 };

	rs_suggest_init(&suggest, name);
	offer_fields(types, t, &suggest, &walk);
	return rs_suggest_best(&suggest);
}
