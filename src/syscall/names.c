/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lists of names are text, for they are many and each is asked seldom: "1 PROT_READ PROT_WRITE 0x1000 PROT_X". A number
 * is the value of the name behind it; without one, an ENUM's name is one more than the last, a FLAGS' name twice as much.
 * In a list of flags, names are tried in their order, so what covers several bits stands before these.
 */
#include <assert.h>
#include <string.h>

#include "syscall/names.h"

struct list {
	const char *unknown; /* comment behind a number that has no name; NULL: none */
	const char *text;
	bool flags;
};

/* Lists whose numbers have one of several in their lower bits: that first, then the flags. */
static const struct {
	uint8_t list, low;
	uint32_t mask;
} lows[] = {
	{ NAMES_open, NAMES_accmode, 3 },
	{ NAMES_statx_at, NAMES_statx_sync, 0x6000 },
	{ NAMES_mmap, NAMES_map_type, 0xf },
	{ NAMES_sock, NAMES_sock_type, 0xf },
	{ NAMES_mempolicy, NAMES_mempolicy_mode, 0x1fff },
	{ NAMES_personality_flags, NAMES_personality, 0xff },
	{ NAMES_sched_policy, NAMES_sched, 0x3fffffff },
};
static_assert(NAMES_COUNT < 256, "a list's number is a byte");

static const struct list lists[] = {
	[NAMES_none] = { NULL, "", false },
#define FLAGS(id, unknown, text) [NAMES_##id] = { unknown, text, true },
#define ENUM(id, unknown, text)  [NAMES_##id] = { unknown, text, false },
#include "syscall/names-lists.inc"
};

struct name {
	const char *text;
	size_t len;
	uint64_t value;
};

struct walk {
	const char *at;
	uint64_t next;
	bool flags;
};

static struct walk start(enum rs_names id)
{
	return (struct walk){ .at = lists[id].text, .flags = lists[id].flags };
}

static bool next(struct walk *w, struct name *ret)
{
	char *end;

	/* numbers are followed by a blank; "64KB" is a name */
	if ((*w->at >= '0' && *w->at <= '9') || *w->at == '-') {
		long long v = *w->at == '-' ? strtoll(w->at, &end, 0)
					    : (long long)strtoull(w->at, &end, 0);

		if (*end == ' ') {
			w->next = (uint64_t)v;
			w->at = end + 1;
		}
	}
	if (!*w->at)
		return false;
	ret->text = w->at;
	ret->len = strcspn(w->at, " ");
	ret->value = w->next;
	w->next = w->flags ? w->next << 1 : w->next + 1;
	w->at += ret->len;
	w->at += strspn(w->at, " ");
	return true;
}

const char *rs_names_find(enum rs_names id, uint64_t value, size_t *ret_len)
{
	struct walk w = start(id);
	struct name n;

	while (next(&w, &n)) {
		/* a negative one may come as 32 bits */
		if (n.value != value && (n.value >> 32 != UINT32_MAX || (uint32_t)n.value != value))
			continue;
		*ret_len = n.len;
		return n.text;
	}
	return NULL;
}

uint64_t rs_names_put_flags(enum rs_names id, uint64_t value, struct rs_str *out, unsigned *count)
{
	struct walk w = start(id);
	struct name n;

	while (value && next(&w, &n)) {
		if (!n.value || (value & n.value) != n.value)
			continue;
		if ((*count)++)
			rs_str_append_char(out, '|');
		rs_str_append(out, n.text, n.len);
		value &= ~n.value;
	}
	return value;
}

static void put_low(enum rs_names id, enum rs_names low, uint64_t value, uint64_t mask,
		    struct rs_str *out)
{
	unsigned count = 1;

	rs_names_put(low, value & mask, out);
	value = rs_names_put_flags(id, value & ~mask, out, &count);
	if (!value)
		return;
	rs_str_appendf(out, "|%#llx", (unsigned long long)value);
	if (count == 1 && id != NAMES_open)
		rs_str_appendf(out, " /* %s */", lists[id].unknown);
}

void rs_names_put(enum rs_names id, uint64_t value, struct rs_str *out)
{
	const struct list *list = &lists[id];
	unsigned count = 0;
	size_t len;
	const char *name;

	for (size_t i = 0; i < ARRAY_SIZE(lows); i++)
		if (lows[i].list == id) {
			put_low(id, lows[i].low, value, lows[i].mask, out);
			return;
		}
	name = list->flags && value ? NULL : rs_names_find(id, value, &len);

	if (name) {
		rs_str_append(out, name, len);
		return;
	}
	if (list->flags) {
		value = rs_names_put_flags(id, value, out, &count);
		if (!value && count)
			return;
		if (count) {
			rs_str_appendf(out, "|%#llx", (unsigned long long)value);
			return;
		}
	}
	rs_str_appendf(out, "%#llx", (unsigned long long)value);
	if (list->unknown && (value || !list->flags))
		rs_str_appendf(out, " /* %s */", list->unknown);
}
