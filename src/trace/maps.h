/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The maps of a running script in the kernel: made from rs_program.maps, and what the runtime does to them. */

#include "base/error.h"
#include "lang/program.h"

struct rs_trace_maps {
	const struct rs_program *program;
	int *fds;          /* by rs_map.id; -1: was not made */
	unsigned n_cpus;   /* that may ever be there: per-CPU values have that many */
	uint64_t *state;   /* mapped words of the STATE map; NULL: the script has none */
	int state_fd;      /* borrowed */
	int ring_fd;       /* borrowed; -1: the script sends nothing */
	size_t ring_bytes; /* of the ring buffer; 0: a perf event array */
};

/* Makes all of them. The STATE words are zero. */
int rs_trace_maps_new(const struct rs_program *program, struct rs_trace_maps *ret_maps,
		      struct rs_error *err);
void rs_trace_maps_done(struct rs_trace_maps *maps);

/* Whether the script has that map. */
bool rs_trace_maps_has_state(const struct rs_trace_maps *maps);
uint64_t rs_trace_maps_get_state(const struct rs_trace_maps *maps, enum rs_state_word word);
void rs_trace_maps_set_state(struct rs_trace_maps *maps, enum rs_state_word word, uint64_t value);

/* Takes all keys out; sets all values to zero. Of maps without keys the value. 0 or -errno. */
int rs_trace_maps_clear(const struct rs_trace_maps *maps, const struct rs_map *map);
int rs_trace_maps_zero(const struct rs_trace_maps *maps, const struct rs_map *map);

/* Bytes that bpf(2) takes for a value of the map: those of all CPUs for per-CPU maps. */
size_t rs_trace_maps_value_bytes(const struct rs_trace_maps *maps, const struct rs_map *map);
bool rs_trace_map_is_per_cpu(const struct rs_map *map);
bool rs_trace_map_is_array(const struct rs_map *map);
