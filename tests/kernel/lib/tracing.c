/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel/lib/tracing.h"

#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <regex.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/util.h"
#include "kern/btf.h"
#include "kern/perfcall.h"
#include "tests/kernel/lib/again.h"
#include "tests/kernel/lib/tap.h"
#include "tests/kernel/lib/traced.h"

/* --- texts --- */

bool tracing_match(const char *pattern, const char *text)
{
	regex_t regex;
	bool matches;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NEWLINE | REG_NOSUB))
		tap_bail("\"%s\" is no regular expression", pattern);
	matches = !regexec(&regex, text, 0, NULL, 0);
	regfree(&regex);
	return matches;
}

/* --- what the machine has --- */

static struct rs_features *features(void)
{
	static struct rs_features *all;

	if (!all && rs_features_new(&all, NULL) < 0)
		tap_bail("features: %m");
	return all;
}

static const char *ask(enum rs_feature id, const char *why)
{
	return rs_features_have(features(), id) ? NULL : why;
}

static const char *need_kprobe(void)
{
	return ask(RS_FEATURE_KPROBE, "this kernel has no kprobes");
}

static const char *need_fentry(void)
{
	return ask(RS_FEATURE_FENTRY, "this kernel allows no fentry");
}

static const char *need_module(void)
{
	if (access("/sys/module/loop/initstate", R_OK) < 0)
		return "loop is no module here, or not loaded";
	return need_kprobe();
}

static const char *need_module_types(void)
{
	if (need_module())
		return need_module();
	if (access("/sys/kernel/btf/loop", R_OK) < 0)
		return "this kernel has no types of modules";
	return need_fentry();
}

static const char *need_override(void)
{
	return need_kprobe()
		       ?: ask(RS_FEATURE_OVERRIDE_RETURN,
			      "this kernel does not let programs override results");
}

static const char *need_btf_tp(void)
{
	return ask(RS_FEATURE_BTF_TP, "this kernel has no typed raw tracepoints");
}

static bool has_struct(const char *name)
{
	_cleanup_(rs_btf_set_free) struct rs_btf_set *set = NULL;
	struct rs_btf *kernel;

	if (rs_btf_set_new(NULL, NULL, &set) < 0)
		return false;
	kernel = rs_btf_set_vmlinux(set, NULL);
	return kernel && rs_btf_find(kernel, name, RS_BTF_MASK(RS_BTF_STRUCT)) > 0;
}

static const char *need_task_iter(void)
{
	return has_struct("bpf_iter__task_file") ? NULL : "this kernel iterates over no tasks";
}

static const char *need_vma_iter(void)
{
	return has_struct("bpf_iter__task_vma") ? NULL : "this kernel iterates over no mappings";
}

static const char *try_event(const struct perf_event_attr *attr, const char *why)
{
	struct perf_event_attr copy = *attr;
	_cleanup_(rs_cleanup_close) int fd = rs_perf_open(&copy, getpid(), -1);

	return fd < 0 ? why : NULL;
}

static const char *need_pmu(void)
{
	const struct perf_event_attr attr = { .type = PERF_TYPE_HARDWARE,
					      .config = PERF_COUNT_HW_INSTRUCTIONS,
					      .sample_period = 1000000 };

	return try_event(&attr, "this machine shows no counters of its processor");
}

static const char *need_watchpoint(void)
{
	static uint64_t word;
	const struct perf_event_attr attr = { .type = PERF_TYPE_BREAKPOINT,
					      .bp_type = HW_BREAKPOINT_W,
					      .bp_addr = (uintptr_t)&word,
					      .bp_len = sizeof(word),
					      .sample_period = 1 };

	return try_event(&attr, "this machine has no hardware breakpoints");
}

static const char *need_long_program(void)
{
	return ask(RS_FEATURE_BIG_PROGRAM, "this kernel takes small programs only");
}

static const char *need_group2(void)
{
	return access("/sys/fs/cgroup/cgroup.controllers", R_OK) < 0
		       ? "no cgroup v2 at /sys/fs/cgroup"
		       : NULL;
}

/* As the program under test found out. */
static bool compiler_has(const char *feature)
{
	const char *const args[] = { "trace", "--info", NULL };
	static struct outcome info;
	char line[64];

	if (!info.out)
		agent_run(&info, args, NULL, NULL);
	snprintf(line, sizeof(line), "^  %s: yes$", feature);
	return tracing_match(line, info.out);
}

static const char *need_for_each(void)
{
	return compiler_has("for_each") ? NULL : "this kernel has no helper to walk through maps";
}

static const char *need_lookup_percpu(void)
{
	return compiler_has("lookup_percpu") ? NULL
					     : "this kernel shows programs nothing of other CPUs";
}

static const char *need_for_each_fentry(void)
{
	return need_fentry() ?: need_for_each();
}

const char *tracing_lacks(enum tracing_need need)
{
	static const char *(*const asks[NEED_COUNT])(void) = {
		[NEED_KPROBE] = need_kprobe,
		[NEED_FENTRY] = need_fentry,
		[NEED_MODULE] = need_module,
		[NEED_MODULE_TYPES] = need_module_types,
		[NEED_OVERRIDE] = need_override,
		[NEED_BTF_TP] = need_btf_tp,
		[NEED_TASK_ITER] = need_task_iter,
		[NEED_VMA_ITER] = need_vma_iter,
		[NEED_PMU] = need_pmu,
		[NEED_WATCHPOINT] = need_watchpoint,
		[NEED_LONG_PROGRAM] = need_long_program,
		[NEED_GROUP2] = need_group2,
		[NEED_LOOKUP_PERCPU] = need_lookup_percpu,
		[NEED_FOR_EACH] = need_for_each,
		[NEED_FOR_EACH_FENTRY] = need_for_each_fentry,
	};
	static const char *answers[NEED_COUNT];
	static bool asked[NEED_COUNT];

	if (!asked[need] && asks[need])
		answers[need] = asks[need]();
	asked[need] = true;
	return answers[need];
}

/* --- one row --- */

char *tracing_text(const char *script)
{
	struct rs_str out = { 0 };
	const char *word;

	while ((word = strstr(script, "{self}"))) {
		rs_str_append(&out, script, (size_t)(word - script));
		rs_str_append(&out, traced_self(), strlen(traced_self()));
		script = word + strlen("{self}");
	}
	rs_str_append(&out, script, strlen(script));
	script = strdup(rs_str_cstr(&out));
	rs_str_done(&out);
	return (char *)script;
}

static void run(const struct tracing_row *row, const char *script, struct outcome *ret)
{
	_cleanup_(rs_cleanup_free) char *command = NULL;
	const char *args[TRACING_OPTIONS + 8] = { "trace", "-q" };
	unsigned n = 2;

	if (row->deed) {
		if (asprintf(&command, "%s %s", traced_self(), row->deed) < 0)
			tap_bail("out of memory");
		args[n++] = "-c";
		args[n++] = command;
	}
	for (unsigned i = 0; i < TRACING_OPTIONS && row->options[i]; i++)
		args[n++] = row->options[i];
	args[n++] = "-e";
	args[n++] = script;
	args[n++] = row->parameter;
	agent_run(ret, args, NULL, NULL);
}

/* What is said of the kernel's own limits is no failure of a row: it looks at what was printed nevertheless. */
static const char honest[] =
	"^WARNING: (this kernel takes keys|.* (was|were) skipped by the kernel)";

static bool as_wanted(const struct tracing_row *row, const struct outcome *outcome)
{
	bool quiet = !*outcome->err || tracing_match(honest, outcome->err);
	bool ok = outcome->code == 0 && quiet;

	for (unsigned i = 0; i < TRACING_WANTS && row->want[i]; i++) {
		_cleanup_(rs_cleanup_free) char *want = tracing_text(row->want[i]);

		if (!tracing_match(want, outcome->out)) {
			tap_diag("not printed: %s", want);
			ok = false;
		}
	}
	if (row->not_want && tracing_match(row->not_want, outcome->out)) {
		tap_diag("printed: %s", row->not_want);
		ok = false;
	}
	return ok;
}

static void check(const void *data)
{
	const struct tracing_row *row = data;
	_cleanup_(rs_cleanup_free) char *script = tracing_text(row->script);
	struct outcome outcome;

	if (tracing_lacks(row->need)) {
		tap_skip(row->name, tracing_lacks(row->need));
		return;
	}
	run(row, script, &outcome);
	if (!tap_ok(as_wanted(row, &outcome), "%s", row->name)) {
		tap_diag("script: %s", script);
		tap_diag("ended with %d", outcome.code);
		tap_diag("standard output: \"%s\"", outcome.out);
		tap_diag("standard error: \"%s\"", outcome.err);
	}
	outcome_done(&outcome);
}

void tracing_rows(const struct tracing_row *rows, size_t n)
{
	const char *only = getenv("TRACING_ONLY"); /* part of the names of those to be run */

	for (size_t i = 0; i < n; i++)
		if (!only || strstr(rows[i].name, only))
			again(check, &rows[i]);
}
