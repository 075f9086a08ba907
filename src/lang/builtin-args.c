/* SPDX-License-Identifier: Apache-2.0 */

/* Builtins whose meaning is the probe's: arguments, results, the function and the probe itself. */

#include <string.h>

#include "lang/fn.h"

#define FUNCTIONS_ENTERED  (RS_PROVIDER_MASK(KPROBE) | RS_PROVIDER_MASK(UPROBE))
#define FUNCTIONS_RETURNED (RS_PROVIDER_MASK(KRETPROBE) | RS_PROVIDER_MASK(URETPROBE))
#define TYPED              (RS_PROVIDER_MASK(FENTRY) | RS_PROVIDER_MASK(FEXIT))

static bool is_one_of(const struct rs_probe *probe, uint32_t mask)
{
	return mask >> probe->provider & 1;
}

/* The context holds struct pt_regs, or begins with it. */
static bool has_registers(const struct rs_probe *probe)
{
	return probe->type == RS_PROGRAM_KPROBE || probe->type == RS_PROGRAM_PERF_EVENT;
}

/* Pointers to structs in the context are known to the verifier. */
static bool is_typed(const struct rs_probe *probe)
{
	return probe->type == RS_PROGRAM_FENTRY || probe->type == RS_PROGRAM_FEXIT ||
	       probe->type == RS_PROGRAM_TRACING_RAW_TP;
}

/* The number behind arg or sarg. */
static unsigned number_of(const char *name)
{
	return (unsigned)strtoul(name + strcspn(name, "0123456789"), NULL, 10);
}

/* ---- args ---- */

/* The type of a parameter as the context gives it. */
static const struct rs_type *parameter_type(struct rs_sema *s, const struct rs_type *type)
{
	enum rs_space space = RS_SPACE_KERNEL;
	const struct rs_type *moved;

	if (type->kind != RS_TYPE_POINTER || type->space == RS_SPACE_USER)
		return type;
	if (is_typed(s->probe) && type->element && type->element->kind == RS_TYPE_STRUCT)
		space = RS_SPACE_BTF;
	moved = rs_type_in_space(s->types, type, space);
	return moved ? moved : type;
}

/* Where the context keeps parameter i: in registers, or in words one after the other. -1: not there. */
static int parameter_offset(const struct rs_probe *probe, unsigned i)
{
	return probe->type == RS_PROGRAM_KPROBE ? rs_regs_argument(i) : (int)(8 * i);
}

/* A struct made of the prototype's parameters, lying in the context. */
static const struct rs_type *args_of_prototype(struct rs_sema *s)
{
	const struct rs_prototype *prototype = s->probe->prototype;
	struct rs_field *fields = rs_arena_alloc_array(s->arena, prototype->n_params,
						       sizeof(*fields));
	struct rs_type *type = rs_arena_new(s->arena, struct rs_type);
	uint32_t n = 0, end = 0;

	if (!fields || !type) {
		s->diags->out_of_memory = true;
		return NULL;
	}
	for (unsigned i = 0; i < prototype->n_params; i++) {
		int offset = parameter_offset(s->probe, i);

		if (offset < 0)
			continue;
		fields[n] = prototype->params[i];
		fields[n].type = parameter_type(s, fields[n].type);
		fields[n++].offset = (uint32_t)offset;
		end = MAX(end, (uint32_t)offset + 8);
	}
	*type = (struct rs_type){ .kind = RS_TYPE_STRUCT,
				  .space = RS_SPACE_BPF,
				  .is_volatile_ctx = true,
				  .name = "struct args",
				  .size = end,
				  .align = 8,
				  .fields = fields,
				  .n_fields = n };
	return type;
}

static const struct rs_type *args_in_context(struct rs_sema *s)
{
	struct rs_type *type;

	if (s->probe->args->space == RS_SPACE_BPF && s->probe->args->is_volatile_ctx)
		return s->probe->args;
	type = rs_type_copy(s->types, s->probe->args);
	if (!type) {
		s->diags->out_of_memory = true;
		return NULL;
	}
	type->space = RS_SPACE_BPF;
	type->is_volatile_ctx = true;
	return type;
}

static void check_args(struct rs_sema *s, struct rs_node *name)
{
	struct rs_probe *probe = s->probe;

	if (!probe->args && probe->prototype)
		probe->args = args_of_prototype(s);
	else if (probe->args)
		probe->args = args_in_context(s);
	name->type = probe->args ? probe->args : &rs_type_unknown;
	if (probe->args)
		return;
	rs_sema_error(s, name->span, "nothing is known of the arguments of %s", probe->name);
	if (is_one_of(probe, FUNCTIONS_ENTERED))
		rs_sema_hint(s, "arg0, arg1 ... are the arguments as numbers");
}

static struct rs_value lower_args(struct rs_lower *l, struct rs_node *name)
{
	return rs_value_remote(name->type, RS_SPACE_BPF, l->ctx, 0);
}

/* ---- arg0 ---- */

static bool usdt_arg(struct rs_arena *arena, const struct rs_probe *probe, unsigned n,
		     struct rs_usdt_arg *ret)
{
	return probe->n_places && probe->places[0].usdt_args &&
	       rs_usdt_arg_parse(arena, probe->places[0].usdt_args, n, ret) == 0;
}

static void check_usdt_arg(struct rs_sema *s, struct rs_node *name, unsigned n)
{
	const char *args = s->probe->n_places ? s->probe->places[0].usdt_args : NULL;
	struct rs_usdt_arg arg;

	name->type = rs_type_uint64;
	if (usdt_arg(s->arena, s->probe, n, &arg)) {
		if (arg.is_signed)
			name->type = rs_type_int64;
		return;
	}
	if (args && n < rs_usdt_arg_count(args))
		rs_sema_error(s, name->span,
			      "where argument %u of %s lies is not understood: \"%s\"", n,
			      s->probe->name, args);
	else
		rs_sema_error(s, name->span, "%s has %u arguments, no arg%u", s->probe->name,
			      args ? rs_usdt_arg_count(args) : 0, n);
}

static bool in_array(const struct rs_probe *probe)
{
	return is_typed(probe) || probe->type == RS_PROGRAM_RAW_TRACEPOINT;
}

static void check_arg(struct rs_sema *s, struct rs_node *name)
{
	unsigned n = number_of(name->text);
	const struct rs_probe *probe = s->probe;

	name->type = rs_type_uint64;
	if (probe->provider == RS_PROVIDER_USDT) {
		check_usdt_arg(s, name, n);
		return;
	}
	if (is_one_of(probe, FUNCTIONS_ENTERED)) {
		if (rs_regs_argument(n) < 0)
			rs_sema_error(s, name->span, "%s: no register holds this argument",
				      name->text);
		return;
	}
	if (in_array(probe) && probe->provider != RS_PROVIDER_ITER) {
		if (probe->prototype && n >= probe->prototype->n_params)
			rs_sema_error(s, name->span, "%s has %u arguments, no %s", probe->name,
				      probe->prototype->n_params, name->text);
		return;
	}
	rs_sema_error(s, name->span, "%s can not be used in %s", name->text, probe->name);
	if (probe->provider == RS_PROVIDER_TRACEPOINT)
		rs_sema_hint(s, "args.NAME are the fields of the tracepoint; -lv lists them");
}

static rs_reg register_of(struct rs_lower *l, const char *name)
{
	int offset = name ? rs_regs_offset(name) : -1;

	return offset < 0 ? rs_ir_const(l->f, 0) : rs_ir_load(l->f, l->ctx, offset, 8, false);
}

static rs_reg usdt_memory(struct rs_lower *l, const struct rs_usdt_arg *arg)
{
	rs_reg address = register_of(l, arg->reg);

	if (arg->index) {
		rs_reg index = rs_ir_binary_imm(l->f, RS_IR_MUL, register_of(l, arg->index),
						arg->scale ? arg->scale : 1);

		address = rs_ir_binary(l->f, RS_IR_ADD, address, index);
	}
	if (arg->value)
		address = rs_ir_binary_imm(l->f, RS_IR_ADD, address, arg->value);
	return rs_lower_read(l, RS_SPACE_USER, address, 0, rs_type_int(arg->size, arg->is_signed));
}

static rs_reg usdt_word(struct rs_lower *l, unsigned n)
{
	struct rs_usdt_arg arg;

	if (!usdt_arg(l->sema->arena, l->probe, n, &arg))
		return rs_ir_const(l->f, 0);
	if (arg.kind == RS_USDT_CONST)
		return rs_ir_extend(l->f, rs_ir_const(l->f, arg.value), arg.size, arg.is_signed);
	if (arg.kind == RS_USDT_MEMORY)
		return usdt_memory(l, &arg);
	return rs_ir_extend(l->f, register_of(l, arg.reg), arg.size, arg.is_signed);
}

/* A word of a context that is an array of them: a number, though the verifier may know it as a pointer. */
static rs_reg array_word(struct rs_lower *l, unsigned n)
{
	struct rs_value value = rs_value_word(rs_type_uint64,
					      rs_ir_load(l->f, l->ctx, (int)(8 * n), 8, false));
	const struct rs_type *type = NULL;

	if (l->probe->prototype && n < l->probe->prototype->n_params)
		type = l->probe->prototype->params[n].type;
	if (is_typed(l->probe) && type && type->kind == RS_TYPE_POINTER) {
		type = rs_type_in_space(l->sema->types, type, RS_SPACE_BTF);
		if (type)
			value.type = type;
	}
	return rs_value_as_number(l, &value);
}

static struct rs_value lower_arg(struct rs_lower *l, struct rs_node *name)
{
	unsigned n = number_of(name->text);
	rs_reg word;

	if (l->probe->provider == RS_PROVIDER_USDT)
		word = usdt_word(l, n);
	else if (in_array(l->probe))
		word = array_word(l, n);
	else
		word = rs_ir_load(l->f, l->ctx, rs_regs_argument(n), 8, false);
	return rs_value_word(name->type, word);
}

/* sarg0: arguments on the stack, above the return address on x86-64. */
static void check_sarg(struct rs_sema *s, struct rs_node *name)
{
	name->type = rs_type_uint64;
	rs_sema_need_provider(s, name, FUNCTIONS_ENTERED);
}

static struct rs_value lower_sarg(struct rs_lower *l, struct rs_node *name)
{
	rs_reg sp = rs_ir_load(l->f, l->ctx, rs_regs_sp(), 8, false);
	int32_t first = rs_regs_offset("rsp") >= 0 ? 8 : 0;
	int32_t offset = first + 8 * (int32_t)number_of(name->text);

	return rs_value_word(name->type, rs_lower_read(l, rs_probe_default_space(l->probe), sp,
						       offset, rs_type_uint64));
}

/* ---- retval ---- */

static void check_retval(struct rs_sema *s, struct rs_node *name)
{
	const struct rs_prototype *prototype = s->probe->prototype;

	name->type = rs_type_uint64;
	if (!rs_sema_need_provider(s, name, FUNCTIONS_RETURNED | RS_PROVIDER_MASK(FEXIT)))
		return;
	if (s->probe->provider != RS_PROVIDER_FEXIT || !prototype || !prototype->result)
		return;
	if (prototype->result->kind == RS_TYPE_NONE) {
		rs_sema_error(s, name->span, "%s returns nothing", s->probe->name);
		return;
	}
	name->type = parameter_type(s, prototype->result);
}

static struct rs_value lower_retval(struct rs_lower *l, struct rs_node *name)
{
	const struct rs_type *type = name->type;
	unsigned n = l->probe->prototype ? l->probe->prototype->n_params : 0;
	rs_reg word;

	if (l->probe->provider != RS_PROVIDER_FEXIT)
		return rs_value_word(type, rs_ir_load(l->f, l->ctx, rs_regs_result(), 8, false));
	word = rs_ir_load(l->f, l->ctx, (int)(8 * n), 8, false);
	if (rs_type_is_integer(type) && type->size < 8)
		word = rs_ir_extend(l->f, word, type->size, type->is_signed);
	return rs_value_word(type, word);
}

/* ---- func ---- */

#define FUNC_KERNEL (RS_PROVIDER_MASK(KPROBE) | RS_PROVIDER_MASK(KRETPROBE) | TYPED)
#define FUNC_PLACED (RS_PROVIDER_MASK(UPROBE) | RS_PROVIDER_MASK(URETPROBE))
#define FUNC_USER   (FUNC_PLACED | RS_PROVIDER_MASK(USDT))

/* Functions of files are known by the names that they were found by: their processes may be gone, and with them the
 * meaning of addresses, before anything is printed; and where a function returns only newer kernels tell its address. */
static bool func_is_name(const struct rs_probe *probe)
{
	return is_one_of(probe, FUNC_PLACED) && probe->n_places &&
	       !probe->places[0].point.has_address;
}

/* Where the kernel does not tell it there is one place only, whose address is known. */
static bool func_is_constant(const struct rs_lang_source *source, const struct rs_probe *probe,
			     uint64_t *ret_address)
{
	return is_one_of(probe, RS_PROVIDER_MASK(KRETPROBE) | TYPED) &&
	       !rs_lang_has(source, func_ip) && probe->n_places == 1 && source &&
	       source->kernel_address &&
	       source->kernel_address(source->ctx, probe->places[0].point.name, ret_address);
}

static void check_func(struct rs_sema *s, struct rs_node *name)
{
	bool user = is_one_of(s->probe, FUNC_USER);
	uint64_t address;

	name->type = rs_fn_simple(s, func_is_name(s->probe) ? RS_TYPE_PROBE
				     : user                 ? RS_TYPE_USYM
							    : RS_TYPE_KSYM);
	if (!rs_sema_need_provider(s, name, FUNC_KERNEL | FUNC_USER))
		return;
	if (s->final && is_one_of(s->probe, FUNCTIONS_RETURNED | TYPED) &&
	    !func_is_name(s->probe) && !rs_lang_has(s->source, func_ip) &&
	    !func_is_constant(s->source, s->probe, &address))
		rs_sema_error(s, name->span,
			      "func needs a kernel that tells it where functions return: 5.15");
}

static rs_reg function_address(struct rs_lower *l)
{
	uint64_t address;

	/* Where the probe stands is in the function: the register is free, the helper is not. */
	if (l->probe->type == RS_PROGRAM_KPROBE && !is_one_of(l->probe, FUNCTIONS_RETURNED))
		return rs_ir_load(l->f, l->ctx, rs_regs_ip(), 8, false);
	if (func_is_constant(l->sema->source, l->probe, &address))
		return rs_ir_const(l->f, (int64_t)address);
	return rs_ir_call_of(l->f, RS_HELPER_get_func_ip, l->ctx);
}

static const char *function_name(const struct rs_place *place)
{
	return place->point.name;
}

static rs_reg name_of_place(struct rs_lower *l, const char *(*name)(const struct rs_place *place));

static struct rs_value lower_func(struct rs_lower *l, struct rs_node *name)
{
	if (func_is_name(l->probe))
		return rs_value_word(name->type, name_of_place(l, function_name));
	return rs_value_word(name->type, function_address(l));
}

static void func_into(struct rs_lower *l, struct rs_node *name, const struct rs_place_in_memory *to)
{
	rs_reg address = lower_func(l, name).reg, tgid;

	rs_ir_store(l->f, to->reg, to->offset, 8, address);
	if (name->type->kind != RS_TYPE_USYM)
		return;
	tgid = rs_fn_tgid(l);
	rs_ir_store(l->f, to->reg, to->offset + 8, 8, tgid);
	rs_fn_tell_address(l, tgid, address);
}

/* ---- probe, probetype ---- */

static void check_probe(struct rs_sema *s, struct rs_node *name)
{
	if (name->as_text && s->probe->n_places) {
		const struct rs_node *text = rs_fn_text_node(s, name->span, s->probe->name,
							     strlen(s->probe->name));

		if (text)
			*name = *text;
		return;
	}
	name->type = rs_fn_simple(s, RS_TYPE_PROBE);
}

/* Several places share a program: their names by the cookie, which is the place's number. */
static rs_reg name_by_cookie(struct rs_lower *l, const char *(*name)(const struct rs_place *place))
{
	const struct rs_probe *probe = l->probe;
	uint32_t *names = rs_arena_alloc_array(l->sema->arena, probe->n_places, sizeof(*names));
	rs_reg at = rs_ir_call(l->f, RS_HELPER_get_attach_cookie, RS_IR_CALL_PURE, 1, &l->ctx);
	bool in_a_row = true;

	if (!names) {
		l->sema->diags->out_of_memory = true;
		return at;
	}
	for (unsigned i = 0; i < probe->n_places; i++) {
		names[i] = rs_program_probe_name(l->program, name(&probe->places[i]));
		in_a_row = in_a_row && names[i] == names[0] + i;
	}
	if (in_a_row)
		return rs_ir_binary_imm(l->f, RS_IR_ADD, at, names[0]);
	at = rs_ir_binary_imm(l->f, RS_IR_MUL, rs_fn_limit(l, at, probe->n_places - 1),
			      sizeof(*names));
	at = rs_ir_binary(l->f, RS_IR_ADD,
			  rs_lower_constant_address(l, names, probe->n_places * sizeof(*names)),
			  at);
	return rs_ir_load(l->f, at, 0, sizeof(*names), false);
}

static rs_reg name_of_place(struct rs_lower *l, const char *(*name)(const struct rs_place *place))
{
	const struct rs_probe *probe = l->probe;
	const char *text = probe->n_places ? name(&probe->places[0]) : probe->name;

	if (probe->n_places > 1 && probe->wants_cookie)
		return name_by_cookie(l, name);
	return rs_ir_const(l->f, rs_program_probe_name(l->program, text));
}

static const char *probe_name(const struct rs_place *place)
{
	return place->point.text;
}

static struct rs_value lower_probe(struct rs_lower *l, struct rs_node *name)
{
	return rs_value_word(name->type, name_of_place(l, probe_name));
}

static void check_probetype(struct rs_sema *s, struct rs_node *name)
{
	const char *text = rs_provider_table[s->probe->provider].name;

	if (s->probe->provider == RS_PROVIDER_BEGIN || s->probe->provider == RS_PROVIDER_END ||
	    s->probe->provider == RS_PROVIDER_SELF)
		text = "special";
	rs_fn_set_text(s, name, text, strlen(text));
}

/* ---- usermode ---- */

/* Low bits of the code segment: the privilege level. */
static void check_usermode(struct rs_sema *s, struct rs_node *name)
{
	name->type = rs_type_int(1, false);
	if (rs_regs_offset("cs") < 0)
		rs_sema_error(s, name->span, "usermode is known on x86-64 only");
}

static struct rs_value lower_usermode(struct rs_lower *l, struct rs_node *name)
{
	rs_reg cs;

	if (!has_registers(l->probe))
		return rs_value_word(name->type,
				     rs_ir_const(l->f, l->probe->type == RS_PROGRAM_ONCE));
	cs = rs_ir_load(l->f, l->ctx, rs_regs_offset("cs"), 8, false);
	cs = rs_ir_binary_imm(l->f, RS_IR_AND, cs, 3);
	return rs_value_word(name->type, rs_ir_compare_imm(l->f, RS_IR_EQ, cs, 3));
}

/* ---- ctx ---- */

/* Of iterators: what they point to may be missing, which the verifier wants to be asked for; reading does not. */
static const struct rs_type *iterator_struct(struct rs_sema *s, const struct rs_type *type)
{
	struct rs_field *fields = rs_arena_alloc_array(s->arena, type->n_fields + 1,
						       sizeof(*fields));
	struct rs_type *copy = rs_type_copy(s->types, type);

	if (!fields || !copy) {
		s->diags->out_of_memory = true;
		return type;
	}
	for (uint32_t i = 0; i < type->n_fields; i++) {
		fields[i] = type->fields[i];
		if (fields[i].type->kind == RS_TYPE_POINTER)
			fields[i].type = rs_type_in_space(s->types, fields[i].type,
							  RS_SPACE_KERNEL);
		if (!fields[i].type)
			return type;
	}
	copy->fields = fields;
	return copy;
}

static const struct rs_type *context_struct(struct rs_sema *s)
{
	if (s->probe->args && s->probe->type == RS_PROGRAM_ITER)
		return iterator_struct(s, s->probe->args);
	if (s->probe->args)
		return s->probe->args;
	if (s->probe->type == RS_PROGRAM_KPROBE)
		return rs_types_find(s->types, "struct pt_regs");
	if (s->probe->type == RS_PROGRAM_PERF_EVENT)
		return rs_types_find(s->types, "struct bpf_perf_event_data");
	return NULL;
}

static void check_ctx(struct rs_sema *s, struct rs_node *name)
{
	const struct rs_type *to = context_struct(s);
	struct rs_type *type;

	if (to)
		to = rs_type_in_space(s->types, to, RS_SPACE_BPF);
	type = rs_type_copy(s->types,
			    rs_type_pointer(s->types, to ? to : &rs_type_none, RS_SPACE_BPF));
	if (type)
		type->is_volatile_ctx = true;
	name->type = type ? type : &rs_type_unknown;
}

static struct rs_value lower_ctx(struct rs_lower *l, struct rs_node *name)
{
	return rs_value_word(name->type, l->ctx);
}

/* ---- rows ---- */

const struct rs_builtin_row rs_builtin_args[] = {
	{ .name = "args", .check = check_args, .lower = lower_args },
	{ .name = "arg0", .check = check_arg, .lower = lower_arg },
	{ .name = "sarg0", .check = check_sarg, .lower = lower_sarg },
	{ .name = "retval", .check = check_retval, .lower = lower_retval },
	{ .name = "func", .check = check_func, .lower = lower_func, .into = func_into },
	{ .name = "probe", .check = check_probe, .lower = lower_probe },
	{ .name = "probetype", .check = check_probetype, .into = rs_fn_text_into },
	{ .name = "usermode", .check = check_usermode, .lower = lower_usermode },
	{ .name = "ctx", .check = check_ctx, .lower = lower_ctx },
	{ 0 },
};
