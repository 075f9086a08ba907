/* SPDX-License-Identifier: Apache-2.0 */
/* Tracepoints, as tracefs shows them: one small file tells all about one of them. */
#include "base/fd.h"
#include "base/suggest.h"
#include "kern/perfcall.h"
#include "kern/tracefs.h"
#include "probe/kind.h"
#include "probe/match.h"

#define EVENTS_MAX ((size_t)4 << 20)
#define FORMAT_MAX ((size_t)64 << 10)

int rs_probes_events(struct rs_probes *probes, struct rs_error *err)
{
	int fd, r;

	if (probes->events.loaded)
		return 0;
	fd = rs_probes_tracefs(probes, err);
	if (fd < 0)
		return fd;
	rs_str_init(&probes->events.text, EVENTS_MAX + 1);
	r = rs_fd_read_file_at(fd, "available_events", EVENTS_MAX, &probes->events.text);
	if (r < 0)
		return rs_error_set_errno(err, r, "reading the list of tracepoints");
	r = rs_names_split(&probes->events);
	return r < 0 ? rs_error_set(err, r, "out of memory") : 0;
}

/* "syscalls:sys_enter_open": what this could have been meant to be. */
static const char *nearest(struct rs_probes *probes, const char *full)
{
	struct rs_suggest suggest;

	rs_suggest_init(&suggest, full);
	if (rs_probes_events(probes, NULL) < 0)
		return NULL;
	rs_vec_foreach(&probes->events.items, name) rs_suggest_offer(&suggest, *name);
	return rs_suggest_best(&suggest);
}

static int missing(struct rs_probes *probes, const char *group, const char *event,
		   struct rs_error *err)
{
	char full[256];
	const char *best;

	snprintf(full, sizeof(full), "%s:%s", group, event);
	rs_error_set(err, -ENOENT, "tracepoint \"%s\": not in this kernel", full);
	best = nearest(probes, full);
	if (best)
		rs_error_hint(err, "did you mean \"tracepoint:%s\"?", best);
	else
		rs_error_hint(err, "ringside trace -l 'tracepoint:*' lists all of them");
	return -ENOENT;
}

/* Where it cannot be kept it is read again. */
static void remember_id(struct rs_probes *probes, const char *path, int id)
{
	int *kept = malloc(sizeof(*kept));

	if (!kept)
		return;
	*kept = id;
	if (rs_hashmap_put_str(probes->tracepoint_ids, path, strlen(path), kept) < 0)
		free(kept);
}

int rs_probes_tracepoint_id(struct rs_probes *probes, const char *group, const char *event,
			    struct rs_error *err)
{
	char path[256];
	int *known;
	int fd, id;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", group, event) >= sizeof(path) ||
	    !*group || !*event || strchr(group, '/') || strchr(event, '/') || *group == '.' ||
	    *event == '.')
		return missing(probes, group, event, err);
	known = rs_hashmap_find_str(probes->tracepoint_ids, path, strlen(path));
	if (known)
		return *known;
	fd = rs_probes_tracefs(probes, err);
	if (fd < 0)
		return fd;
	id = rs_tracefs_event_id(fd, path, err);
	if (id == -ENOENT)
		return missing(probes, group, event, err);
	if (id >= 0)
		remember_id(probes, path, id);
	return id;
}

const char *rs_probes_tracepoint_format(struct rs_probes *probes, struct rs_arena *arena,
					const char *group, const char *event, struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(FORMAT_MAX + 1);
	char path[320];
	const char *format;
	int fd, r = rs_probes_tracepoint_id(probes, group, event, err);

	if (r < 0)
		return NULL;
	fd = rs_probes_tracefs(probes, err);
	if (fd < 0)
		return NULL;
	snprintf(path, sizeof(path), "events/%s/%s/format", group, event);
	r = rs_fd_read_file_at(fd, path, FORMAT_MAX, &text);
	if (r < 0) {
		rs_error_set_errno(err, r, "tracepoint \"%s:%s\": reading its format", group,
				   event);
		return NULL;
	}
	format = rs_arena_strndup(arena, text.data ? text.data : "", text.len);
	if (!format)
		rs_error_set(err, -ENOMEM, "out of memory");
	return format;
}

static int emit_event(struct rs_emit *emit, const struct rs_attach_point *point, const char *full)
{
	struct rs_place place = { .point = *point };
	const char *colon = strchr(full, ':');
	char group[128];

	if (!colon || (size_t)(colon - full) >= sizeof(group))
		return 0;
	memcpy(group, full, (size_t)(colon - full));
	group[colon - full] = '\0';
	if (!rs_match(point->target, group) || !rs_match(point->name, colon + 1))
		return 0;
	place.point.target = group;
	place.point.name = colon + 1;
	return rs_emit_place(emit, &place);
}

static int expand(struct rs_probes *probes, const struct rs_attach_point *point,
		  struct rs_emit *emit, struct rs_error *err)
{
	int r;

	if (!point->has_wildcard) {
		const struct rs_place place = { .point = *point };

		r = rs_probes_tracepoint_id(probes, point->target, point->name, err);
		return r < 0 ? r : rs_emit_place(emit, &place);
	}
	r = rs_probes_events(probes, err);
	for (size_t i = 0; r >= 0 && i < probes->events.items.len; i++)
		r = emit_event(emit, point, probes->events.items.items[i]);
	return r;
}

static int attach(struct rs_attach *attach, unsigned place, struct rs_error *err)
{
	const struct rs_attach_point *point = &attach->probe->places[place].point;
	int r;

	if (attach->probe->type != RS_PROGRAM_TRACEPOINT)
		return rs_attach_raw(attach, place, err);
	r = rs_probes_tracepoint_id(attach->probes, point->target, point->name, err);
	if (r < 0)
		return r;
	r = rs_perf_open_tracepoint((unsigned)r);
	if (r < 0)
		return rs_error_set_errno(err, r, "opening a perf event for it");
	return rs_attach_event(attach, r, place, true, err);
}

const struct rs_probe_kind rs_kind_tracepoint = {
	.expand = expand,
	.attach = attach,
	.kernel = true,
};
