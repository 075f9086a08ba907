/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/types.h"

#include <errno.h>
#include <string.h>

#include "base/suggest.h"

#define DEPTH_MAX  32
#define FIELDS_MAX 16384
#define PARAMS_MAX 64
#define COUNT_MAX  (1u << 30)

struct rs_trace_types {
	struct rs_btf_set *set; /* borrowed */
};

int rs_trace_types_new(struct rs_btf_set *set, struct rs_trace_types **ret_types)
{
	struct rs_trace_types *types = calloc(1, sizeof(*types));

	if (!types)
		return -ENOMEM;
	types->set = set;
	*ret_types = types;
	return 0;
}

void rs_trace_types_free(struct rs_trace_types **types)
{
	free(*types);
	*types = NULL;
}

/* ---- from BTF to types ---- */

/* One file of BTF being converted. */
struct converter {
	struct rs_types *types;
	struct rs_arena *arena;
	struct rs_btf *btf;
	unsigned module;
	bool out_of_memory;
};

static struct converter converter_of(struct rs_trace_types *t, struct rs_types *types,
				     unsigned module)
{
	return (struct converter){ .types = types,
				   .arena = rs_types_arena(types),
				   .btf = rs_btf_set_at(t->set, module),
				   .module = module };
}

static const struct rs_type *convert(struct converter *c, uint32_t id, unsigned depth);

static const char *copy_name(struct converter *c, const char *name)
{
	const char *copy = *name ? rs_arena_strdup(c->arena, name) : "";

	c->out_of_memory |= !copy;
	return copy ? copy : "";
}

/* "struct sock"; without a name that of the typedef. */
static const char *full_name(struct converter *c, const char *keyword, const char *name,
			     const struct rs_btf_path *path)
{
	const char *full;

	if (!*name)
		return path && path->name ? copy_name(c, path->name) : "";
	full = rs_arena_printf(c->arena, "%s %s", keyword, name);
	c->out_of_memory |= !full;
	return full ? full : "";
}

static bool is_integer_size(uint32_t size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

/* What is no integer of ours: 128 bits, floating point. */
static const struct rs_type *bytes_of(struct converter *c, uint32_t size)
{
	return rs_type_array(c->types, rs_type_int(1, false), MIN(size, 64u));
}

static const struct rs_type *convert_int(struct converter *c, const struct rs_btf_type *t)
{
	if (t->kind == RS_BTF_INT && t->encoding & RS_BTF_INT_BOOL && t->size == 1)
		return &rs_type_bool;
	if (t->kind == RS_BTF_INT && t->size == 1 &&
	    (t->encoding & RS_BTF_INT_CHAR || strcmp(t->name, "char") == 0))
		return &rs_type_char;
	if (!is_integer_size(t->size))
		return bytes_of(c, t->size);
	return rs_type_int(t->size, t->kind == RS_BTF_INT && t->encoding & RS_BTF_INT_SIGNED);
}

static const struct rs_type *convert_pointer(struct converter *c, const struct rs_btf_type *t,
					     unsigned depth)
{
	enum rs_space space = RS_SPACE_UNKNOWN;
	const struct rs_type *to;
	struct rs_btf_path path;
	struct rs_btf_type target;

	rs_btf_resolve(c->btf, t->to, &target, &path);
	if (path.user)
		space = RS_SPACE_USER;
	else if (path.percpu) /* an offset: the verifier does not let it be followed */
		space = RS_SPACE_KERNEL;
	to = convert(c, t->to, depth + 1);
	return to ? rs_type_pointer(c->types, to, space) : NULL;
}

static const struct rs_type *convert_array(struct converter *c, const struct rs_btf_type *t,
					   unsigned depth)
{
	const struct rs_type *element = convert(c, t->to, depth + 1);
	uint64_t size = rs_btf_size(c->btf, t->to);

	if (!element)
		return NULL;
	return rs_type_array(c->types, element,
			     size * t->count > COUNT_MAX || t->count > COUNT_MAX ? 0 : t->count);
}

/* A module's numbers below its own are the kernel's. */
static unsigned module_of(const struct converter *c, const struct rs_btf_type *t)
{
	return t->btf == c->btf ? c->module : 0;
}

static const struct rs_type *convert_struct(struct converter *c, const struct rs_btf_type *t,
					    const struct rs_btf_path *path)
{
	bool is_union = t->kind == RS_BTF_UNION;

	return rs_type_lazy(c->types,
			    &(struct rs_type){ .kind = RS_TYPE_STRUCT,
					       .is_union = is_union,
					       .name = full_name(c, is_union ? "union" : "struct",
								 t->name, path),
					       .size = MIN(t->size, COUNT_MAX),
					       .lazy = true,
					       .btf_id = t->id,
					       .btf_module = module_of(c, t) });
}

static const struct rs_type *convert_enum(struct converter *c, const struct rs_btf_type *t,
					  const struct rs_btf_path *path)
{
	uint32_t size = is_integer_size(t->size) ? t->size : 4;

	return rs_type_lazy(c->types,
			    &(struct rs_type){ .kind = RS_TYPE_ENUM,
					       .name = full_name(c, "enum", t->name, path),
					       .is_signed = t->flag,
					       .size = size,
					       .align = size,
					       .lazy = true,
					       .btf_id = t->id,
					       .btf_module = module_of(c, t) });
}

/* Declared only: somebody else may know what it is. */
static const struct rs_type *convert_forward(struct converter *c, const struct rs_btf_type *t)
{
	return rs_type_lazy(c->types,
			    &(struct rs_type){ .kind = RS_TYPE_STRUCT,
					       .is_union = t->flag,
					       .name = full_name(c, t->flag ? "union" : "struct",
								 t->name, NULL),
					       .btf_id = t->id,
					       .btf_module = module_of(c, t) });
}

static const struct rs_type *convert(struct converter *c, uint32_t id, unsigned depth)
{
	const struct rs_type *type = &rs_type_none;
	struct rs_btf_path path;
	struct rs_btf_type t;

	if (depth > DEPTH_MAX || !rs_btf_resolve(c->btf, id, &t, &path))
		return type;
	switch (t.kind) {
	case RS_BTF_INT:
	case RS_BTF_FLOAT:
		type = convert_int(c, &t);
		break;
	case RS_BTF_PTR:
		type = convert_pointer(c, &t, depth);
		break;
	case RS_BTF_ARRAY:
		type = convert_array(c, &t, depth);
		break;
	case RS_BTF_STRUCT:
	case RS_BTF_UNION:
		type = convert_struct(c, &t, &path);
		break;
	case RS_BTF_ENUM:
	case RS_BTF_ENUM64:
		type = convert_enum(c, &t, &path);
		break;
	case RS_BTF_FWD:
		type = convert_forward(c, &t);
		break;
	default: /* functions have no values */
		break;
	}
	c->out_of_memory |= !type;
	return type;
}

/* ---- contents ---- */

/* Bits of a member: of its own, or, in older files, of its integer. */
static uint32_t width_of(struct converter *c, const struct rs_btf_type *t,
			 struct rs_btf_member *member)
{
	struct rs_btf_type of;

	if (t->flag)
		return member->bit_size;
	if (!rs_btf_resolve(c->btf, member->type, &of, NULL) || of.kind != RS_BTF_INT ||
	    (of.bits == of.size * 8 && !of.bit_offset && member->at % 8 == 0))
		return 0;
	member->at += of.bit_offset;
	return of.bits;
}

/* False: padding, or nonsense. */
static bool convert_member(struct converter *c, const struct rs_btf_type *t, uint32_t i,
			   struct rs_field *ret_field)
{
	struct rs_btf_member member;
	uint32_t width;

	rs_btf_member(t, i, &member);
	width = width_of(c, t, &member);
	*ret_field = (struct rs_field){ .name = copy_name(c, member.name),
					.offset = member.at / 8,
					.type = convert(c, member.type, 0) };
	if (!ret_field->type || ret_field->type->kind == RS_TYPE_NONE ||
	    (uint64_t)member.at + width > (uint64_t)t->size * 8)
		return false;
	if (width)
		return *member.name && rs_field_set_bits(ret_field, member.at, width);
	return member.at % 8 == 0;
}

static void complete_struct(struct converter *c, const struct rs_btf_type *t,
			    struct rs_type *ret_type)
{
	uint32_t n = MIN(t->n, FIELDS_MAX);
	struct rs_field *fields = rs_arena_alloc_array(c->arena, MAX(n, 1u), sizeof(*fields));
	uint32_t kept = 0;

	if (!fields) {
		c->out_of_memory = true;
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		kept += convert_member(c, t, i, &fields[kept]);
	ret_type->fields = fields;
	ret_type->n_fields = kept;
	ret_type->align = rs_btf_align(c->btf, t->id);
}

static void complete_enum(struct converter *c, const struct rs_btf_type *t,
			  struct rs_type *ret_type)
{
	uint32_t n = MIN(t->n, FIELDS_MAX);
	struct rs_field *fields = rs_arena_alloc_array(c->arena, MAX(n, 1u), sizeof(*fields));

	if (!fields) {
		c->out_of_memory = true;
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		struct rs_btf_constant constant;

		rs_btf_constant(t, i, &constant);
		fields[i] = (struct rs_field){ .name = copy_name(c, constant.name),
					       .type = ret_type,
					       .value = constant.value };
	}
	ret_type->fields = fields;
	ret_type->n_fields = n;
}

static const struct rs_type *complete_type(void *ctx, struct rs_types *types,
					   const struct rs_type *lazy)
{
	struct converter c = converter_of(ctx, types, lazy->btf_module);
	struct rs_type *type = rs_type_copy(types, lazy);
	struct rs_btf_type t;

	if (!type || !c.btf || !lazy->btf_id || !rs_btf_get(c.btf, lazy->btf_id, &t))
		return NULL;
	type->lazy = false;
	type->space = RS_SPACE_UNKNOWN;
	if (t.kind == RS_BTF_STRUCT || t.kind == RS_BTF_UNION)
		complete_struct(&c, &t, type);
	else if (t.kind == RS_BTF_ENUM || t.kind == RS_BTF_ENUM64)
		complete_enum(&c, &t, type);
	return type->fields && !c.out_of_memory ? type : NULL;
}

/* ---- by name ---- */

struct sort {
	const char *keyword;
	unsigned kinds;
};

/* Which sort a name is of; the rest of it is what BTF calls it. */
static const struct sort *sort_of(const char *name, const char **ret_rest)
{
	static const struct sort sorts[] = {
		{ "struct ", RS_BTF_MASK(RS_BTF_STRUCT) },
		{ "union ", RS_BTF_MASK(RS_BTF_UNION) },
		{ "enum ", RS_BTF_MASK(RS_BTF_ENUM) | RS_BTF_MASK(RS_BTF_ENUM64) },
		{ "", RS_BTF_MASK(RS_BTF_TYPEDEF) | RS_BTF_MASK(RS_BTF_INT) },
	};
	const struct sort *sort = sorts;

	while (strncmp(name, sort->keyword, strlen(sort->keyword)) != 0)
		sort++;
	*ret_rest = name + strlen(sort->keyword);
	return sort;
}

static const struct rs_type *find_type(void *ctx, struct rs_types *types, const char *name)
{
	struct rs_trace_types *t = ctx;
	const struct rs_type *type;
	const struct sort *sort = sort_of(name, &name);
	struct converter c;
	unsigned module;
	uint32_t id = rs_btf_set_find(t->set, "", name, sort->kinds, &module);

	if (!id)
		return NULL;
	c = converter_of(t, types, module);
	type = convert(&c, id, 0);
	return type && !c.out_of_memory ? type : NULL;
}

static int offer(const struct rs_btf_type *type, void *data)
{
	if (*type->name)
		rs_suggest_offer(data, type->name);
	return 0;
}

static const char *nearest_type(void *ctx, struct rs_types *types, const char *name)
{
	struct rs_trace_types *t = ctx;
	const struct sort *sort = sort_of(name, &name);
	struct rs_btf *btf = rs_btf_set_vmlinux(t->set, NULL);
	struct rs_suggest suggest;
	const char *best;

	if (!btf)
		return NULL;
	rs_suggest_init(&suggest, name);
	rs_btf_each(btf, sort->kinds, offer, &suggest);
	best = rs_suggest_best(&suggest);
	return best ? rs_arena_printf(rs_types_arena(types), "%s%s", sort->keyword, best) : NULL;
}

/* Of the kernel itself: those of modules are not worth opening all of them for each word. */
static bool find_constant(void *ctx, struct rs_types *types, const char *name, int64_t *ret_value,
			  const struct rs_type **ret_type)
{
	struct rs_trace_types *t = ctx;
	struct converter c = converter_of(t, types, 0);
	struct rs_btf_constant constant;
	const struct rs_type *type;
	uint32_t id = c.btf ? rs_btf_find_constant(c.btf, name, &constant) : 0;

	type = id ? convert(&c, id, 0) : NULL;
	if (!type)
		return false;
	*ret_value = constant.value;
	*ret_type = type;
	return true;
}

/* ---- functions ---- */

/* A function's own pointers point into the kernel. */
static const struct rs_type *parameter_type(struct converter *c, uint32_t id)
{
	const struct rs_type *type = convert(c, id, 0);

	if (type && type->kind == RS_TYPE_POINTER && type->space == RS_SPACE_UNKNOWN)
		type = rs_type_in_space(c->types, type, RS_SPACE_KERNEL);
	c->out_of_memory |= !type;
	return type;
}

/* Structs by value take as many words as they need. */
static int convert_prototype(struct converter *c, const struct rs_btf_type *proto, uint32_t first,
			     struct rs_prototype *ret)
{
	uint32_t n = MIN(proto->n, PARAMS_MAX), offset = 0;
	struct rs_prototype found = { 0 };

	found.params = rs_arena_alloc_array(c->arena, MAX(n, 1u), sizeof(*found.params));
	if (!found.params)
		return -ENOMEM;
	for (uint32_t i = first; i < n; i++) {
		struct rs_btf_param param;
		struct rs_field *field = &found.params[found.n_params];

		rs_btf_param(proto, i, &param);
		if (!param.type) /* "..." */
			break;
		*field = (struct rs_field){ .name = copy_name(c, param.name),
					    .type = parameter_type(c, param.type),
					    .offset = offset };
		if (c->out_of_memory)
			return -ENOMEM;
		offset += MAX(rs_type_slot(field->type), 8u);
		found.n_params++;
	}
	found.result = parameter_type(c, proto->to);
	if (c->out_of_memory)
		return -ENOMEM;
	*ret = found;
	return 1;
}

static int find_function(void *ctx, struct rs_types *types, const char *module, const char *name,
			 struct rs_prototype *ret)
{
	struct rs_trace_types *t = ctx;
	struct rs_btf_type func, proto;
	struct converter c;
	unsigned number;
	uint32_t id = rs_btf_set_find(t->set, module, name, RS_BTF_MASK(RS_BTF_FUNC), &number);

	if (!id)
		return 0;
	c = converter_of(t, types, number);
	if (!rs_btf_get(c.btf, id, &func) || !rs_btf_get(c.btf, func.to, &proto) ||
	    proto.kind != RS_BTF_FUNC_PROTO)
		return 0;
	return convert_prototype(&c, &proto, 0, ret);
}

/* The type of what a name with this in front of it stands for, with pointers and typedefs followed. */
static bool find_prototype(struct rs_trace_types *t, struct rs_types *types, uint32_t kinds,
			   const char *module, const char *prefix, const char *name,
			   struct converter *ret_c, struct rs_btf_type *ret)
{
	char *full = rs_arena_printf(rs_types_arena(types), "%s%s", prefix, name);
	unsigned number;
	uint32_t id = full ? rs_btf_set_find(t->set, module, full, kinds, &number) : 0;

	if (!id)
		return false;
	*ret_c = converter_of(t, types, number);
	for (unsigned i = 0; i < 4 && rs_btf_get(ret_c->btf, id, ret); i++) {
		if (ret->kind == RS_BTF_FUNC_PROTO)
			return true;
		id = ret->to;
	}
	return false;
}

/*
 * typedef void (*btf_trace_NAME)(void *data, the arguments), which has no names for them; the function
 * __traceiter_NAME(data, the arguments) has, where the kernel describes it.
 */
static int find_rawtracepoint(void *ctx, struct rs_types *types, const char *module,
			      const char *name, struct rs_prototype *ret)
{
	struct rs_trace_types *t = ctx;
	struct rs_btf_type proto;
	struct converter c;

	if (find_prototype(t, types, RS_BTF_MASK(RS_BTF_FUNC), module, "__traceiter_", name, &c,
			   &proto) ||
	    find_prototype(t, types, RS_BTF_MASK(RS_BTF_TYPEDEF), module, "btf_trace_", name, &c,
			   &proto))
		return convert_prototype(&c, &proto, 1, ret);
	return 0;
}

/* ---- iterators ---- */

/* The members of a context, without the unions that only align them: one deep. */
static uint32_t flatten(struct rs_types *types, const struct rs_type *t, uint32_t offset,
			bool inner, struct rs_field *fields, uint32_t n)
{
	t = rs_type_complete(types, t);
	for (uint32_t i = 0; i < t->n_fields && n < PARAMS_MAX; i++) {
		const struct rs_field *field = &t->fields[i];

		if (!*field->name && !inner) {
			n = flatten(types, field->type, offset + field->offset, true, fields, n);
			continue;
		}
		fields[n] = *field;
		fields[n++].offset = offset + field->offset;
	}
	return n;
}

static bool points_to_struct(const struct rs_type *t)
{
	return t->kind == RS_TYPE_POINTER && t->element->kind == RS_TYPE_STRUCT;
}

static const struct rs_type *find_iter(void *ctx, struct rs_types *types, const char *kind)
{
	struct rs_arena *arena = rs_types_arena(types);
	char *name = rs_arena_printf(arena, "struct bpf_iter__%s", kind);
	const struct rs_type *found = name ? find_type(ctx, types, name) : NULL;
	struct rs_field *fields = rs_arena_alloc_array(arena, PARAMS_MAX, sizeof(*fields));
	struct rs_type *type = found ? rs_type_copy(types, rs_type_complete(types, found)) : NULL;

	if (!fields || !type)
		return NULL;
	type->n_fields = flatten(types, type, 0, false, fields, 0);
	type->fields = fields;
	for (uint32_t i = 0; i < type->n_fields; i++) {
		if (points_to_struct(fields[i].type))
			fields[i].type = rs_type_in_space(types, fields[i].type, RS_SPACE_BTF);
		if (!fields[i].type)
			return NULL;
	}
	return type;
}

void rs_trace_types_source(struct rs_trace_types *types, struct rs_lang_source *source)
{
	source->ctx = types;
	source->find_type = find_type;
	source->complete_type = complete_type;
	source->find_constant = find_constant;
	source->find_function = find_function;
	source->find_rawtracepoint = find_rawtracepoint;
	source->find_iter = find_iter;
	source->nearest_type = nearest_type;
}
