/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/features.h"

#include <assert.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <bpf/btf.h>

#include "base/str.h"
#include "kern/caps.h"
#include "kern/kconfig.h"
#include "kern/probes.h"
#include "kern/system.h"

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"

struct rs_features {
	struct btf *btf; /* NULL when the kernel has none */
	struct rs_kconfig config;
	bool first_user_ns; /* only there do capabilities count */
	uint64_t caps;      /* effective, those that count */
	bool asked[RS_FEATURE_COUNT];
	struct rs_feature_result results[RS_FEATURE_COUNT];
};

static const struct {
	const char *name;
	enum rs_feature_group group;
} names[] = {
#define X(id, name, group) [RS_FEATURE_##id] = { #name, RS_FEATURE_GROUP_##group },
	RS_FEATURES(X)
#undef X
};
static_assert(ARRAY_SIZE(names) == RS_FEATURE_COUNT, "names");

struct rs_feature_info rs_feature_info(enum rs_feature id)
{
	const struct rs_feature_row *row = &rs_feature_rows[id];

	return (struct rs_feature_info){ .name = names[id].name,
					 .group = names[id].group,
					 .why = row->why,
					 .instead = row->instead,
					 .needed = row->needed };
}

const char *rs_answer_to_str(enum rs_answer answer)
{
	static const char *const words[] = {
		[RS_ANSWER_UNKNOWN] = "unknown", [RS_ANSWER_NO] = "no", [RS_ANSWER_YES] = "yes"
	};

	return words[answer];
}

/*
 * Kernels before 5.11 charge maps and programs to the limit of locked memory, and refuse them with
 * EPERM when it is reached: raise it, as a loader has to. Best effort; the trials tell.
 */
static void make_room(struct rs_features *features)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };

	if (!rs_features_have(features, RS_FEATURE_MEMCG))
		setrlimit(RLIMIT_MEMLOCK, &unlimited);
}

int rs_features_new(struct rs_features **ret_features, struct rs_error *err)
{
	struct rs_features *features = calloc(1, sizeof(*features));
	struct rs_caps caps;
	int r;

	if (!features)
		return rs_error_set_errno(err, -ENOMEM, "asking for features");
	r = rs_caps_get(&caps, err);
	if (r < 0) {
		free(features);
		return r;
	}
	features->first_user_ns = rs_system_first_user_ns();
	features->caps = features->first_user_ns ? caps.effective : 0;
	if (access(KERNEL_BTF, R_OK) == 0)
		features->btf = btf__parse(KERNEL_BTF, NULL); /* NULL is an answer too */
	if (rs_kconfig_load(&features->config) < 0)
		rs_kconfig_done(&features->config); /* only explanations are poorer for it */
	make_room(features);
	*ret_features = features;
	return 0;
}

void rs_features_free(struct rs_features **features)
{
	if (!*features)
		return;
	btf__free((*features)->btf);
	rs_kconfig_done(&(*features)->config);
	free(*features);
	*features = NULL;
}

/* The rights whose lack may be why a trial was refused. */
static uint64_t lacking(const struct rs_features *features, const struct rs_feature_row *row)
{
	uint64_t base = RS_CAP_BIT(RS_CAP_BPF) | RS_CAP_BIT(RS_CAP_PERFMON);

	if ((features->caps | row->caps) & RS_CAP_BIT(CAP_SYS_ADMIN)) /* includes the two */
		base = 0;
	return (base | row->caps) & ~features->caps;
}

static void explain_lack(struct rs_feature_result *result, uint64_t lack)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(sizeof(result->reason) - 1);
	const char *between = "needs ";
	char buf[16];

	for (unsigned cap = 0; cap < 64; cap++) {
		if (!(lack & RS_CAP_BIT(cap)))
			continue;
		rs_str_append_cstr(&text, between);
		rs_str_append_cstr(&text, rs_caps_to_str(cap, buf));
		between = " and ";
	}
	snprintf(result->reason, sizeof(result->reason), "%s", rs_str_cstr(&text));
}

/* The first of some options that this kernel was built without, or NULL. */
static const char *find_off(const struct rs_kconfig *config, const char *options,
			    char buf[static 64])
{
	while (options && *options) {
		size_t n = strcspn(options, " ");

		snprintf(buf, 64, "%.*s", (int)n, options);
		if (rs_kconfig_get(config, buf) == RS_KCONFIG_OFF)
			return buf;
		options += n;
		options += strspn(options, " ");
	}
	return NULL;
}

static void explain_no(struct rs_feature_result *result, const struct rs_features *features,
		       const struct rs_feature_row *row, const struct rs_probe *probe)
{
	char error[64], buf[64];
	const char *off = find_off(&features->config, row->config, buf);

	if (off)
		snprintf(result->reason, sizeof(result->reason), "CONFIG_%s is not set", off);
	else if (probe->complete)
		snprintf(result->reason, sizeof(result->reason), "%s", probe->detail);
	else
		snprintf(result->reason, sizeof(result->reason), "%s: %s", probe->detail,
			 strerror_r(-result->error, error, sizeof(error)));
}

static void try_it(struct rs_features *features, enum rs_feature id)
{
	const struct rs_feature_row *row = &rs_feature_rows[id];
	struct rs_feature_result *result = &features->results[id];
	struct rs_probe probe = { .btf = features->btf, .number = row->number, .type = row->type };
	int r = row->probe(&probe);
	uint64_t lack;

	if (r >= 0) {
		result->answer = RS_ANSWER_YES;
		snprintf(result->reason, sizeof(result->reason), "%s", probe.detail);
		return;
	}
	result->error = r;
	lack = lacking(features, row);
	if ((r == -EPERM || r == -EACCES) && lack) {
		result->answer = RS_ANSWER_UNKNOWN;
		if (features->first_user_ns)
			explain_lack(result, lack);
		else
			snprintf(result->reason, sizeof(result->reason),
				 "needs rights in the machine's own user namespace");
		return;
	}
	result->answer = RS_ANSWER_NO;
	explain_no(result, features, row, &probe);
}

const struct rs_feature_result *rs_features_ask(struct rs_features *features, enum rs_feature id)
{
	if (!features->asked[id]) {
		try_it(features, id);
		features->asked[id] = true;
	}
	return &features->results[id];
}

bool rs_features_have(struct rs_features *features, enum rs_feature id)
{
	return rs_features_ask(features, id)->answer == RS_ANSWER_YES;
}

bool rs_features_tracepoint(const struct rs_features *features, const char *name)
{
	char type[96];

	/* "btf_trace_x" is the prototype of the programs that it calls */
	snprintf(type, sizeof(type), "btf_trace_%s", name);
	return features->btf && btf__find_by_name_kind(features->btf, type, BTF_KIND_TYPEDEF) > 0;
}
