/* SPDX-License-Identifier: Apache-2.0 */
/* Which arguments a call takes, where that depends on the others: open() has a mode only with O_CREAT. */
#include "syscall/format.h"

#define O_CREAT   0x40
#define O_TMPFILE 0x400000

static unsigned first(unsigned count)
{
	return (1u << count) - 1;
}

static unsigned shown_open(const struct rs_call_event *e)
{
	return e->args[1] & (O_CREAT | O_TMPFILE) ? first(3) : first(2);
}

static unsigned shown_openat(const struct rs_call_event *e)
{
	return e->args[2] & (O_CREAT | O_TMPFILE) ? first(4) : first(3);
}

static unsigned shown_mq_open(const struct rs_call_event *e)
{
	return e->args[1] & O_CREAT ? first(4) : first(2);
}

static unsigned shown_mknod(const struct rs_call_event *e, unsigned mode_at)
{
	unsigned type = e->args[mode_at] & 0170000;

	return type == 0020000 || type == 0060000 ? first(mode_at + 2) : first(mode_at + 1);
}

static unsigned shown_mknod_path(const struct rs_call_event *e)
{
	return shown_mknod(e, 1);
}

static unsigned shown_mknodat(const struct rs_call_event *e)
{
	return shown_mknod(e, 2);
}

/* F_GETFD and its like take none. */
static unsigned shown_fcntl(const struct rs_call_event *e)
{
	switch ((unsigned)e->args[1]) {
	case 1:
	case 3:
	case 9:
	case 11:
	case 1025:
	case 1032:
	case 1034:
		return first(2);
	}
	return first(3);
}

static unsigned shown_mremap(const struct rs_call_event *e)
{
	return e->args[3] & 6 ? first(5) : first(4);
}

static unsigned shown_futex(const struct rs_call_event *e)
{
	switch ((unsigned)e->args[1] & 0x7f) {
	case 0: /* FUTEX_WAIT */
		return first(4);
	case 1: /* FUTEX_WAKE */
	case 2: /* FUTEX_FD */
		return first(3);
	case 3:  /* FUTEX_REQUEUE */
	case 11: /* FUTEX_WAIT_REQUEUE_PI */
		return first(5);
	case 9: /* FUTEX_WAIT_BITSET */
		return first(4) | 1u << 5;
	case 10: /* FUTEX_WAKE_BITSET */
		return first(3) | 1u << 5;
	case 6: /* FUTEX_LOCK_PI, FUTEX_LOCK_PI2 */
	case 13:
		return first(2) | 1u << 3;
	case 7: /* FUTEX_UNLOCK_PI, FUTEX_TRYLOCK_PI */
	case 8:
		return first(2);
	}
	return first(6);
}

static unsigned shown_prctl(const struct rs_call_event *e)
{
	static const uint32_t none[] = { 3, 7, 21, 27, 30, 31, 32, 34, 59, 66 };
	static const uint32_t one[] = { 1,  2,  4,  5,  6,  8,  9,  10, 11, 12, 13, 14, 15,
					16, 19, 20, 23, 24, 25, 26, 28, 29, 36, 37, 40 };
	uint32_t option = (uint32_t)e->args[0];

	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		if (none[i] == option)
			return first(1);
	for (size_t i = 0; i < ARRAY_SIZE(one); i++)
		if (one[i] == option)
			return first(2);
	return option == 22 ? first(3) : first(5);
}

/* A plain number where the command says all: FIOCLEX. */
static unsigned shown_ioctl(const struct rs_call_event *e)
{
	switch ((unsigned)e->args[1]) {
	case 0x540c: /* TIOCEXCL, TIOCNXCL */
	case 0x540d:
	case 0x541d: /* TIOCCONS */
	case 0x5422: /* TIOCNOTTY */
	case 0x5427: /* TIOCSBRK, TIOCCBRK */
	case 0x5428:
	case 0x5437: /* TIOCVHANGUP */
	case 0x5450: /* FIONCLEX, FIOCLEX */
	case 0x5451:
	case 0x125f: /* BLKRRPART */
		return first(2);
	}
	return first(3);
}

static unsigned shown_ptrace(const struct rs_call_event *e)
{
	switch (e->args[0]) {
	case 0: /* PTRACE_TRACEME */
		return first(1);
	case 8: /* PTRACE_KILL, PTRACE_ATTACH, PTRACE_INTERRUPT, PTRACE_LISTEN */
	case 16:
	case 0x4207:
	case 0x4208:
		return first(2);
	}
	return first(4);
}

static unsigned shown_membarrier(const struct rs_call_event *e)
{
	return (unsigned)e->args[1] ? first(3) : first(2);
}

static unsigned shown_kcmp(const struct rs_call_event *e)
{
	return (unsigned)e->args[2] ? first(3) : first(5);
}

static unsigned shown_reboot(const struct rs_call_event *e)
{
	return (uint32_t)e->args[2] == 0xa1b2c3d4 ? first(4) : first(3);
}

static unsigned shown_syslog(const struct rs_call_event *e)
{
	unsigned action = (unsigned)e->args[0];

	return (action >= 2 && action <= 4) || action == 8 ? first(3) : first(1);
}

static unsigned shown_clone(const struct rs_call_event *e)
{
	uint64_t flags = e->args[0];
	unsigned mask = first(2);

#ifdef __x86_64__
	const unsigned child = 3, tls = 4;
#else
	const unsigned child = 4, tls = 3;
#endif
	if (flags & (0x100000 | 0x1000)) /* CLONE_PARENT_SETTID, CLONE_PIDFD */
		mask |= 1u << 2;
	if (flags & (0x200000 | 0x1000000)) /* CLONE_CHILD_CLEARTID, CLONE_CHILD_SETTID */
		mask |= 1u << child;
	if (flags & 0x80000) /* CLONE_SETTLS */
		mask |= 1u << tls;
	return mask;
}

static unsigned shown_keyctl(const struct rs_call_event *e)
{
	static const uint8_t counts[] = { 3, 2, 4, 2, 4, 3, 4, 2, 3, 3, 5, 4, 5, 4, 2, 3,
					  2, 4, 1, 5, 5, 2, 3, 5, 5, 5, 5, 5, 5, 4, 5, 3 };
	uint64_t option = (uint32_t)e->args[0];

	return option < ARRAY_SIZE(counts) ? first(counts[option]) : first(5);
}

static const struct {
	const char *name;
	unsigned (*shown)(const struct rs_call_event *e);
} rules[] = {
	{ "open", shown_open },       { "openat", shown_openat },
	{ "mq_open", shown_mq_open }, { "mknod", shown_mknod_path },
	{ "mknodat", shown_mknodat }, { "fcntl", shown_fcntl },
	{ "mremap", shown_mremap },   { "futex", shown_futex },
	{ "prctl", shown_prctl },     { "ioctl", shown_ioctl },
	{ "ptrace", shown_ptrace },   { "membarrier", shown_membarrier },
	{ "kcmp", shown_kcmp },       { "reboot", shown_reboot },
	{ "syslog", shown_syslog },   { "clone", shown_clone },
	{ "keyctl", shown_keyctl },
};

unsigned rs_call_shown(const struct rs_call_event *event)
{
	unsigned mask = first(event->call->count);

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (!strcmp(event->call->name, rules[i].name))
			mask &= rules[i].shown(event);
	for (unsigned i = 0; i < event->call->count; i++)
		if (event->call->args[i].kind == KIND_HIDDEN)
			mask &= ~(1u << i);
	return mask;
}
