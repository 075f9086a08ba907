/* SPDX-License-Identifier: Apache-2.0 */
/* Events as rows: time, kind, process, user, container, what happened. */
#include <string.h>

#include "base/term.h"
#include "event/schema.h"
#include "event/summary.h"

#define TIME_WIDTH       RS_CLOCK_LOCAL_LEN
#define KIND_WIDTH       12 /* the longest name */
#define PROCESS_WIDTH    22
#define PROCESS_NARROW   16
#define USER_WIDTH       8
#define CONTAINER_WIDTH  22
#define CONTAINER_NARROW 14
#define GAP              1
#define WHAT_MIN         24
#define WHAT_FAIR        40 /* with less, the container goes */
#define WHAT_ENOUGH      56 /* with less, the columns of process and container get narrower */
#define ID_SHOWN         12 /* of a container's id: as runtimes show it */

/* Widths of the columns; 0: not there. */
struct layout {
	size_t time;
	size_t process;
	size_t user;
	size_t container;
	size_t what; /* 0: as long as it gets */
};

/* Columns that all but the last take. */
static size_t fixed_width(const struct layout *l)
{
	const size_t widths[] = { l->time, KIND_WIDTH, l->process, l->user, l->container };
	size_t sum = 0;

	for (size_t i = 0; i < ARRAY_SIZE(widths); i++)
		sum += widths[i] ? widths[i] + GAP : 0;
	return sum;
}

/* A terminal that is too narrow for all columns first loses the container, then the user, then the
 * time. */
static struct layout layout_for(unsigned width)
{
	struct layout l = { TIME_WIDTH, PROCESS_WIDTH, USER_WIDTH, CONTAINER_WIDTH, 0 };

	if (!width)
		return l;
	if (width < fixed_width(&l) + WHAT_ENOUGH) {
		l.process = PROCESS_NARROW;
		l.container = CONTAINER_NARROW;
	}
	if (width < fixed_width(&l) + WHAT_FAIR) {
		l.container = 0;
		l.process = PROCESS_WIDTH;
	}
	if (width < fixed_width(&l) + WHAT_ENOUGH)
		l.process = PROCESS_NARROW;
	if (width < fixed_width(&l) + WHAT_MIN)
		l.user = 0;
	if (width < fixed_width(&l) + WHAT_MIN)
		l.time = 0;
	l.what = width > fixed_width(&l) ? width - fixed_width(&l) : 1;
	return l;
}

static enum rs_term_style kind_style(enum rs_kind kind)
{
	switch (rs_kind_sensor(kind)) {
	case RS_SENSOR_PROCESS:
		return kind == RS_KIND_EXEC ? RS_TERM_GREEN : RS_TERM_GRAY;
	case RS_SENSOR_FILE:
		if (strcmp(rs_event_kinds[kind].type, "deletion") == 0)
			return RS_TERM_RED;
		return strcmp(rs_event_kinds[kind].type, "access") == 0 ? RS_TERM_BLUE
									: RS_TERM_YELLOW;
	case RS_SENSOR_NET:
		return RS_TERM_CYAN;
	case RS_SENSOR_CGROUP:
		return RS_TERM_GRAY;
	default:
		return RS_TERM_MAGENTA;
	}
}

static void styled(const struct rs_event_table *table, struct rs_str *out, enum rs_term_style style,
		   const char *text, size_t n, size_t width)
{
	rs_str_append_cstr(out, rs_term_style(table->color, style));
	rs_term_append_fit(out, text, n, width, RS_TERM_LEFT);
	rs_str_append_cstr(out, rs_term_style(table->color, RS_TERM_RESET));
	rs_str_append_fill(out, ' ', GAP);
}

void rs_event_table_done(struct rs_event_table *table)
{
	rs_str_done(&table->what);
}

int rs_event_table_header(struct rs_event_table *table, struct rs_str *out)
{
	static const char *const names[] = { "TIME", "KIND", "PROCESS", "USER", "CONTAINER" };
	struct layout l = layout_for(table->width);
	const size_t widths[] = { l.time, KIND_WIDTH, l.process, l.user, l.container };

	rs_str_append_cstr(out, rs_term_style(table->color, RS_TERM_BOLD));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!widths[i])
			continue;
		rs_term_append_fit(out, names[i], strlen(names[i]), widths[i], RS_TERM_LEFT);
		rs_str_append_fill(out, ' ', GAP);
	}
	rs_term_append_fit(out, "WHAT HAPPENED", 13, l.what ? l.what : 13, RS_TERM_NOPAD);
	rs_str_append_cstr(out, rs_term_style(table->color, RS_TERM_RESET));
	rs_str_append_char(out, '\n');
	return out->error;
}

/* "name 1234": the name gives way to the number. */
static void add_process(struct rs_str *out, const struct rs_hdr *hdr, size_t width)
{
	char digits[20];
	size_t n = rs_str_format_u64(digits, hdr->pid);
	size_t used = rs_term_append_fit(out, hdr->comm, strnlen(hdr->comm, sizeof(hdr->comm)),
					 width - n - 1, RS_TERM_NOPAD);

	rs_str_append_char(out, ' ');
	rs_str_append(out, digits, n);
	rs_str_append_fill(out, ' ', width - n - 1 - used + GAP);
}

static void add_user(struct rs_str *out, const struct rs_event *event)
{
	char digits[20];
	const char *name = event->user;
	size_t n = name ? strlen(name) : rs_str_format_u64(digits, event->hdr->uid);

	/* Numbers are worth more than their column. */
	if (!name && n > USER_WIDTH)
		rs_str_append(out, digits, n);
	else
		rs_term_append_fit(out, name ? name : digits, n, USER_WIDTH, RS_TERM_LEFT);
	rs_str_append_fill(out, ' ', GAP);
}

/* "shop/cart-x2x4z", or the container's name, or the beginning of its id. */
static void add_container(struct rs_str *out, const struct rs_event_container *c, size_t width)
{
	char name[512];
	int n;

	if (c->pod_name) {
		/* What tells pods apart stands at the end. */
		n = snprintf(name, sizeof(name), "%s/%s", c->namespace ? c->namespace : "?",
			     c->pod_name);
		rs_term_append_fit_path(out, name, MIN((size_t)MAX(n, 0), sizeof(name) - 1), width,
					RS_TERM_LEFT);
	} else if (c->name) {
		rs_term_append_fit(out, c->name, strlen(c->name), width, RS_TERM_LEFT);
	} else {
		rs_term_append_fit(out, c->id, strnlen(c->id, ID_SHOWN), width, RS_TERM_LEFT);
	}
}

/* Whom it belongs to: a container, else a unit, a service without saying so. */
static void add_place(struct rs_str *out, const struct rs_event_cgroup *cgroup, size_t width)
{
	static const char service[] = ".service";
	const char *unit = cgroup && cgroup->unit ? cgroup->unit : "";
	size_t n = strlen(unit), tail = sizeof(service) - 1;

	if (n > tail && strcmp(unit + n - tail, service) == 0)
		n -= tail;
	if (cgroup && cgroup->container)
		add_container(out, cgroup->container, width);
	else
		rs_term_append_fit(out, unit, n, width, RS_TERM_LEFT);
	rs_str_append_fill(out, ' ', GAP);
}

int rs_event_table_row(struct rs_event_table *table, const struct rs_event *event,
		       struct rs_str *out)
{
	enum rs_kind kind = event->hdr->kind;
	struct layout l = layout_for(table->width);
	char time[RS_CLOCK_LOCAL_LEN];

	rs_clock_format_local(&table->time, event->hdr->time + (uint64_t)table->boot_offset, time);
	if (l.time)
		styled(table, out, RS_TERM_DIM, time, sizeof(time), l.time);
	styled(table, out, kind_style(kind), rs_kind_to_str(kind), strlen(rs_kind_to_str(kind)),
	       KIND_WIDTH);
	add_process(out, event->hdr, l.process);
	if (l.user)
		add_user(out, event);
	if (l.container)
		add_place(out, event->cgroup, l.container);
	rs_str_reset(&table->what);
	rs_event_summary_fit(&table->what, event, l.what);
	if (l.what)
		rs_term_append_fit(out, table->what.data, table->what.len, l.what, RS_TERM_NOPAD);
	else
		rs_str_append(out, table->what.data, table->what.len);
	rs_str_append_char(out, '\n');
	return table->what.error ? table->what.error : out->error;
}
