/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs that the kernel left out: it starts no program where one of the same kind runs on that CPU already, and counts
 * what it skipped (Linux 5.12; for programs on perf events it does not).
 */
#include <inttypes.h>
#include <linux/bpf.h>

#include "kern/bpfcall.h"
#include "trace/session.h"

static uint64_t misses_of(int fd)
{
	struct bpf_prog_info info = { 0 };

	return fd >= 0 && rs_bpf_info(fd, &info, sizeof(info)) >= 0 ? info.recursion_misses : 0;
}

void rs_trace_tell_skipped(const struct rs_trace_session *session)
{
	const struct rs_program *program = session->script.program;

	for (unsigned i = 0; session->loaded && i < program->n_probes; i++) {
		uint64_t misses = misses_of(session->loaded[i].fd);

		if (misses)
			rs_trace_warn(session->options,
				      "%s: %" PRIu64 " event%s skipped by the kernel: "
				      "a program was running on that CPU",
				      program->probes[i]->name, misses,
				      misses == 1 ? " was" : "s were");
	}
}
