/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and quotas: what the other arguments are depends on the first one. */
#include "syscall/special.h"

/* --- keys --- */

enum kind {
	NOTHING, /* in hexadecimal */
	KEY,     /* its number, or which keyring */
	NUMBER,
	ID,    /* user or group */
	PERM,  /* permissions */
	RING,  /* for requests */
	ERROR, /* one of errno */
	TEXT,
	INPUT,  /* bytes: as many as the argument behind says */
	OUTPUT, /* text that comes back */
	FLAGS,  /* of a move */
};

/* By operation: arguments from the second on. */
static const uint8_t operations[][4] = {
	{ KEY, NUMBER },               /* GET_KEYRING_ID */
	{ TEXT },                      /* JOIN_SESSION_KEYRING */
	{ KEY, INPUT, NUMBER },        /* UPDATE */
	{ KEY },                       /* REVOKE */
	{ KEY, ID, ID },               /* CHOWN */
	{ KEY, PERM },                 /* SETPERM */
	{ KEY, OUTPUT, NUMBER },       /* DESCRIBE */
	{ KEY },                       /* CLEAR */
	{ KEY, KEY },                  /* LINK */
	{ KEY, KEY },                  /* UNLINK */
	{ KEY, TEXT, TEXT, KEY },      /* SEARCH */
	{ KEY, OUTPUT, NUMBER },       /* READ */
	{ KEY, INPUT, NUMBER, KEY },   /* INSTANTIATE */
	{ KEY, NUMBER, KEY },          /* NEGATE */
	{ RING },                      /* SET_REQKEY_KEYRING */
	{ KEY, NUMBER },               /* SET_TIMEOUT */
	{ KEY },                       /* ASSUME_AUTHORITY */
	{ KEY, OUTPUT, NUMBER },       /* GET_SECURITY */
	{ NOTHING },                   /* SESSION_TO_PARENT */
	{ KEY, NUMBER, ERROR, KEY },   /* REJECT */
	{ KEY, NOTHING, NUMBER, KEY }, /* INSTANTIATE_IOV */
	{ KEY },                       /* INVALIDATE */
	{ ID, KEY },                   /* GET_PERSISTENT */
	{ NOTHING },                   /* DH_COMPUTE */
	{ KEY },                       /* PKEY_QUERY */
	{ NOTHING },                   /* PKEY_ENCRYPT */
	{ NOTHING },                   /* PKEY_DECRYPT */
	{ NOTHING },                   /* PKEY_SIGN */
	{ NOTHING },                   /* PKEY_VERIFY */
	{ KEY, TEXT, TEXT },           /* RESTRICT_KEYRING */
	{ KEY, KEY, KEY, FLAGS },      /* MOVE */
	{ NOTHING, NUMBER },           /* CAPABILITIES */
};

static void put_key(struct rs_fmt *f, uint64_t v)
{
	size_t len;

	if (rs_names_find(NAMES_key_spec, (uint32_t)v, &len))
		rs_fmt_names(f, NAMES_key_spec, (uint32_t)v);
	else
		rs_str_append_i64(f->out, (int32_t)v);
}

void rs_special_key_serial(struct rs_fmt *f, unsigned arg)
{
	put_key(f, f->event->args[arg]);
}

static enum kind kind_of(const struct rs_call_event *event, unsigned arg)
{
	uint32_t operation = (uint32_t)event->args[0];

	return operation < ARRAY_SIZE(operations) && arg ? operations[operation][arg - 1] : NOTHING;
}

bool rs_special_keyctl_arg_late(const struct rs_call_event *event)
{
	return kind_of(event, 2) == OUTPUT;
}

static void put_error(struct rs_fmt *f, uint64_t v)
{
	const char *name = v < 4096 ? rs_errno_name((int)v) : NULL;

	if (name)
		rs_fmt_text(f, name);
	else
		rs_str_append_u64(f->out, v);
}

static void put_input(struct rs_fmt *f, unsigned arg)
{
	const rs_memory *m = &f->event->in[arg];
	uint64_t total = arg + 1 < 6 ? f->event->args[arg + 1] : 0;

	if (!f->event->args[arg] || !m->data || m->fault)
		rs_fmt_address(f, f->event->args[arg]);
	else
		rs_fmt_bytes(f, m->data, (size_t)MIN(m->len, total), total);
}

void rs_special_keyctl_arg(struct rs_fmt *f, unsigned arg)
{
	uint64_t v = f->event->args[arg];
	rs_memory nothing = { 0 };

	switch (kind_of(f->event, arg)) {
	case KEY:
		put_key(f, v);
		break;
	case NUMBER:
		rs_str_append_u64(f->out, v);
		break;
	case ID:
		rs_fmt_scalar(f, KIND_ID, 0, 4, v);
		break;
	case PERM:
		rs_fmt_names(f, NAMES_key_perm, (uint32_t)v);
		break;
	case RING:
		rs_fmt_names(f, NAMES_key_reqkey, (uint32_t)v);
		break;
	case ERROR:
		put_error(f, v);
		break;
	case TEXT:
		rs_fmt_string(f, &f->event->in[arg], v, false);
		break;
	case INPUT:
		put_input(f, arg);
		break;
	case OUTPUT:
		rs_fmt_string(f, rs_fmt_ok(f) ? &f->event->out[arg] : &nothing, v, false);
		break;
	case FLAGS:
		rs_fmt_names(f, NAMES_key_move, (uint32_t)v);
		break;
	case NOTHING:
		rs_fmt_hex(f, v);
	}
}

/* --- quotas --- */

enum {
	Q_SYNC = 0x800001,
	Q_QUOTAON,
	Q_QUOTAOFF,
	Q_GETFMT,
	Q_GETINFO,
	Q_SETINFO,
	Q_GETQUOTA,
	Q_SETQUOTA,
	Q_GETNEXTQUOTA,
};

#define N(name, off, size)                                                                         \
	{                                                                                          \
#name, off, size, KIND_U, 0, 0                                                     \
	}
#define NV(name, off, size)                                                                        \
	{                                                                                          \
#name, off, size, KIND_U, 0, FIELD_VERBOSE                                         \
	}

/* clang-format off */
static const struct rs_field quota[] = {
	N(dqb_bhardlimit, 0, 8), N(dqb_bsoftlimit, 8, 8), N(dqb_curspace, 16, 8), N(dqb_ihardlimit, 24, 8),
	N(dqb_isoftlimit, 32, 8), N(dqb_curinodes, 40, 8), NV(dqb_btime, 48, 8), NV(dqb_itime, 56, 8),
	{ "dqb_valid", 64, 4, KIND_NAMES64, NAMES_quota_valid, FIELD_VERBOSE },
};
static const struct rs_field info[] = {
	N(dqi_bgrace, 0, 8), N(dqi_igrace, 8, 8), { "dqi_flags", 16, 4, KIND_NAMES64, NAMES_quota_info, 0 },
	{ "dqi_valid", 20, 4, KIND_NAMES64, NAMES_quota_info_valid, 0 },
};
/* clang-format on */

/* quotactl_fd has a descriptor in the place of the device, behind which stands the command. */
static unsigned quota_command(const struct rs_call_event *event)
{
	return (uint32_t)event->args[rs_call_is(event, "quotactl_fd")] >> 8;
}

bool rs_special_quota_arg_late(const struct rs_call_event *event)
{
	unsigned cmd = quota_command(event);

	return cmd == Q_GETFMT || cmd == Q_GETINFO || cmd == Q_GETQUOTA || cmd == Q_GETNEXTQUOTA;
}

void rs_special_quota_id(struct rs_fmt *f, unsigned arg)
{
	if (quota_command(f->event) == Q_QUOTAON)
		rs_fmt_names(f, NAMES_quota_format, (uint32_t)f->event->args[arg]);
	else
		rs_fmt_scalar(f, KIND_ID, 0, 4, f->event->args[arg]);
}

static bool put_quota(struct rs_fmt *f, unsigned cmd, const rs_memory *m)
{
	switch (cmd) {
	case Q_GETQUOTA:
	case Q_SETQUOTA:
	case Q_GETNEXTQUOTA:
		if (!rs_mem_has(m, 0, 72))
			return false;
		rs_fmt_fields(f, quota, ARRAY_SIZE(quota), m);
		return true;
	case Q_GETINFO:
	case Q_SETINFO:
		if (!rs_mem_has(m, 0, 24))
			return false;
		rs_fmt_fields(f, info, ARRAY_SIZE(info), m);
		return true;
	case Q_GETFMT:
		if (!rs_mem_has(m, 0, 4))
			return false;
		rs_fmt_text(f, "[");
		rs_fmt_names(f, NAMES_quota_format, rs_mem_get(m, 0, 4));
		rs_fmt_text(f, "]");
		return true;
	case Q_QUOTAON:
		if (!m->data)
			return false;
		rs_fmt_string(f, m, 1, true);
		return true;
	}
	return false;
}

void rs_special_quota_arg(struct rs_fmt *f, unsigned arg)
{
	bool late = rs_special_quota_arg_late(f->event);
	uint64_t v = f->event->args[arg];

	if (!v || (late && !rs_fmt_ok(f)) ||
	    !put_quota(f, quota_command(f->event), late ? &f->event->out[arg] : &f->event->in[arg]))
		rs_fmt_address(f, v);
}
