/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the agent is asked to do, from the command line and from the configuration file alike: both
 * fill one struct through one table of options, so that a key of the file and a long option always
 * mean the same and are checked by the same code.
 */

#include "base/arena.h"
#include "base/opt.h"
#include "base/term.h"
#include "enrich/kube.h"
#include "kern/filter.h"
#include "rules/expr.h"

enum rs_agent_output {
	RS_AGENT_OUTPUT_AUTO, /* table on a terminal, JSON otherwise */
	RS_AGENT_OUTPUT_TABLE,
	RS_AGENT_OUTPUT_JSON,
	RS_AGENT_OUTPUT_NONE, /* only count */
};

/* When the kernel measures what our programs cost; measuring itself costs a little at each run. */
enum rs_agent_measure {
	RS_AGENT_MEASURE_START, /* the first RS_AGENT_MEASURE_NS */
	RS_AGENT_MEASURE_ALWAYS,
	RS_AGENT_MEASURE_OFF,
};

#define RS_AGENT_MEASURE_NS (10ull * 1000000000ull)

/* Without --kinds: everything but open, which outnumbers all others together, and cgroups. */
#define RS_AGENT_KINDS_DEFAULT                                                                     \
	(((1ull << RS_KIND_COUNT) - 1) &                                                           \
	 ~(1ull << RS_KIND_OPEN | 1ull << RS_KIND_CGROUP_MKDIR | 1ull << RS_KIND_CGROUP_RMDIR))

/* Strings and lists are owned. Zero is not a valid start: use rs_agent_options_init(). */
struct rs_agent_options {
	/* What to watch; can be changed while the agent runs. An empty list lets all pass. */
	uint64_t kinds; /* bit per enum rs_kind; 0: nobody chose, see rs_agent_options_kinds() */
	struct rs_opt_list pids; /* decimal; and their descendants */
	struct rs_opt_list comms;
	struct rs_opt_list exes; /* absolute */
	struct rs_opt_list uids; /* numbers or names */
	struct rs_opt_list cgroups;
	struct rs_opt_list paths;      /* relative ones start from the working directory */
	struct rs_opt_list containers; /* these three: globs, judged by the agent */
	struct rs_opt_list pods;
	struct rs_opt_list namespaces;
	struct rs_opt_list where; /* conditions that must all hold, see rules/expr.h */
	struct rs_opt_list env;   /* environment variables shown at exec, in JSON: names */

	/* What comes out. */
	enum rs_agent_output output;
	enum rs_term_color_mode color;
	char *file;     /* NULL: standard output */
	bool aggregate; /* a process that lives shortly is one event, also in JSON */
	bool single;    /* never, not even in the table */

	/* What is kept. */
	char *store; /* directory; NULL: the default one for the agent that holds the place, none
				for others; "none": none */
	uint64_t store_age;  /* ns; 0: the default */
	uint64_t store_size; /* bytes; 0: the default */
	uint32_t profile;    /* samples a second on each CPU, kept beside the events; 0: none */

	/* Where names of pods come from, besides the files of the runtimes. */
	enum rs_kube_source kube;
	char *kube_url, *kube_token, *kube_ca, *kube_node; /* NULL: the usual ones */
	bool kube_insecure;

	/* How. */
	uint64_t duration;   /* ns; 0: until stopped */
	uint64_t ring_bytes; /* 0: from the memory budget */
	uint64_t memory;     /* budget in bytes for everything; 0: none given */
	enum rs_agent_measure measure;
	char *root; /* directory that /etc, /run and /var are looked up in; NULL: the real ones */
	char *host_root; /* where the host's files and /proc are mounted, for an agent in a container;
			    NULL: "/" */
	char *control; /* control socket; NULL: <root>/run/ringside/control.sock; "none": no socket */
	char *config;     /* configuration file; NULL: the default one; "none": none */
	bool check;       /* only look for mistakes in what we were given */
	char *command;    /* run this and watch it and its descendants; NULL: none */
	bool quiet;       /* no summary, no ready line */
	uint32_t verbose; /* how many -v */
};

/*
 * The options by group. Fields are offsets into struct rs_agent_options. For the configuration
 * file: rs_opt_set(rs_agent_opts, "ring-size", "16M", options, err); lists take one item a call.
 */
extern const struct rs_opt rs_agent_opts_kinds[]; /* kinds */
extern const struct rs_opt
	rs_agent_opts_select[]; /* pid comm exe uid cgroup path container pod namespace where */
extern const struct rs_opt rs_agent_opts_output[]; /* output write env color quiet verbose */
extern const struct rs_opt rs_agent_opts_agent[];  /* duration ring-size memory measure command */
extern const struct rs_opt rs_agent_opts_store[];  /* store store-age store-size profile */
extern const struct rs_opt rs_agent_opts_kube[];   /* kubernetes... */
extern const struct rs_opt rs_agent_opts_place[];  /* config check root host-root control */
extern const struct rs_opt rs_agent_opts[];        /* all of them */

void rs_agent_options_init(struct rs_agent_options *options);
void rs_agent_options_done(struct rs_agent_options *options);

/* What the parsers of single options cannot see. -EINVAL; touches neither files nor the kernel. */
int rs_agent_options_check(const struct rs_agent_options *options, struct rs_error *err);

/* The kinds that are meant: those chosen, or the default. */
uint64_t rs_agent_options_kinds(const struct rs_agent_options *options);

/* Size of the ring buffer: a power of two, at least 64 KiB: as asked for (rounded up), or a
 * quarter of the memory budget (rounded down), or RS_RING_BYTES. */
size_t rs_agent_options_ring_bytes(const struct rs_agent_options *options);

/* Appends <root><path>, or path where no root is set. */
int rs_agent_options_locate(const struct rs_agent_options *options, const char *path,
			    struct rs_str *out);

/* The path filter in user space, with normalised absolute paths; and the kernel's filter. */
struct rs_agent_filter {
	struct rs_filter filter; /* points into the rest, and into the options' lists */
	uint32_t *pids;
	uint32_t *uids;
	struct rs_opt_list paths;    /* absolute, as given and with symbolic links followed */
	struct rs_opt_list exes;     /* the same */
	const struct rs_expr *where; /* what the agent judges; NULL: nothing */
	struct rs_arena arena;       /* of it */
};

/*
 * Makes the kernel's filter of the options: numbers parsed, user names looked up in
 * <root>/etc/passwd, paths made absolute. The options must outlive the filter. -EINVAL for whatever
 * is wrong with them, also for a user that does not exist and for more than fits; -ENOMEM, and -errno
 * where a file or the working directory cannot be read.
 */
int rs_agent_filter_init(const struct rs_agent_options *options, struct rs_agent_filter *ret_filter,
			 struct rs_error *err);
void rs_agent_filter_done(struct rs_agent_filter *filter);
