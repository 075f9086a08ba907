/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the tests of this room share: sample events with all that whoever enriches would set. */

#include "event/testing.h"
#include "rules/expr.h"

struct sample {
	_Alignas(8) char record[RS_RECORD_MAX];
	struct rs_event event;
};

static const struct rs_event_label sample_labels[] = {
	{ "app", "web" },
	{ "app.kubernetes.io/name", "shop" },
};
static const struct rs_event_container sample_container = {
	.id = "4f1d2c3b5a69788796a5b4c3d2e1f00112233445566778899aabbccddeeff001",
	.runtime = "containerd",
	.name = "nginx",
	.image = "docker.io/library/nginx:1.27",
	.pod_name = "web-7d9f-abcde",
	.pod_uid = "1b2c3d4e-0000-1111-2222-333344445555",
	.namespace = "shop",
	.node = "node-1",
	.labels = sample_labels,
	.n_labels = 2,
};
static const struct rs_event_cgroup sample_cgroup = {
	.path = "/kubepods.slice/pod1b2c.slice/cri-containerd-4f1d.scope",
	.container = &sample_container,
};
static const struct rs_event_ancestor sample_ancestors[] = {
	{ .start = 100, .pid = 4100, .name = "bash", .executable = "/usr/bin/bash" },
	{ .start = 10, .pid = 1, .name = "systemd", .executable = "/usr/lib/systemd/systemd" },
};

static inline void sample_make(struct sample *s, enum rs_kind kind)
{
	size_t n = rs_event_sample(kind, s->record);

	assert_int_equal(rs_event_decode(s->record, n, &s->event), 0);
	rs_event_sample_origin(&s->event);
	s->event.user = "ann";
	s->event.group = "staff";
	s->event.cgroup = &sample_cgroup;
	s->event.ancestors = sample_ancestors;
	s->event.n_ancestors = ARRAY_SIZE(sample_ancestors);
}

static inline struct rs_expr_run *sample_run(void)
{
	struct rs_expr_run *run = NULL;
	struct rs_event_host host;

	rs_event_sample_host(&host);
	assert_int_equal(rs_expr_run_new(&host, &run), 0);
	return run;
}

/* Parses what must parse; the text that fails is shown. */
static inline const struct rs_expr *parse(struct rs_arena *arena, const char *text)
{
	const struct rs_expr *expr = NULL;
	struct rs_error err = RS_ERROR_INIT;

	if (rs_expr_parse(text, arena, &expr, NULL, &err) < 0)
		fail_msg("%s: %s (%s)", text, err.msg, err.hint);
	return expr;
}
