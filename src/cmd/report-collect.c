/* SPDX-License-Identifier: Apache-2.0 */
/* What the sections are, and what an event adds to them. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "cmd/report.h"
#include "event/names.h"
#include "event/value.h"

#define ID_SHOWN 12 /* digits of a container's id */

const struct rs_report_section rs_report_sections[] = {
	[RS_REPORT_CPU] = { "CPU of processes that ended",
			    "cpu",
			    RS_REPORT_BY_CPU,
			    { { "CPU", "cpu_ns", RS_CELL_CPU, false },
			      { "PROCESSES", "processes", RS_CELL_ENDED, false },
			      { "CPU EACH", "cpu_mean_ns", RS_CELL_CPU_EACH, false },
			      { "LIFE EACH", "life_mean_ns", RS_CELL_LIFE_EACH, false },
			      { "NAME", "name", RS_CELL_PART0, false },
			      { "EXECUTABLE", "executable", RS_CELL_PART1, true } } },
	[RS_REPORT_EXECS] = { "Programs that were started",
			      "execs",
			      RS_REPORT_BY_COUNT,
			      { { "TIMES", "count", RS_CELL_COUNT, false },
				{ "FIRST", "first", RS_CELL_FIRST, false },
				{ "PROGRAM", "executable", RS_CELL_PART0, true } } },
	[RS_REPORT_DELETED_IN] = { "Deletions, by directory",
				   "deletions_by_directory",
				   RS_REPORT_BY_COUNT,
				   { { "DELETED", "count", RS_CELL_COUNT, false },
				     { "DIRECTORY", "directory", RS_CELL_PART0, true } } },
	[RS_REPORT_DELETED_BY] = { "Deletions, by process",
				   "deletions_by_process",
				   RS_REPORT_BY_COUNT,
				   { { "DELETED", "count", RS_CELL_COUNT, false },
				     { "NAME", "name", RS_CELL_PART0, false },
				     { "USER", "user", RS_CELL_PART1, false },
				     { "EXECUTABLE", "executable", RS_CELL_PART2, true } } },
	[RS_REPORT_LISTENERS] = { "New listeners",
				  "listeners",
				  RS_REPORT_BY_FIRST,
				  { { "FIRST", "first", RS_CELL_FIRST, false },
				    { "TIMES", "count", RS_CELL_COUNT, false },
				    { "NAME", "name", RS_CELL_PART2, false },
				    { "PROTOCOL", "protocol", RS_CELL_PART1, false },
				    { "ADDRESS", "address", RS_CELL_PART0, true } } },
	[RS_REPORT_PEERS] = { "New outbound peers",
			      "peers",
			      RS_REPORT_BY_COUNT,
			      { { "TIMES", "count", RS_CELL_COUNT, false },
				{ "FAILED", "failed", RS_CELL_FAILED, false },
				{ "SENT", "sent_bytes", RS_CELL_SENT, false },
				{ "RECEIVED", "received_bytes", RS_CELL_RECEIVED, false },
				{ "FIRST", "first", RS_CELL_FIRST, false },
				{ "NAME", "name", RS_CELL_PART2, false },
				{ "PROTOCOL", "protocol", RS_CELL_PART1, false },
				{ "PEER", "address", RS_CELL_PART0, false } } },
	[RS_REPORT_FAILURES] = { "Failures",
				 "failures",
				 RS_REPORT_BY_COUNT,
				 { { "TIMES", "count", RS_CELL_COUNT, false },
				   { "ERROR", "errno", RS_CELL_PART0, false },
				   { "KIND", "kind", RS_CELL_PART1, false } } },
	[RS_REPORT_CONTAINERS] = { "Containers",
				   "containers",
				   RS_REPORT_BY_COUNT,
				   { { "EVENTS", "events", RS_CELL_COUNT, false },
				     { "EXECS", "execs", RS_CELL_EXECS, false },
				     { "ENDED", "processes_ended", RS_CELL_ENDED, false },
				     { "CPU", "cpu_ns", RS_CELL_CPU, false },
				     { "FAILURES", "failures", RS_CELL_FAILED, false },
				     { "CONTAINER", "name", RS_CELL_LABEL, true },
				     { "IMAGE", "image", RS_CELL_IMAGE, true } } },
};
static_assert(ARRAY_SIZE(rs_report_sections) == RS_REPORT_SECTIONS, "a row for every section");

/* --- life --- */

static const struct rs_event_column *column(const char *name)
{
	return rs_event_column_find(name, strlen(name));
}

int rs_report_init(struct rs_report *report)
{
	static const struct rs_event_host nobody;
	int r = rs_event_values_new(&nobody, &report->values);

	for (unsigned i = 0; i < RS_REPORT_SECTIONS && !r; i++)
		r = rs_report_tally_new(&report->tally[i]);
	report->name = column("process.name");
	report->executable = column("process.executable");
	report->directory = column("file.directory");
	report->outcome = column("event.outcome");
	return r;
}

void rs_report_done(struct rs_report *report)
{
	for (unsigned i = 0; i < RS_REPORT_SECTIONS; i++)
		rs_report_tally_free(&report->tally[i]);
	rs_event_values_free(&report->values);
}

/* --- keys --- */

static struct rs_report_tally *key(struct rs_report *report, enum rs_report_section_id id)
{
	rs_report_key(report->tally[id]);
	return report->tally[id];
}

static void add_cstr(struct rs_report_tally *tally, const char *text)
{
	rs_report_key_part(tally, text ? text : "", text ? strlen(text) : 0);
}

/* The value of a field; empty where the event has none. */
static void add_value(struct rs_report *report, struct rs_report_tally *tally,
		      const struct rs_event_column *field, const struct rs_event *event)
{
	struct rs_value value = { .type = RS_VALUE_NONE };

	if (field && field->kinds >> event->hdr->kind & 1)
		rs_event_value(report->values, field, event, &value);
	if (value.type == RS_VALUE_TEXT)
		rs_report_key_part(tally, value.text.data, value.text.len);
	else
		rs_report_key_part(tally, "", 0);
}

/* --- processes --- */

static int add_end(struct rs_report *report, const struct rs_event *event,
		   const struct rs_exit *end, uint64_t time)
{
	struct rs_report_tally *tally = key(report, RS_REPORT_CPU);
	struct rs_report_row *row;

	add_value(report, tally, report->name, event);
	add_value(report, tally, report->executable, event);
	row = rs_report_row(tally, time);
	if (!row)
		return -ENOMEM;
	row->count++;
	row->ended++;
	row->cpu += end->runtime;
	row->life += end->wall;
	return 0;
}

static int add_exec(struct rs_report *report, const struct rs_event *event, uint64_t time)
{
	struct rs_report_tally *tally = key(report, RS_REPORT_EXECS);
	struct rs_report_row *row;

	add_value(report, tally, report->executable, event);
	row = rs_report_row(tally, time);
	if (!row)
		return -ENOMEM;
	row->count++;
	return 0;
}

/* --- files --- */

static int add_deletion(struct rs_report *report, const struct rs_event *event, uint64_t time)
{
	struct rs_report_tally *in = key(report, RS_REPORT_DELETED_IN);
	struct rs_report_tally *by = key(report, RS_REPORT_DELETED_BY);
	struct rs_report_row *row;
	char uid[20];

	add_value(report, in, report->directory, event);
	add_value(report, by, report->name, event);
	if (event->user)
		add_cstr(by, event->user);
	else
		rs_report_key_part(by, uid, rs_str_format_u64(uid, event->hdr->uid));
	add_value(report, by, report->executable, event);
	for (int i = 0; i < 2; i++) {
		row = rs_report_row(i ? by : in, time);
		if (!row)
			return -ENOMEM;
		row->count++;
	}
	return 0;
}

/* --- the network --- */

/* A path, or "@" and an abstract name. */
static void add_socket(struct rs_report_tally *tally, const struct rs_text *name)
{
	char text[RS_REPORT_TEXT_MAX];
	size_t n = name->data ? MIN(name->len, sizeof(text)) : 0;

	if (n)
		memcpy(text, name->data, n);
	if (n && !text[0])
		text[0] = '@';
	rs_report_key_part(tally, text, n);
}

/* "10.0.0.1:443", "[fd00::1]:443", a unix socket's path. */
static void add_address(struct rs_report_tally *tally, const struct rs_event *event, bool local)
{
	const struct rs_net *net = event->net;
	char text[RS_EVENT_ADDR_MAX + 16], addr[RS_EVENT_ADDR_MAX];
	size_t n;

	if (net->family == AF_UNIX) {
		add_socket(tally, &event->field[RS_TAG_SOCKET]);
		return;
	}
	n = rs_event_format_addr(net->family, local ? net->local : net->remote, addr);
	n = (size_t)snprintf(text, sizeof(text), memchr(addr, ':', n) ? "[%.*s]:%u" : "%.*s:%u",
			     (int)n, addr, local ? net->local_port : net->remote_port);
	rs_report_key_part(tally, text, n);
}

static struct rs_report_row *socket_row(struct rs_report *report, enum rs_report_section_id id,
					const struct rs_event *event, uint64_t time)
{
	struct rs_report_tally *tally = key(report, id);
	const char *protocol = rs_name_protocol(event->net->protocol);

	add_address(tally, event, id == RS_REPORT_LISTENERS);
	add_cstr(tally, event->net->family == AF_UNIX ? "unix" : protocol);
	add_value(report, tally, report->name, event);
	return rs_report_row(tally, time);
}

static bool is_ip(const struct rs_net *net)
{
	return net->family == AF_INET || net->family == AF_INET6;
}

static int add_net(struct rs_report *report, const struct rs_event *event, bool failed,
		   uint64_t time)
{
	const struct rs_net *net = event->net;
	enum rs_kind kind = event->hdr->kind;
	struct rs_report_row *row;

	if (kind == RS_KIND_LISTEN && !failed) {
		row = socket_row(report, RS_REPORT_LISTENERS, event, time);
	} else if (is_ip(net) && net->remote_port &&
		   (kind == RS_KIND_CONNECT || (net->direction == RS_DIR_OUT &&
						(kind == RS_KIND_CLOSE || kind == RS_KIND_UDP)))) {
		row = socket_row(report, RS_REPORT_PEERS, event, time);
	} else {
		return 0;
	}
	if (!row)
		return -ENOMEM;
	row->count += kind != RS_KIND_CLOSE;
	row->failed += failed && kind != RS_KIND_CLOSE;
	if (kind == RS_KIND_CLOSE) {
		row->sent += net->sent;
		row->received += net->received;
	}
	return 0;
}

/* --- failures and containers --- */

/* Not every negative result is a failure: a connection may be under way. */
static bool is_failure(struct rs_report *report, const struct rs_event *event)
{
	struct rs_value value = { .type = RS_VALUE_NONE };

	if (event->hdr->ret >= 0 || !report->outcome)
		return false;
	rs_event_value(report->values, report->outcome, event, &value);
	return value.type == RS_VALUE_TEXT && value.text.len == strlen("failure") &&
	       memcmp(value.text.data, "failure", value.text.len) == 0;
}

static int add_failure(struct rs_report *report, const struct rs_event *event, uint64_t time)
{
	struct rs_report_tally *tally = key(report, RS_REPORT_FAILURES);
	int32_t ret = event->hdr->ret; /* of a forged record maybe one that has no opposite */
	const char *name = ret > INT32_MIN ? rs_name_errno(-ret) : NULL;
	struct rs_report_row *row;
	char digits[20];

	report->failures++;
	if (name)
		add_cstr(tally, name);
	else
		rs_report_key_part(tally, digits,
				   rs_str_format_u64(digits, -(uint64_t)(int64_t)ret));
	add_cstr(tally, rs_kind_to_str(event->hdr->kind));
	row = rs_report_row(tally, time);
	if (!row)
		return -ENOMEM;
	row->count++;
	return 0;
}

/* "namespace/pod/name", as far as it is known. */
static int name_container(struct rs_report_row *row, const struct rs_event_container *c)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);

	if (c->pod_name)
		rs_str_appendf(&text, "%s%s%s", c->namespace ? c->namespace : "",
			       c->namespace ? "/" : "", c->pod_name);
	if (c->name)
		rs_str_appendf(&text, "%s%s", text.len ? "/" : "", c->name);
	if (!text.len)
		rs_str_append(&text, c->id, strnlen(c->id, ID_SHOWN));
	free(row->label);
	free(row->image);
	row->label = rs_str_take(&text);
	row->image = c->image ? strdup(c->image) : NULL;
	row->named = c->name != NULL;
	return row->label && (row->image || !c->image) ? 0 : -ENOMEM;
}

static int add_container(struct rs_report *report, const struct rs_event *event,
			 const struct rs_exit *end, bool failed, uint64_t time)
{
	const struct rs_event_container *c = event->cgroup ? event->cgroup->container : NULL;
	struct rs_report_tally *tally = key(report, RS_REPORT_CONTAINERS);
	struct rs_report_row *row;
	int r = 0;

	add_cstr(tally, c ? c->id : "");
	row = rs_report_row(tally, time);
	if (!row)
		return -ENOMEM;
	/* Names may come later than the first events; the row for all others has none. */
	if (c && (!row->label || (!row->named && c->name)))
		r = name_container(row, c);
	row->count++;
	row->failed += failed;
	row->execs += event->hdr->kind == RS_KIND_EXEC;
	if (end) {
		row->ended++;
		row->cpu += end->runtime;
	}
	return r;
}

/* --- all --- */

static void set_host(struct rs_report *report, const struct rs_event_host *host)
{
	if (report->boots && !strcmp(report->boot_id, host->boot_id))
		return;
	report->boots++;
	memcpy(report->boot_id, host->boot_id, sizeof(report->boot_id));
	memcpy(report->host, host->name, sizeof(report->host));
	rs_event_values_set_host(report->values, host);
}

int rs_report_add(struct rs_report *report, const struct rs_event *event,
		  const struct rs_event_host *host)
{
	uint64_t time = event->hdr->time + (uint64_t)host->boot_offset;
	enum rs_kind kind = event->hdr->kind;
	const struct rs_exit *end = kind == RS_KIND_EXIT ? event->exit : event->end;
	bool failed;
	int r = 0;

	set_host(report, host);
	failed = is_failure(report, event);
	report->events++;
	report->kinds[kind]++;
	if (!report->first || time < report->first)
		report->first = time;
	report->last = MAX(report->last, time);
	if (end)
		r = add_end(report, event, end, time);
	if (!r && kind == RS_KIND_EXEC)
		r = add_exec(report, event, time);
	if (!r && (kind == RS_KIND_UNLINK || kind == RS_KIND_RMDIR) && !failed)
		r = add_deletion(report, event, time);
	if (!r && rs_kind_sensor(kind) == RS_SENSOR_NET)
		r = add_net(report, event, failed, time);
	if (!r && failed)
		r = add_failure(report, event, time);
	return r ? r : add_container(report, event, end, failed, time);
}
