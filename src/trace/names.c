/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/names.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/fd.h"
#include "enrich/users.h"
#include "kern/bpfcall.h"
#include "kern/cgroup.h"
#include "kern/ksyms.h"
#include "kern/tracefs.h"
#include "lang/func.h"
#include "profile/usyms.h"
#include "trace/gfp.h"

#define SECOND       1000000000ull
#define FRAMES_MAX   1024
#define GROUP_BYTES  4096
#define FORMAT_BYTES ((size_t)64 << 10)

enum { UNTRIED, THERE, MISSING };

struct rs_trace_names {
	struct rs_show_names table;
	const struct rs_trace_maps *maps;
	struct rs_users *users;
	struct rs_ksyms *ksyms;
	struct rs_usyms *usyms;
	struct rs_cgroup_tree groups;
	struct rs_gfp *gfp;
	int has_users, has_ksyms, has_usyms, has_groups, has_gfp; /* UNTRIED ... */
	int64_t offsets[RS_CLOCK_SW_TAI + 1];                     /* from each clock to real time */
	bool offset_known[RS_CLOCK_SW_TAI + 1];
	uint64_t frames[FRAMES_MAX];
};

/* --- symbols --- */

static struct rs_ksyms *kernel_symbols(struct rs_trace_names *names)
{
	if (names->has_ksyms == UNTRIED)
		names->has_ksyms = rs_ksyms_new(&names->ksyms, NULL) < 0 ? MISSING : THERE;
	return names->ksyms;
}

static void ksym(void *ctx, uint64_t address, bool with_offset, struct rs_str *out)
{
	struct rs_ksyms *ksyms = kernel_symbols(ctx);
	struct rs_ksym found;

	if (!ksyms || !rs_ksyms_find(ksyms, address, &found)) {
		rs_str_append_cstr(out, "0x");
		rs_str_append_hex(out, address);
		return;
	}
	rs_str_append_cstr(out, found.name);
	if (with_offset)
		rs_str_appendf(out, "+%llu", (unsigned long long)(address - found.address));
}

static struct rs_usyms *user_symbols(struct rs_trace_names *names)
{
	struct rs_usyms_options options = { .demangle = names->maps->program->config.cpp_demangle };

	if (names->has_usyms == UNTRIED)
		names->has_usyms = rs_usyms_new(&options, &names->usyms) < 0 ? MISSING : THERE;
	return names->usyms;
}

static void usym(void *ctx, uint64_t address, uint32_t pid, bool with_offset, bool with_module,
		 struct rs_str *out)
{
	struct rs_usyms *usyms = user_symbols(ctx);

	if (usyms) {
		rs_usyms_resolve(usyms, pid, address, with_offset, with_module, out);
		return;
	}
	rs_str_append_cstr(out, "0x");
	rs_str_append_hex(out, address);
}

/* --- users, control groups --- */

static void user(void *ctx, uint32_t uid, struct rs_str *out)
{
	struct rs_trace_names *names = ctx;
	const char *name;

	if (names->has_users == UNTRIED)
		names->has_users = rs_users_new(NULL, &names->users, NULL) < 0 ? MISSING : THERE;
	else if (names->users)
		rs_users_refresh(names->users, rs_clock_mono());
	name = names->users ? rs_users_name(names->users, uid) : NULL;
	if (name)
		rs_str_append_cstr(out, name);
	else
		rs_str_append_u64(out, uid);
}

/* Only version 2 has ids: "unified:/system.slice", as long as the pattern takes the hierarchy's name. */
static void cgroup(void *ctx, uint64_t id, const char *pattern, struct rs_str *out)
{
	struct rs_trace_names *names = ctx;
	char path[GROUP_BYTES];

	if (names->has_groups == UNTRIED) {
		names->has_groups = rs_cgroup2_mount(names->groups.mount,
						     sizeof(names->groups.mount), NULL) < 0
					    ? MISSING
					    : THERE;
	}
	if (names->has_groups != THERE ||
	    (pattern && *pattern && fnmatch(pattern, "unified", 0) != 0))
		return;
	if (rs_cgroup_path(&names->groups, id, path, sizeof(path)) < 0)
		return;
	rs_str_append_cstr(out, "unified:");
	rs_str_append_cstr(out, path);
}

/* --- stacks --- */

static int stack(void *ctx, const struct rs_stack_ref *ref, bool of_user, uint64_t *ips,
		 unsigned max)
{
	struct rs_trace_names *names = ctx;
	const struct rs_program *program = names->maps->program;
	const struct rs_map *map;
	uint64_t key = ref->id;
	unsigned n = 0, room;
	int r;

	(void)of_user;
	if (ref->id == UINT32_MAX || ref->map >= program->n_maps)
		return ref->error ? -(int)ref->error : -ENOENT;
	map = program->maps[ref->map];
	if ((map->role != RS_MAP_STACK && map->role != RS_MAP_STACK_SPILL) ||
	    map->key_size > sizeof(key) || map->value_size > sizeof(names->frames))
		return -EINVAL;
	r = rs_bpf_map_lookup(names->maps->fds[map->id], &key, names->frames);
	if (r < 0)
		return r;
	room = MIN(max, map->value_size / 8);
	while (n < room && names->frames[n])
		n++;
	memcpy(ips, names->frames, n * sizeof(*ips));
	return (int)n;
}

/* --- clocks --- */

static uint64_t now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

static uint64_t wall(void *ctx, uint64_t stamp, unsigned clock)
{
	static const clockid_t clocks[] = {
		[RS_CLOCK_MONOTONIC] = CLOCK_MONOTONIC,
		[RS_CLOCK_TAI] = CLOCK_TAI,
		[RS_CLOCK_SW_TAI] = CLOCK_TAI,
	};
	struct rs_trace_names *names = ctx;

	if (clock >= ARRAY_SIZE(clocks))
		return stamp;
	if (!names->offset_known[clock]) {
		names->offsets[clock] = clock == RS_CLOCK_BOOT
						? rs_clock_boot_offset()
						: (int64_t)(rs_clock_real() - now(clocks[clock]));
		names->offset_known[clock] = true;
	}
	return stamp + (uint64_t)names->offsets[clock];
}

/* --- flags of allocations --- */

static int read_flags(struct rs_gfp *gfp)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(FORMAT_BYTES);
	_cleanup_(rs_cleanup_close) int fd = rs_tracefs_open(NULL);
	int r = fd < 0 ? fd
		       : rs_fd_read_file_at(fd, "events/kmem/kmalloc/format", FORMAT_BYTES, &text);

	return r < 0 ? r : rs_gfp_parse(rs_str_cstr(&text), text.len, gfp);
}

static void gfp(void *ctx, uint64_t flags, struct rs_str *out)
{
	struct rs_trace_names *names = ctx;

	if (names->has_gfp == UNTRIED) {
		names->gfp = calloc(1, sizeof(*names->gfp));
		names->has_gfp = names->gfp && read_flags(names->gfp) == 0 ? THERE : MISSING;
	}
	if (names->has_gfp == THERE) {
		rs_gfp_format(names->gfp, flags, out);
		return;
	}
	rs_str_append_cstr(out, "0x");
	rs_str_append_hex(out, flags);
}

/* --- what will be asked for --- */

static void seen(void *ctx, uint64_t address, const struct rs_stack_ref *ref)
{
	struct rs_trace_names *names = ctx;
	struct rs_usyms *usyms = user_symbols(names);
	int n;

	if (!usyms)
		return;
	if (address) {
		rs_usyms_seen(usyms, ref->pid, &address, 1);
		return;
	}
	n = ref->id == UINT32_MAX ? 0 : stack(ctx, ref, true, names->frames, FRAMES_MAX);
	rs_usyms_seen(usyms, ref->pid, names->frames, n > 0 ? (size_t)n : 0);
}

int rs_trace_names_new(const struct rs_trace_maps *maps, struct rs_trace_names **ret_names,
		       struct rs_error *err)
{
	struct rs_trace_names *names = calloc(1, sizeof(*names));

	if (!names)
		return rs_error_set(err, -ENOMEM, "out of memory");
	names->maps = maps;
	names->table = (struct rs_show_names){ .ctx = names,
					       .ksym = ksym,
					       .usym = usym,
					       .user = user,
					       .cgroup = cgroup,
					       .stack = stack,
					       .seen = seen,
					       .gfp = gfp,
					       .wall = wall };
	*ret_names = names;
	return 0;
}

void rs_trace_names_free(struct rs_trace_names **names)
{
	struct rs_trace_names *n = TAKE_PTR(*names);

	if (!n)
		return;
	rs_users_free(&n->users);
	free(n->gfp);
	rs_ksyms_free(&n->ksyms);
	rs_usyms_free(&n->usyms);
	free(n);
}

const struct rs_show_names *rs_trace_names_table(const struct rs_trace_names *names)
{
	return &names->table;
}
