/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What it costs to decode a record and to write it as a line of JSON, per kind, for a process on the
 * host and for one in a pod, with its ancestors: CPU time of this thread, the best of several rounds.
 *
 * usage: bench-json [KIND]
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "event/event.h"

#define ROUNDS   7
#define EVENTS   100000
#define FLUSH_AT 65536 /* as a sink would: the buffer is written out and begun anew */

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* What a sample has of a pod, and of ancestors. */
static void make_owner(struct rs_event *ret_owner)
{
	static struct rs_hdr hdr;

	*ret_owner = (struct rs_event){ .hdr = &hdr };
	hdr.kind = RS_KIND_FORK;
	rs_event_sample_origin(ret_owner);
	hdr.kind = RS_KIND_CONNECT;
	rs_event_sample_origin(ret_owner);
}

/* @owner: NULL for a process on the host. */
static int write_one(struct rs_event_json *json, const char *record, size_t size,
		     const struct rs_event *owner, struct rs_str *out)
{
	struct rs_event event;
	int r = rs_event_decode(record, size, &event);

	if (r < 0)
		return r;
	rs_event_sample_origin(&event);
	event.cgroup = owner ? owner->cgroup : NULL;
	event.ancestors = owner ? owner->ancestors : NULL;
	event.n_ancestors = owner ? owner->n_ancestors : 0;
	return rs_event_json_write(json, &event, out);
}

static int one_round(struct rs_event_json *json, char *record, size_t size,
		     const struct rs_event *owner, struct rs_str *out)
{
	struct rs_hdr *hdr = (struct rs_hdr *)(void *)record;

	for (unsigned i = 0; i < EVENTS; i++) {
		int r;

		hdr->time += 5000;
		hdr->seq++;
		r = write_one(json, record, size, owner, out);
		if (r < 0)
			return r;
		if (out->len > FLUSH_AT)
			rs_str_reset(out);
	}
	return 0;
}

static int measure(struct rs_event_json *json, enum rs_kind kind, const struct rs_event *owner)
{
	static _Alignas(8) char record[RS_RECORD_MAX];
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);
	size_t size = rs_event_sample(kind, record);
	uint64_t best = UINT64_MAX;

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t start = cpu_ns();
		int r = one_round(json, record, size, owner, &out);

		if (r < 0)
			return r;
		best = MIN(best, cpu_ns() - start);
	}
	rs_str_reset(&out);
	if (write_one(json, record, size, owner, &out) < 0)
		return -ENOMEM;
	printf("  %6.0f ns  %5zu bytes", (double)best / EVENTS, out.len);
	return 0;
}

static int measure_both(struct rs_event_json *json, enum rs_kind kind)
{
	struct rs_event owner;
	int r;

	make_owner(&owner);
	printf("%-12s", rs_kind_to_str(kind));
	r = measure(json, kind, NULL);
	if (r >= 0)
		r = measure(json, kind, &owner);
	printf("\n");
	return r;
}

int main(int argc, char **argv)
{
	_cleanup_(rs_event_json_free) struct rs_event_json *json = NULL;
	struct rs_event_host host;
	int only = argc > 1 ? rs_kind_from_str(argv[1]) : -1;
	int r;

	rs_event_sample_host(&host);
	r = rs_event_json_new(&host, NULL, &json);
	for (unsigned i = 0; i < RS_KIND_COUNT && r >= 0; i++)
		if (only < 0 || only == (int)i)
			r = measure_both(json, i);
	if (r < 0)
		fprintf(stderr, "bench-json: %s\n", strerror(-r));
	return r < 0;
}
