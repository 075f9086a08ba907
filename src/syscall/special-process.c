/* SPDX-License-Identifier: Apache-2.0 */
/* Special arguments of processes: clone, prctl, ptrace, futex, scheduling, rights. */
#include "syscall/special.h"

static void put_hex_label(struct rs_fmt *f, const char *label, uint64_t v)
{
	rs_fmt_text(f, label);
	rs_fmt_address(f, v);
}

/* --- clone --- */

void rs_special_clone_flags(struct rs_fmt *f, unsigned arg)
{
	uint64_t v = f->event->args[arg], left;
	int signal = (int)(v & 0xff);
	size_t from = f->out->len;
	unsigned count = 0;

	left = rs_names_put_flags(NAMES_clone, v & ~UINT64_C(0xff), f->out, &count);
	if (left) {
		rs_fmt_text(f, count++ ? "|" : "");
		rs_fmt_hex(f, left);
	}
	if (signal || !count) {
		rs_fmt_text(f, count ? "|" : "");
		rs_fmt_signal(f, signal);
	}
	rs_fmt_named(f, from, v);
}

void rs_special_clone_args(struct rs_fmt *f, unsigned arg)
{
	const rs_memory *m = &f->event->in[arg];
	static const struct {
		const char *label;
		uint8_t offset;
	} rest[] = { { ", set_tid=", 64 }, { ", set_tid_size=", 72 }, { ", cgroup=", 80 } };

	if (!f->event->args[arg] || m->len < 64) {
		rs_fmt_address(f, f->event->args[arg]);
		return;
	}
	rs_fmt_text(f, "{flags=");
	rs_fmt_names(f, NAMES_clone, rs_mem_get(m, 0, 8));
	if (rs_mem_get(m, 0, 8) & 0x1000)
		put_hex_label(f, ", pidfd=", rs_mem_get(m, 8, 8));
	if (rs_mem_get(m, 16, 8))
		put_hex_label(f, ", child_tid=", rs_mem_get(m, 16, 8));
	if (rs_mem_get(m, 24, 8))
		put_hex_label(f, ", parent_tid=", rs_mem_get(m, 24, 8));
	rs_fmt_text(f, ", exit_signal=");
	rs_fmt_signal(f, (int)rs_mem_get(m, 32, 8));
	put_hex_label(f, ", stack=", rs_mem_get(m, 40, 8));
	rs_fmt_text(f, ", stack_size=");
	rs_fmt_hex(f, rs_mem_get(m, 48, 8));
	if (rs_mem_get(m, 0, 8) & 0x80000)
		put_hex_label(f, ", tls=", rs_mem_get(m, 56, 8));
	for (size_t i = 0; i < ARRAY_SIZE(rest); i++)
		if (rs_mem_get(m, rest[i].offset, 8))
			put_hex_label(f, rest[i].label, rs_mem_get(m, rest[i].offset, 8));
	rs_fmt_text(f, "}");
}

void rs_special_waitid_id(struct rs_fmt *f, unsigned arg)
{
	if ((unsigned)f->event->args[0] == 3)
		rs_fmt_fd(f, (int)f->event->args[arg]);
	else
		rs_str_append_i64(f->out, (int)f->event->args[arg]);
}

/* --- prctl --- */

enum {
	PR_SET_PDEATHSIG = 1,
	PR_GET_PDEATHSIG = 2,
	PR_SET_DUMPABLE = 4,
	PR_SET_NAME = 15,
	PR_GET_NAME = 16,
	PR_SET_SECCOMP = 22,
	PR_CAPBSET_READ = 23,
	PR_CAPBSET_DROP = 24,
	PR_SET_SECUREBITS = 28,
	PR_SET_CHILD_SUBREAPER = 36,
	PR_GET_CHILD_SUBREAPER = 37,
	PR_SET_NO_NEW_PRIVS = 38,
	PR_CAP_AMBIENT = 47,
	PR_SET_VMA = 0x53564d41,
};

bool rs_special_prctl_arg_late(const struct rs_call_event *event)
{
	unsigned option = (unsigned)event->args[0];

	return option == PR_GET_NAME || option == PR_GET_PDEATHSIG ||
	       option == PR_GET_CHILD_SUBREAPER;
}

static void put_prctl_memory(struct rs_fmt *f, unsigned option, const rs_memory *m,
			     uint64_t address)
{
	if (!address || !m->data || m->len < 4) {
		rs_fmt_address(f, address);
	} else if (option == PR_SET_NAME || option == PR_GET_NAME) {
		rs_memory name = rs_mem_sub(m, 0, 15); /* what the kernel takes of it */

		name.cut = m->len > 15 && !memchr(m->data, 0, 16);
		rs_fmt_string(f, &name, address, true);
	} else if (option == PR_GET_PDEATHSIG) {
		rs_fmt_text(f, "[");
		rs_fmt_signal(f, (int)rs_mem_get(m, 0, 4));
		rs_fmt_text(f, "]");
	} else {
		rs_str_appendf(f->out, "[%d]", (int)rs_mem_get(m, 0, 4));
	}
}

void rs_special_prctl_arg(struct rs_fmt *f, unsigned arg)
{
	static const char *const dumpable[] = { "SUID_DUMP_DISABLE", "SUID_DUMP_USER",
						"SUID_DUMP_ROOT" };
	uint64_t v = f->event->args[arg];
	unsigned option = (unsigned)f->event->args[0];

	switch (option) {
	case PR_SET_NAME:
		put_prctl_memory(f, option, &f->event->in[arg], v);
		return;
	case PR_GET_NAME:
	case PR_GET_PDEATHSIG:
	case PR_GET_CHILD_SUBREAPER:
		put_prctl_memory(f, option, rs_fmt_ok(f) ? &f->event->out[arg] : &(rs_memory){ 0 },
				 v);
		return;
	case PR_SET_PDEATHSIG:
		rs_fmt_signal(f, (int)v);
		return;
	case PR_SET_DUMPABLE:
		if (v < ARRAY_SIZE(dumpable))
			rs_fmt_text(f, dumpable[v]);
		else
			rs_fmt_hex(f, v);
		return;
	case PR_SET_SECCOMP:
		rs_fmt_names(f, NAMES_seccomp_mode, v);
		return;
	case PR_CAPBSET_READ:
	case PR_CAPBSET_DROP:
		rs_fmt_names(f, NAMES_cap, v);
		return;
	case PR_SET_SECUREBITS:
		rs_fmt_names(f, NAMES_securebits, v);
		return;
	case PR_CAP_AMBIENT:
		rs_fmt_names(f, NAMES_cap_ambient, v);
		return;
	case 8:  /* PR_SET_KEEPCAPS */
	case 29: /* PR_SET_TIMERSLACK */
	case PR_SET_CHILD_SUBREAPER:
	case PR_SET_NO_NEW_PRIVS:
		rs_str_append_i64(f->out, (int64_t)v);
		return;
	case PR_SET_VMA:
		rs_fmt_text(f, v ? "" : "PR_SET_VMA_ANON_NAME");
		if (v)
			rs_fmt_hex(f, v);
		return;
	}
	rs_fmt_hex(f, v);
}

/* The arguments behind: numbers where the option takes one, a capability for the ambient set. */
void rs_special_prctl_rest(struct rs_fmt *f, unsigned arg)
{
	unsigned option = (unsigned)f->event->args[0];

	if (option == PR_SET_VMA && arg == 3)
		rs_str_append_u64(f->out, f->event->args[arg]);
	else if (option == PR_SET_VMA && arg == 4)
		rs_fmt_string(f, &f->event->in[arg], f->event->args[arg], true);
	else if (option == PR_CAP_AMBIENT && arg == 2)
		rs_fmt_names(f, NAMES_cap, f->event->args[arg]);
	else
		rs_fmt_hex(f, f->event->args[arg]);
}

void rs_special_arch_prctl_arg(struct rs_fmt *f, unsigned arg)
{
	unsigned option = (unsigned)f->event->args[0];
	const rs_memory *m = &f->event->out[arg];

	if ((option == 0x1003 || option == 0x1004) && rs_fmt_ok(f) && rs_mem_has(m, 0, 8)) {
		rs_fmt_text(f, "[");
		rs_fmt_hex(f, rs_mem_get(m, 0, 8));
		rs_fmt_text(f, "]");
		return;
	}
	rs_fmt_hex(f, f->event->args[arg]);
}

/* --- ptrace --- */

enum {
	PTRACE_SETOPTIONS = 0x4200,
	PTRACE_GETREGSET = 0x4204,
	PTRACE_SETREGSET = 0x4205,
	PTRACE_SEIZE = 0x4206
};

void rs_special_ptrace_addr(struct rs_fmt *f, unsigned arg)
{
	uint64_t request = f->event->args[0];

	if (request == PTRACE_GETREGSET || request == PTRACE_SETREGSET)
		rs_fmt_names(f, NAMES_ptrace_regset, f->event->args[arg]);
	else
		rs_fmt_address(f, f->event->args[arg]);
}

void rs_special_ptrace_data(struct rs_fmt *f, unsigned arg)
{
	uint64_t request = f->event->args[0], v = f->event->args[arg];

	switch (request) {
	case PTRACE_SETOPTIONS:
	case PTRACE_SEIZE:
		rs_fmt_names(f, NAMES_ptrace_options, v);
		break;
	case 7: /* PTRACE_CONT, PTRACE_SINGLESTEP, PTRACE_DETACH, PTRACE_SYSCALL: a signal */
	case 9:
	case 17:
	case 24:
		rs_fmt_signal(f, (int)v);
		break;
	default:
		rs_fmt_address(f, v);
	}
}

/* --- futex --- */

#define FUTEX_PRIVATE  128u
#define FUTEX_REALTIME 256u

void rs_special_futex_op(struct rs_fmt *f, unsigned arg)
{
	uint32_t op = (uint32_t)f->event->args[arg], base = op & ~(FUTEX_PRIVATE | FUTEX_REALTIME);
	size_t len;
	const char *name = rs_names_find(NAMES_futex, base, &len);

	if (!name) {
		rs_fmt_hex(f, op);
		rs_fmt_text(f, " /* FUTEX_??? */");
		return;
	}
	rs_str_append(f->out, name, len);
	rs_fmt_text(f, op & FUTEX_PRIVATE ? "_PRIVATE" : "");
	rs_fmt_text(f, op & FUTEX_REALTIME ? "|FUTEX_CLOCK_REALTIME" : "");
}

static unsigned futex_base(const struct rs_fmt *f)
{
	return (unsigned)f->event->args[1] & ~(FUTEX_PRIVATE | FUTEX_REALTIME);
}

void rs_special_futex_val(struct rs_fmt *f, unsigned arg)
{
	unsigned base = futex_base(f);
	int v = (int)f->event->args[arg];

	/* how many to wake: a number with a sign; what is expected: none */
	if (base == 1 || (base >= 3 && base <= 5) || base == 10 || base == 12)
		rs_str_append_i64(f->out, v);
	else
		rs_str_append_u64(f->out, (uint32_t)v);
}

void rs_special_futex_time(struct rs_fmt *f, unsigned arg)
{
	unsigned base = futex_base(f);
	uint64_t v = f->event->args[arg];

	if ((base >= 3 && base <= 5) || base == 12) /* a second number */
		rs_str_append_i64(f->out, (int)v);
	else if (!v || !rs_fmt_type(f, TYPE_timespec, &f->event->in[arg]))
		rs_fmt_address(f, v);
}

static void put_wake_op(struct rs_fmt *f, uint32_t v)
{
	static const char *const ops[] = { "FUTEX_OP_SET", "FUTEX_OP_ADD", "FUTEX_OP_OR",
					   "FUTEX_OP_ANDN", "FUTEX_OP_XOR" };
	static const char *const compares[] = { "FUTEX_OP_CMP_EQ", "FUTEX_OP_CMP_NE",
						"FUTEX_OP_CMP_LT", "FUTEX_OP_CMP_LE",
						"FUTEX_OP_CMP_GT", "FUTEX_OP_CMP_GE" };
	unsigned op = v >> 28 & 7, compare = v >> 24 & 0xf;

	rs_fmt_text(f, v >> 31 ? "FUTEX_OP_OPARG_SHIFT<<28|" : "");
	if (op < ARRAY_SIZE(ops))
		rs_str_appendf(f->out, "%s<<28|%#x<<12|", ops[op], v >> 12 & 0xfff);
	else
		rs_str_appendf(f->out, "%#x<<28|%#x<<12|", op, v >> 12 & 0xfff);
	if (compare < ARRAY_SIZE(compares))
		rs_str_appendf(f->out, "%s<<24|%#x", compares[compare], v & 0xfff);
	else
		rs_str_appendf(f->out, "%#x<<24|%#x", compare, v & 0xfff);
}

void rs_special_futex_val3(struct rs_fmt *f, unsigned arg)
{
	unsigned base = futex_base(f);
	uint32_t v = (uint32_t)f->event->args[arg];

	if (base == 5)
		put_wake_op(f, v);
	else if (base == 9 || base == 10)
		rs_fmt_text(f, v == UINT32_MAX ? "FUTEX_BITSET_MATCH_ANY" : "");
	if ((base == 9 || base == 10) && v != UINT32_MAX)
		rs_fmt_hex(f, v);
	else if (base != 5 && base != 9 && base != 10)
		rs_str_append_u64(f->out, v);
}

/* --- scheduling --- */

void rs_special_cpuset(struct rs_fmt *f, unsigned arg)
{
	bool get = f->event->call->args[arg].capture.when & RS_CAPTURE_EXIT;
	const rs_memory *m = get ? &f->event->out[arg] : &f->event->in[arg];

	if (!f->event->args[arg] || (get && !rs_fmt_ok(f)) || !m->data) {
		rs_fmt_address(f, f->event->args[arg]);
		return;
	}
	rs_fmt_text(f, "[");
	for (unsigned i = 0, count = 0; i / 8 < m->len; i++)
		if (((const unsigned char *)m->data)[i / 8] >> (i % 8) & 1)
			rs_str_appendf(f->out, count++ ? " %u" : "%u", i);
	rs_fmt_text(f, "]");
}

void rs_fmt_ioprio(struct rs_fmt *f, unsigned v)
{
	rs_fmt_text(f, "IOPRIO_PRIO_VALUE(");
	rs_fmt_names(f, NAMES_ioprio_class, v >> 13);
	rs_str_appendf(f->out, ", %u)", v & 0x1fff);
}

void rs_special_ioprio(struct rs_fmt *f, unsigned arg)
{
	rs_fmt_ioprio(f, (unsigned)f->event->args[arg]);
}

void rs_special_personality(struct rs_fmt *f, unsigned arg)
{
	uint32_t v = (uint32_t)f->event->args[arg];

	if (v == UINT32_MAX)
		rs_fmt_hex(f, v);
	else
		rs_fmt_names(f, NAMES_personality_flags, v);
}

/* --- rights --- */

void rs_special_seccomp_arg(struct rs_fmt *f, unsigned arg)
{
	const rs_memory *m = &f->event->in[arg];

	if ((unsigned)f->event->args[0] != 1 || !f->event->args[arg] || m->len < 16) {
		rs_fmt_address(f, f->event->args[arg]);
		return;
	}
	rs_str_appendf(f->out, "{len=%u, filter=", (unsigned)rs_mem_get(m, 0, 2));
	rs_fmt_address(f, rs_mem_get(m, 8, 8));
	rs_fmt_text(f, "}");
}

void rs_special_landlock_rule(struct rs_fmt *f, unsigned arg)
{
	const rs_memory *m = &f->event->in[arg];

	if ((unsigned)f->event->args[1] != 1 || !f->event->args[arg] || m->len < 12) {
		rs_fmt_address(f, f->event->args[arg]);
		return;
	}
	rs_fmt_text(f, "{allowed_access=");
	rs_fmt_names(f, NAMES_landlock_fs, rs_mem_get(m, 0, 8));
	rs_fmt_text(f, ", parent_fd=");
	rs_fmt_fd(f, (int)rs_mem_get(m, 8, 4));
	rs_fmt_text(f, "}");
}
