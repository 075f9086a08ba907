/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the sensors share; nobody else includes it. */
#pragma once

#include <bpf/libbpf.h>

#include "bpf/abi/control.h"
#include "bpf/abi/syscall.h"
#include "bpf/abi/tasks.h"
#include "kern/ring.h"
#include "kern/sensors.h"
#include "kern/tool.h"
/* keep order: the skeleton needs the types above */
#include "rs_bpf.skel.h"

#define RS_LINKS_MAX   160
#define RS_REFUSED_MAX 16

struct rs_sensors {
	struct rs_sensors_options options;
	struct rs_bpf *bpf;
	struct rs_ring *ring;
	struct bpf_link *links[RS_LINKS_MAX];
	struct bpf_program *link_program[RS_LINKS_MAX]; /* whose it is */
	const char *link_hook[RS_LINKS_MAX];
	size_t n_links;
	const char *refused[RS_REFUSED_MAX]; /* programs that this kernel does not take */
	size_t n_refused;
	uint64_t kinds;        /* wanted and not lost to a missing hook or a refused program */
	uint64_t identity;     /* the same of those needed to know who is who */
	uint64_t attached;     /* kinds that have at least one hook */
	int tracefs_fd;        /* -1: system calls go through the raw tracepoint */
	bool resolve;          /* paths are taken inside the kernel: rs_resolver_rows */
	size_t variant;        /* of the object: 0 is the best */
	int stats_fd;          /* -1: the kernel does not measure */
	uint64_t scope;        /* see rs_sensors_note_scope() */
	uint32_t cpus;         /* possible ones */
	struct rs_lane *lanes; /* mapped */
	size_t lanes_bytes;
	const uint64_t *fails; /* mapped */
	size_t fails_bytes;
};

/* Programs that are needed for the kinds of `sensors` get autoload, the others lose it. */
void rs_sensors_choose(struct rs_sensors *sensors);

/* Makes the programs that run send nothing more. */
void rs_sensors_silence(struct rs_sensors *sensors);

/* One more link, owned from here on; NULL is passed through as -errno. */
int rs_sensors_add_link(struct rs_sensors *sensors, struct bpf_link *link,
			struct bpf_program *program, const char *hook);
