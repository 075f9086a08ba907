/* SPDX-License-Identifier: Apache-2.0 */
/* What processes did with their rights and to others, in words. */
#include <string.h>

#include "base/units.h"
#include "event/names.h"
#include "event/summary.h"

/* "to 0", or "real 1000 effective 0 saved 0" where they differ. */
static void add_ids(struct rs_words *w, const uint32_t *id, const char *what)
{
	if (id[0] == id[1] && id[1] == id[2])
		rs_words_tailf(w, "%s %u", what, id[0]);
	else
		rs_words_tailf(w, "%s real %u effective %u saved %u", what, id[0], id[1], id[2]);
}

void rs_words_setuid(struct rs_words *w)
{
	add_ids(w, w->event->privilege->id + RS_ID_UID, "user");
}

void rs_words_setgid(struct rs_words *w)
{
	add_ids(w, w->event->privilege->id + RS_ID_GID, "group");
}

void rs_words_capset(struct rs_words *w)
{
	uint64_t bits = w->event->privilege->cap_effective;
	uint64_t all = (1ull << rs_name_capability_count()) - 1;

	if (!bits || (bits & all) == all) {
		rs_words_tailf(w, "%s capabilities", bits ? "all" : "no");
		return;
	}
	for (const char *space = ""; bits; bits &= bits - 1, space = " ") {
		unsigned bit = (unsigned)__builtin_ctzll(bits);

		if (rs_name_capability(bit))
			rs_words_tailf(w, "%s%s", space, rs_name_capability(bit));
		else
			rs_words_tailf(w, "%s%u", space, bit);
	}
}

/* "nginx(123)" */
static void add_target(struct rs_words *w, int32_t pid)
{
	const struct rs_privilege *p = w->event->privilege;

	if (!p->target_pid) {
		rs_words_tailf(w, "%d", pid);
		return;
	}
	rs_words_tail_bytes(w, p->target_comm, strnlen(p->target_comm, sizeof(p->target_comm)));
	rs_words_tailf(w, "(%u)", p->target_pid);
}

void rs_words_ptrace(struct rs_words *w)
{
	const struct rs_privilege *p = w->event->privilege;
	const char *name = rs_name_ptrace(p->arg[0]);

	if (name)
		rs_words_tailf(w, "%s ", name);
	else
		rs_words_tailf(w, "request %llu ", (unsigned long long)p->arg[0]);
	add_target(w, (int32_t)p->arg[1]);
}

void rs_words_kill(struct rs_words *w)
{
	const struct rs_privilege *p = w->event->privilege;
	const char *name = p->arg[1] < 64 ? rs_name_signal((int)p->arg[1]) : NULL;

	if (name)
		rs_words_tailf(w, "%s to ", name);
	else
		rs_words_tailf(w, "signal %llu to ", (unsigned long long)p->arg[1]);
	add_target(w, (int32_t)p->arg[0]);
}

static void add_name(struct rs_words *w)
{
	const struct rs_text *name = &w->event->field[RS_TAG_NAME];

	if (name->data && name->len) {
		rs_words_tailf(w, w->tail_len ? " " : "");
		rs_words_tail_bytes(w, name->data, name->len);
	}
}

/* The path, where there is one; yields what stands between it and the tail. */
static const char *add_path(struct rs_words *w)
{
	if (!w->event->field[RS_TAG_PATH].data && !w->event->field[RS_TAG_ARG].data)
		return "";
	rs_words_path(w, 0, 1);
	return " ";
}

void rs_words_module(struct rs_words *w)
{
	const char *space = add_path(w);

	rs_words_tailf(w, "%s%s", space, w->event->privilege->arg[0] == 1 ? "unload" : "load");
	add_name(w);
}

void rs_words_bpf(struct rs_words *w)
{
	const struct rs_privilege *p = w->event->privilege;
	const char *command = rs_name_bpf_command(p->arg[0]);
	const char *type = rs_name_bpf_type(p->arg[0], p->arg[1]);

	rs_words_tailf(w, "%s", add_path(w));
	if (command)
		rs_words_tailf(w, "%s", command);
	else
		rs_words_tailf(w, "command %llu", (unsigned long long)p->arg[0]);
	if (type)
		rs_words_tailf(w, " %s", type);
	add_name(w);
}

void rs_words_memfd(struct rs_words *w)
{
	add_name(w);
	rs_words_flags(w, RS_KIND_MEMFD, w->event->privilege->arg[0], strlen("MFD_"));
}

void rs_words_wxmap(struct rs_words *w)
{
	const struct rs_privilege *p = w->event->privilege;
	char buf[RS_UNITS_BUF];

	rs_words_tailf(w, "%s at 0x%llx", rs_units_format_bytes(buf, p->arg[1]),
		       (unsigned long long)p->arg[0]);
	rs_words_flags(w, RS_KIND_WXMAP, p->arg[2], strlen("PROT_"));
}

void rs_words_namespaces(struct rs_words *w)
{
	rs_words_tailf(w, w->event->hdr->kind == RS_KIND_UNSHARE ? "new" : "into");
	rs_words_flags(w, w->event->hdr->kind, w->event->privilege->arg[0], strlen("CLONE_NEW"));
}
