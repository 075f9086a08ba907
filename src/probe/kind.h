/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of this room share: the table of kinds, and what they are given. Private to it. */

#include "base/hashmap.h"
#include "base/vec.h"
#include "kern/bpfcall.h"
#include "kern/elf.h"
#include "kern/ksyms.h"
#include "probe/probe.h"

/* The names of a list in order, and the text that they lie in. */
struct rs_names {
	struct rs_str text;         /* lines; each name ends in NUL once they are split */
	RS_VEC(const char *) items; /* sorted */
	bool loaded;
};
void rs_names_done(struct rs_names *names);
/* Splits the text into lines, in order, each once. 0 or -ENOMEM. */
int rs_names_split(struct rs_names *names);
bool rs_names_have(const struct rs_names *names, const char *name);

/* What the kernel can, as far as it was tried. */
enum rs_ability {
	RS_UNTRIED,
	RS_CAN,
	RS_CANNOT,
};

/* A function of the kernel, or of a module. */
struct rs_function {
	const char *name, *module; /* "" for the kernel itself */
};

/* A module's types, for loading programs. */
struct rs_module_fd {
	unsigned number;
	int fd;
};

struct rs_probes {
	struct rs_probes_options options;
	int tracefs_fd;
	struct rs_error tracefs_error;        /* why there is none */
	struct rs_hashmap *tracepoint_ids;    /* "group/event" -> int * */
	struct rs_names events;               /* "group:event" */
	struct rs_str functions_text;         /* what the names below lie in */
	RS_VEC(struct rs_function) functions; /* that can be probed, by name */
	bool functions_loaded;
	bool functions_by_ftrace; /* the list is complete: what is not in it cannot be traced */
	RS_VEC(struct rs_module_fd) modules;
	struct rs_ksyms *ksyms;
	struct rs_error ksyms_error;
	struct rs_hashmap *objects;                 /* resolved path -> struct rs_elf */
	enum rs_ability kprobe_multi, uprobe_multi; /* links for many places */
};

/* Descriptor of tracefs, borrowed; or negative. Opened at the first call. */
int rs_probes_tracefs(struct rs_probes *probes, struct rs_error *err);
/* The kernel's symbols, read at the first call; NULL: they cannot be had. Borrowed. */
struct rs_ksyms *rs_probes_ksyms(struct rs_probes *probes, struct rs_error *err);
/* The number of a tracepoint. -ENOENT with a hint when there is none. */
int rs_probes_tracepoint_id(struct rs_probes *probes, const char *group, const char *event,
			    struct rs_error *err);
/* All tracepoints as "group:event". */
int rs_probes_events(struct rs_probes *probes, struct rs_error *err);

/* ---- expanding ---- */

/* Where the places that were found go. */
struct rs_emit {
	struct rs_arena *arena;
	int (*fn)(const struct rs_place *place, void *data);
	void *data;
	size_t n;
};

/* Copies the strings of the place into the arena, gives it its canonical text and passes it on. What fn
 * returned, or -ENOMEM. */
int rs_emit_place(struct rs_emit *emit, const struct rs_place *place);

/* The canonical text, appended. */
int rs_point_format(const struct rs_attach_point *point, struct rs_str *out);

/* "kprobe:vfs_raed": there is no such thing. @best: the nearest that there is, or NULL. -ENOENT. */
int rs_point_missing(const struct rs_attach_point *point, const char *best, struct rs_error *err);
/* The same with words of its own: why. */
int rs_point_refuse(const struct rs_attach_point *point, int code, const char *why,
		    struct rs_error *err);

/* ---- attaching ---- */

struct rs_attach {
	struct rs_probes *probes;
	const struct rs_probe *probe;
	const struct rs_probe_plan *plan;
	int prog_fd;
	const struct rs_probe_attach_options *options;
	struct rs_probe_links *links;
};

/* Takes the descriptor of a link. */
int rs_attach_link(struct rs_attach *attach, int fd, bool slow, struct rs_error *err);
/* Takes the descriptor of a perf event and has the program run at it. slow: closing it takes long. */
int rs_attach_event(struct rs_attach *attach, int event_fd, unsigned place, bool slow,
		    struct rs_error *err);

/* A place that is left out: a warning, where these are wanted. */
void rs_attach_warn(const struct rs_attach *attach, unsigned place, struct rs_error *why);

/* ---- kinds ---- */

struct rs_probe_kind {
	/* For each place that the point stands for; none: rs_point_missing(). */
	int (*expand)(struct rs_probes *probes, const struct rs_attach_point *point,
		      struct rs_emit *emit, struct rs_error *err);
	/* Fills in what differs from the program type's row. May be NULL. */
	int (*plan)(struct rs_probes *probes, const struct rs_probe *probe,
		    struct rs_probe_plan *plan, struct rs_error *err);
	/* One place. */
	int (*attach)(struct rs_attach *attach, unsigned place, struct rs_error *err);
	/* All places with one link, where the plan says multi. */
	int (*attach_multi)(struct rs_attach *attach, struct rs_error *err);
	/* What -l shows, where it is not what expand finds: calls fn with texts. May be NULL. */
	int (*list)(struct rs_probes *probes, const struct rs_attach_point *point,
		    int (*fn)(const char *text, void *data), void *data, struct rs_error *err);
	/* Can the kernel do it at all, now? Lists of everything leave it out else. May be NULL. */
	bool (*available)(struct rs_probes *probes);
	bool kernel; /* -l without a provider looks there */
};

extern const struct rs_probe_kind *const rs_probe_kinds[RS_PROVIDER_COUNT];

extern const struct rs_probe_kind rs_kind_once, rs_kind_tracepoint, rs_kind_rawtracepoint,
	rs_kind_kprobe, rs_kind_kretprobe, rs_kind_fentry, rs_kind_fexit, rs_kind_uprobe,
	rs_kind_uretprobe, rs_kind_usdt, rs_kind_profile, rs_kind_interval, rs_kind_software,
	rs_kind_hardware, rs_kind_watchpoint, rs_kind_iter;

/* Raw tracepoints by the name of the place's event: tracepoint programs may be made as such. */
int rs_attach_raw(struct rs_attach *attach, unsigned place, struct rs_error *err);
