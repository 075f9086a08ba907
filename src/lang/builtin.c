/* SPDX-License-Identifier: Apache-2.0 */

/* Names without arguments: who runs, where, when. What depends on the probe's kind: builtin-args.c. */

#include "lang/fn.h"

/* ---- helpers that give a word ---- */

static void check_u32(struct rs_sema *s, struct rs_node *name)
{
	(void)s;
	name->type = rs_type_int(4, false);
}

static void check_u64(struct rs_sema *s, struct rs_node *name)
{
	(void)s;
	name->type = rs_type_uint64;
}

/* A result of 32 bits is extended already when the kernel says so (u32 helpers return u64 of a u32). */
static struct rs_value call_word(struct rs_lower *l, struct rs_node *name, uint32_t helper,
				 unsigned flags)
{
	return rs_value_word(name->type, rs_ir_call(l->f, helper, flags, 0, NULL));
}

static rs_reg uid_gid(struct rs_lower *l)
{
	return rs_ir_call(l->f, RS_HELPER_get_current_uid_gid, RS_IR_CALL_PURE, 0, NULL);
}

static rs_reg uid(struct rs_lower *l)
{
	return rs_ir_extend(l->f, uid_gid(l), 4, false);
}

static struct rs_value lower_uid(struct rs_lower *l, struct rs_node *name)
{
	return rs_value_word(name->type, uid(l));
}

static struct rs_value lower_gid(struct rs_lower *l, struct rs_node *name)
{
	return rs_value_word(name->type, rs_ir_binary_imm(l->f, RS_IR_SHR, uid_gid(l), 32));
}

static void check_username(struct rs_sema *s, struct rs_node *name)
{
	name->type = rs_fn_simple(s, RS_TYPE_USERNAME);
}

static struct rs_value lower_cpu(struct rs_lower *l, struct rs_node *name)
{
	/* The same all along: programs do not migrate. */
	return call_word(l, name, RS_HELPER_get_smp_processor_id, RS_IR_CALL_PURE);
}

static struct rs_value lower_numaid(struct rs_lower *l, struct rs_node *name)
{
	return call_word(l, name, RS_HELPER_get_numa_node_id, RS_IR_CALL_PURE);
}

static struct rs_value lower_rand(struct rs_lower *l, struct rs_node *name)
{
	return call_word(l, name, RS_HELPER_get_prandom_u32, 0);
}

static struct rs_value lower_cgroup(struct rs_lower *l, struct rs_node *name)
{
	return call_word(l, name, RS_HELPER_get_current_cgroup_id, RS_IR_CALL_PURE);
}

static struct rs_value lower_jiffies(struct rs_lower *l, struct rs_node *name)
{
	return call_word(l, name, RS_HELPER_jiffies64, 0);
}

static struct rs_value lower_elapsed(struct rs_lower *l, struct rs_node *name)
{
	rs_reg now = rs_ir_call(l->f, RS_HELPER_ktime_get_boot_ns, 0, 0, NULL);
	rs_reg start = rs_lower_state_word(l, RS_STATE_START);

	return rs_value_word(name->type, rs_ir_binary(l->f, RS_IR_SUB, now, start));
}

/* ---- known when compiling ---- */

static void check_ncpus(struct rs_sema *s, struct rs_node *name)
{
	rs_fn_set_number(name, rs_type_uint64, s->source->n_cpus);
}

static void check_has_cpid(struct rs_sema *s, struct rs_node *name)
{
	rs_fn_set_number(name, &rs_type_bool, s->options->has_child);
}

static struct rs_value lower_constant(struct rs_lower *l, struct rs_node *name)
{
	return rs_value_word(name->type, rs_ir_const(l->f, (int64_t)name->number));
}

/* ---- the child of -c ---- */

static void check_cpid(struct rs_sema *s, struct rs_node *name)
{
	name->type = rs_type_int(4, false);
	if (s->options->has_child)
		return;
	rs_sema_warning(s, name->span, "cpid is 0: there is no child");
	rs_sema_hint(s, "-c COMMAND starts one; has_cpid tells whether there is");
}

static struct rs_value lower_cpid(struct rs_lower *l, struct rs_node *name)
{
	return rs_value_word(name->type, rs_lower_state_word(l, RS_STATE_CPID));
}

/* ---- the task ---- */

static void check_curtask(struct rs_sema *s, struct rs_node *name)
{
	const struct rs_type *task = rs_fn_task_type(s);

	name->type = task ? task : rs_type_uint64;
}

static struct rs_value lower_curtask(struct rs_lower *l, struct rs_node *name)
{
	enum rs_space space;

	return rs_value_word(name->type, rs_lower_task(l, &space));
}

/* ---- rows ---- */

const struct rs_builtin_row rs_builtin_table[] = {
	{ .name = "uid", .check = check_u64, .lower = lower_uid },
	{ .name = "gid", .check = check_u64, .lower = lower_gid },
	{ .name = "username", .check = check_username, .lower = lower_uid },
	{ .name = "cpu", .check = check_u32, .lower = lower_cpu },
	{ .name = "numaid", .check = check_u32, .lower = lower_numaid },
	{ .name = "ncpus", .check = check_ncpus, .lower = lower_constant },
	{ .name = "rand", .check = check_u32, .lower = lower_rand },
	{ .name = "cgroup", .check = check_u64, .lower = lower_cgroup },
	{ .name = "jiffies", .check = check_u64, .lower = lower_jiffies },
	{ .name = "elapsed", .check = check_u64, .lower = lower_elapsed },
	{ .name = "curtask", .check = check_curtask, .lower = lower_curtask },
	{ .name = "cpid", .check = check_cpid, .lower = lower_cpid },
	{ .name = "has_cpid", .check = check_has_cpid, .lower = lower_constant },
	{ 0 },
};
