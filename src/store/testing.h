/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the room share: made-up events with everything that can be known of them. */
#pragma once

#include <string.h>
#include <sys/socket.h>

#include "event/event.h"

#define TEST_BOOT   (1000 * 1000000000ull) /* boot time of the first event */
#define TEST_OFFSET (1782907200ll * 1000000000 - (int64_t)TEST_BOOT) /* 2026-07-01T12:00:00Z then */

/* An event and the memory behind it. */
struct test_event {
	_Alignas(8) char record[RS_RECORD_MAX];
	struct rs_exit end;
	struct rs_event event;
	struct rs_event_cgroup cgroup;
	struct rs_event_container container;
	struct rs_event_label labels[2];
	struct rs_event_ancestor ancestors[3];
	char texts[12][160];
};

/* Appends a field to the record. */
static inline void test_field(struct rs_hdr *hdr, enum rs_tag tag, const char *text)
{
	struct rs_record_field field = { (uint8_t)tag, 0, (uint16_t)strlen(text) };
	char *p = (char *)hdr + hdr->size;

	memcpy(p, &field, sizeof(field));
	memcpy(p + sizeof(field), text, field.len);
	memset(p + sizeof(field) + field.len, 0, 3);
	hdr->size += (uint32_t)(sizeof(field) + ((field.len + 3u) & ~3u));
}

/* Where a path is to be given, it replaces what the sample has; NULL: the sample as it is. */
static inline void test_record(struct test_event *t, enum rs_kind kind, const char *path)
{
	struct rs_hdr *hdr = (struct rs_hdr *)(void *)t->record;

	memset(&t->end, 0, sizeof(*t) - offsetof(struct test_event, end));
	rs_event_sample(kind, t->record);
	if (path) {
		hdr->size = sizeof(struct rs_file);
		test_field(hdr, RS_TAG_PATH, path);
	}
}

/* Everything that identity adds, for process number i in container number i % containers (0: none). */
static inline void test_enrich(struct test_event *t, unsigned i, unsigned containers)
{
	unsigned c = containers ? i % containers : 0;
	char(*s)[160] = t->texts;

	snprintf(s[0], sizeof(s[0]), "user%u", i % 7);
	snprintf(s[1], sizeof(s[1]), "/usr/bin/program%u", i % 50);
	snprintf(s[2], sizeof(s[2]), "/usr/bin/program%u --config /etc/app/%u.yaml --worker %u",
		 i % 50, i % 90, i);
	snprintf(s[3], sizeof(s[3]), "/kubepods.slice/pod%u/cri-containerd-%064x.scope", c, c);
	snprintf(s[4], sizeof(s[4]), "%064x", c * 7919 + 1);
	snprintf(s[5], sizeof(s[5]), "app-%u", c);
	snprintf(s[6], sizeof(s[6]), "app-%u-7d9c6b5f4-x%u", c, c);
	snprintf(s[7], sizeof(s[7]), "namespace-%u", c % 20);
	snprintf(s[8], sizeof(s[8]), "registry.example/app:%u", c % 30);
	snprintf(s[9], sizeof(s[9]), "%08x-0000-4000-8000-%012x", c, c);
	t->event.user = s[0];
	t->event.group = s[0];
	t->event.executable = s[1];
	t->event.parent_executable = "/usr/bin/containerd-shim-runc-v2";
	t->event.parent_name = "containerd-shim";
	t->event.command_line = s[2];
	for (unsigned k = 0; k < 3; k++)
		t->ancestors[k] = (struct rs_event_ancestor){ 5000 + c + k, 100 + c + k, "shim",
							      k ? "/usr/bin/shim" : NULL };
	t->event.ancestors = t->ancestors;
	t->event.n_ancestors = 3;
	t->cgroup = (struct rs_event_cgroup){ .path = s[3] };
	t->event.cgroup = &t->cgroup;
	if (!containers) {
		t->cgroup.path = "/system.slice/nginx.service";
		t->cgroup.unit = "nginx.service";
		return;
	}
	t->labels[0] = (struct rs_event_label){ "app", s[5] };
	t->labels[1] = (struct rs_event_label){ "tier", "backend" };
	t->container = (struct rs_event_container){
		.id = s[4],
		.runtime = "containerd",
		.name = s[5],
		.image = s[8],
		.pod_name = s[6],
		.pod_uid = s[9],
		.namespace = s[7],
		.node = "node-1",
		.pod_ip = "10.1.2.3",
		.owner_kind = "ReplicaSet",
		.owner_name = "app",
		.labels = t->labels,
		.n_labels = 2,
		.sandbox = c % 2,
		.owner = c % 3 ? 0 : 1000 + c,
	};
	t->cgroup.container = &t->container;
}

/* Event number n of a made-up stream: kinds, processes and paths change; 10 us apart. */
static inline void test_make(struct test_event *t, uint64_t n, unsigned processes,
			     unsigned containers)
{
	static const uint8_t kinds[] = { RS_KIND_OPEN,   RS_KIND_CREATE,  RS_KIND_EXEC,
					 RS_KIND_UNLINK, RS_KIND_CONNECT, RS_KIND_EXIT,
					 RS_KIND_KILL,   RS_KIND_RENAME };
	enum rs_kind kind = kinds[n % ARRAY_SIZE(kinds)];
	unsigned i = (unsigned)((n * 2654435761u >> 7) % (processes ? processes : 1));
	struct rs_hdr *hdr = (struct rs_hdr *)(void *)t->record;
	char path[96];

	snprintf(path, sizeof(path), "/srv/app%u/data/%u/file-%u.log", i % 500, (unsigned)(n % 7),
		 (unsigned)(n * 31 % 997));
	test_record(t, kind, kind == RS_KIND_OPEN || kind == RS_KIND_UNLINK ? path : NULL);
	hdr->time = TEST_BOOT + n * 10000;
	hdr->seq = n / 4 + 1;
	hdr->cpu = (uint16_t)(n % 4);
	hdr->pid = 1000 + i;
	hdr->tid = hdr->pid + (n % 3 == 0);
	hdr->start = 77000000ull + i * 1000003ull;
	hdr->cgroup = 9000 + (containers ? i % containers : 0);
	snprintf(hdr->comm, sizeof(hdr->comm), "program%u", i % 50);
	rs_event_decode(hdr, hdr->size, &t->event);
	test_enrich(t, i, containers);
}
