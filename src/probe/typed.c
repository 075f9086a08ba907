/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/typed.h"

#include "base/suggest.h"
#include "probe/match.h"

#define NAME_MAX_ 512

static const struct {
	const char *prefix;
	unsigned kinds;
} rows[] = {
	[RS_TYPED_FUNCTION] = { "", RS_BTF_MASK(RS_BTF_FUNC) },
	[RS_TYPED_RAWTRACEPOINT] = { "btf_trace_", RS_BTF_MASK(RS_BTF_TYPEDEF) },
	[RS_TYPED_ITER] = { "bpf_iter_", RS_BTF_MASK(RS_BTF_FUNC) },
};

uint32_t rs_typed_find(struct rs_probes *probes, enum rs_typed what, const char *module,
		       const char *name, unsigned *ret_module)
{
	char full[NAME_MAX_];
	unsigned number = 0;
	uint32_t id;

	if (!probes->options.btf ||
	    (size_t)snprintf(full, sizeof(full), "%s%s", rows[what].prefix, name) >= sizeof(full))
		return 0;
	id = rs_btf_set_find(probes->options.btf, module, full, rows[what].kinds, &number);
	if (id && ret_module)
		*ret_module = number;
	return id;
}

/* ---- all of them ---- */

struct item {
	const char *name, *module;
};

struct walk {
	enum rs_typed what;
	const char *pattern, *module;
	struct rs_btf *btf;
	RS_VEC(struct item) found;
};

/* Functions bpf_iter_* that are no iterators have no context struct. */
static bool is_iterator(struct rs_btf *btf, const char *name)
{
	char context[NAME_MAX_];

	snprintf(context, sizeof(context), "bpf_iter__%s", name);
	return rs_btf_find(btf, context, RS_BTF_MASK(RS_BTF_STRUCT));
}

static int collect(const struct rs_btf_type *type, void *data)
{
	struct walk *walk = data;
	const char *prefix = rows[walk->what].prefix, *name = type->name + strlen(prefix);
	const struct item item = { name, walk->module };

	if (strncmp(type->name, prefix, strlen(prefix)) != 0 || !rs_match(walk->pattern, name))
		return 0;
	if (walk->what == RS_TYPED_ITER && !is_iterator(walk->btf, name))
		return 0;
	return rs_vec_push(&walk->found, item);
}

static int by_text(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = strcmp(x->module, y->module);

	return order ? order : strcmp(x->name, y->name);
}

static int collect_all(struct rs_probes *probes, struct walk *walk, const char *module)
{
	struct rs_btf_set *set = probes->options.btf;
	int r = 0;

	for (unsigned i = 0; i < rs_btf_set_count(set) && r >= 0; i++) {
		walk->module = rs_btf_set_name(set, i);
		if (!rs_match(*module ? module : "*", walk->module))
			continue;
		walk->btf = rs_btf_set_at(set, i);
		if (walk->btf)
			r = rs_btf_each(walk->btf, rows[walk->what].kinds, collect, walk);
	}
	if (walk->found.len)
		qsort(walk->found.items, walk->found.len, sizeof(*walk->found.items), by_text);
	return r;
}

int rs_typed_each(struct rs_probes *probes, enum rs_typed what, const char *module,
		  const char *name, int (*fn)(const char *name, const char *module, void *data),
		  void *data, struct rs_error *err)
{
	struct walk walk = { .what = what, .pattern = name };
	const struct item *last = NULL;
	int r;

	if (!probes->options.btf || !rs_btf_set_vmlinux(probes->options.btf, NULL))
		return rs_error_set(err, -ENODATA,
				    "the kernel does not tell its types (CONFIG_DEBUG_INFO_BTF)");
	r = collect_all(probes, &walk, module);
	if (r < 0)
		rs_error_set_errno(err, r, "looking through the kernel's types");
	for (size_t i = 0; i < walk.found.len && r >= 0; i++) {
		const struct item *item = &walk.found.items[i];

		if (!last || by_text(last, item))
			r = fn(item->name, item->module, data);
		last = item;
	}
	rs_vec_done(&walk.found);
	return r;
}

static int offer(const char *name, const char *module, void *data)
{
	(void)module;
	rs_suggest_offer(data, name);
	return 0;
}

const char *rs_typed_nearest(struct rs_probes *probes, enum rs_typed what, const char *name)
{
	struct rs_suggest suggest;

	rs_suggest_init(&suggest, name);
	rs_typed_each(probes, what, "", "*", offer, &suggest, NULL);
	return rs_suggest_best(&suggest);
}

/* ---- arguments ---- */

static const char *keyword(enum rs_btf_kind kind)
{
	switch (kind) {
	case RS_BTF_STRUCT:
		return "struct ";
	case RS_BTF_UNION:
		return "union ";
	case RS_BTF_ENUM:
	case RS_BTF_ENUM64:
		return "enum ";
	default:
		return "";
	}
}

/* As C has it, but for pointers to functions, which are "func *". Chains are cut where they grow too long. */
static void append_type(struct rs_btf *btf, uint32_t id, unsigned depth, struct rs_str *out)
{
	struct rs_btf_type type;

	if (!rs_btf_get(btf, id, &type) || depth > 16) {
		rs_str_append_cstr(out, "void");
		return;
	}
	switch (type.kind) {
	case RS_BTF_PTR:
		append_type(btf, type.to, depth + 1, out);
		rs_str_append_cstr(out, " *");
		break;
	case RS_BTF_CONST:
		rs_str_append_cstr(out, "const ");
		_fallthrough_;
	case RS_BTF_VOLATILE:
	case RS_BTF_RESTRICT:
	case RS_BTF_TYPE_TAG:
		append_type(btf, type.to, depth + 1, out);
		break;
	case RS_BTF_ARRAY:
		append_type(btf, type.to, depth + 1, out);
		rs_str_appendf(out, "[%u]", type.count);
		break;
	case RS_BTF_FUNC_PROTO:
		rs_str_append_cstr(out, "func");
		break;
	case RS_BTF_FWD:
		rs_str_appendf(out, "%s%s", type.flag ? "union " : "struct ", type.name);
		break;
	default:
		rs_str_appendf(out, "%s%s", keyword(type.kind),
			       *type.name ? type.name : "(anonymous)");
	}
}

static int tell(struct rs_btf *btf, uint32_t type, const char *name, struct rs_str *text,
		int (*fn)(const char *text, void *data), void *data)
{
	rs_str_reset(text);
	append_type(btf, type, 0, text);
	rs_str_appendf(text, " %s", name);
	return text->error ? text->error : fn(rs_str_cstr(text), data);
}

/* A typedef btf_trace_x is a pointer to a function whose first argument is not the tracepoint's. */
static bool find_prototype(struct rs_btf *btf, uint32_t id, struct rs_btf_type *ret)
{
	for (unsigned i = 0; i < 4 && rs_btf_get(btf, id, ret); i++) {
		if (ret->kind == RS_BTF_FUNC_PROTO)
			return true;
		id = ret->to;
	}
	return false;
}

/* The typedef of a raw tracepoint has no names for its arguments; the function that calls what is attached does. */
static uint32_t find_described(struct rs_probes *probes, enum rs_typed what, const char *module,
			       const char *name, unsigned *ret_module)
{
	uint32_t id = 0;
	char caller[NAME_MAX_];

	if (what == RS_TYPED_RAWTRACEPOINT) {
		snprintf(caller, sizeof(caller), "__traceiter_%s", name);
		id = rs_typed_find(probes, RS_TYPED_FUNCTION, module, caller, ret_module);
	}
	return id ? id : rs_typed_find(probes, what, module, name, ret_module);
}

int rs_typed_arguments(struct rs_probes *probes, enum rs_typed what, const char *module,
		       const char *name, bool retval, int (*fn)(const char *text, void *data),
		       void *data)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(4096);
	struct rs_btf_type prototype;
	unsigned number = 0;
	uint32_t id = find_described(probes, what, module, name, &number);
	struct rs_btf *btf = id ? rs_btf_set_at(probes->options.btf, number) : NULL;
	int r = 0;

	if (!btf || !find_prototype(btf, id, &prototype))
		return 0;
	for (uint32_t i = what == RS_TYPED_FUNCTION ? 0 : 1; i < prototype.n && r >= 0; i++) {
		struct rs_btf_param param;

		rs_btf_param(&prototype, i, &param);
		r = tell(btf, param.type, param.name, &text, fn, data);
	}
	return r >= 0 && retval && prototype.to ? tell(btf, prototype.to, "retval", &text, fn, data)
						: r;
}

/* ---- loading ---- */

static int module_fd(struct rs_probes *probes, unsigned number, struct rs_error *err)
{
	int fd;

	rs_vec_foreach(&probes->modules, module) if (module->number == number) return module->fd;
	fd = rs_btf_set_open_fd(probes->options.btf, number, err);
	if (fd < 0)
		return fd;
	if (rs_vec_push(&probes->modules, (struct rs_module_fd){ number, fd }) < 0) {
		close(fd);
		return rs_error_set(err, -ENOMEM, "out of memory");
	}
	return fd;
}

int rs_typed_plan(struct rs_probes *probes, enum rs_typed what, const struct rs_attach_point *point,
		  struct rs_probe_plan *plan, struct rs_error *err)
{
	unsigned number = 0;
	uint32_t id = rs_typed_find(probes, what, what == RS_TYPED_ITER ? "" : point->target,
				    point->name, &number);
	int fd;

	if (!id)
		return rs_point_missing(point, rs_typed_nearest(probes, what, point->name), err);
	plan->attach_btf_id = id;
	if (!number)
		return 0;
	fd = module_fd(probes, number, err);
	if (fd < 0)
		return fd;
	plan->attach_btf_fd = fd;
	return 0;
}
