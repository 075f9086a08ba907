/* SPDX-License-Identifier: Apache-2.0 */
/* --info: what scripts can use here, in the groups that people know. */
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/fd.h"
#include "kern/features.h"
#include "trace/features.h"
#include "trace/list.h"

struct line {
	const char *name;
	enum rs_feature feature;
};

static const struct line probes[] = {
	{ "kprobe", RS_FEATURE_KPROBE },
	{ "kprobe_multi", RS_FEATURE_KPROBE_MULTI },
	{ "uprobe", RS_FEATURE_UPROBE },
	{ "uprobe_multi", RS_FEATURE_UPROBE_MULTI },
	{ "tracepoint", RS_FEATURE_PERF_TP },
	{ "rawtracepoint", RS_FEATURE_RAW_TP },
	{ "rawtracepoint with types", RS_FEATURE_BTF_TP },
	{ "fentry", RS_FEATURE_FENTRY },
	{ "fexit", RS_FEATURE_FEXIT },
	{ "iter", RS_FEATURE_ITERATOR },
	{ "perf_event (profile, interval, software)", RS_FEATURE_PERF_CLOCK },
	{ "perf_event (hardware)", RS_FEATURE_PMU },
};

static const struct line maps[] = {
	{ "ring buffer", RS_FEATURE_RINGBUF },
	{ "memory-mapped array", RS_FEATURE_MMAP_ARRAY },
	{ "batch operations", RS_FEATURE_BATCH },
};

static const struct line helpers[] = {
	{ "probe_read_kernel", RS_FEATURE_PROBE_READ },
	{ "get_stack", RS_FEATURE_GET_STACK },
	{ "send_signal", RS_FEATURE_SEND_SIGNAL },
	{ "override_return", RS_FEATURE_OVERRIDE_RETURN },
	{ "d_path", RS_FEATURE_D_PATH },
	{ "test_run of raw tracepoints", RS_FEATURE_TEST_RUN_RAW },
};

static void add_group(const char *title, const struct line *lines, size_t n,
		      struct rs_features *features, struct rs_str *out)
{
	rs_str_appendf(out, "\n%s\n", title);
	for (size_t i = 0; i < n; i++) {
		const struct rs_feature_result *result = rs_features_ask(features,
									 lines[i].feature);

		rs_str_appendf(out, "  %s: %s", lines[i].name, rs_answer_to_str(result->answer));
		if (result->answer != RS_ANSWER_YES && result->reason[0])
			rs_str_appendf(out, " (%s)", result->reason);
		rs_str_append_char(out, '\n');
	}
}

static void add_language(struct rs_trace_features *features, struct rs_str *out)
{
	const char *name;
	size_t offset;

	rs_str_append_cstr(out, "\nWhat the compiler makes use of\n");
	for (unsigned i = 0; rs_trace_feature_name(i, &name, &offset); i++)
		rs_str_appendf(out, "  %s: %s\n", name,
			       rs_trace_has_feature(features, offset) ? "yes" : "no");
}

int rs_trace_info(struct rs_error *err)
{
	_cleanup_(rs_features_free) struct rs_features *features = NULL;
	_cleanup_(rs_btf_set_free) struct rs_btf_set *btf = NULL;
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);
	struct rs_trace_features language = { 0 };
	struct utsname system;
	int r;

	r = rs_features_new(&features, err);
	if (r < 0)
		return r;
	r = rs_btf_set_new(NULL, NULL, &btf);
	if (r < 0)
		return rs_error_set(err, r, "out of memory");
	language.btf = btf;
	if (uname(&system) == 0)
		rs_str_appendf(&out, "System\n  OS: %s %s %s\n  Arch: %s\n", system.sysname,
			       system.release, system.version, system.machine);
	rs_str_append_cstr(&out, "\nBuild\n  version: " RS_VERSION "\n  LLVM: none\n");
	add_group("Kernel helpers", helpers, ARRAY_SIZE(helpers), features, &out);
	add_group("Map types", maps, ARRAY_SIZE(maps), features, &out);
	add_group("Probe types", probes, ARRAY_SIZE(probes), features, &out);
	add_language(&language, &out);
	r = rs_fd_write_all(STDOUT_FILENO, out.data, out.len);
	return r < 0 && r != -EPIPE ? rs_error_set_errno(err, r, "writing the answers") : 0;
}
