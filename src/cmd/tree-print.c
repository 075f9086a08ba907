/* SPDX-License-Identifier: Apache-2.0 */
/* The tree as text: columns of numbers, then the tree itself with what runs; and as JSON. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/json.h"
#include "base/term.h"
#include "base/units.h"
#include "cmd/tree.h"

#define DEPTH_SHOWN 24 /* levels of indentation; what is deeper stands below each other */
#define ALIKE_MIN   4  /* ended children of one name that become one line */

struct printing {
	const struct rs_tree_view *view;
	struct rs_str *out;
	struct rs_str prefix; /* "|  " for each level above */
	struct rs_str line;
};

/* --- cells --- */

static const char *style(const struct printing *p, enum rs_term_style which)
{
	return rs_term_style(p->view->color, which);
}

static void format_state(const struct printing *p, const struct rs_tree_node *node, char *buf,
			 size_t size)
{
	char life[RS_UNITS_BUF];
	uint64_t now = p->view->now;

	if (node->ended) {
		rs_units_format_duration(life, node->life);
		if (WIFSIGNALED(node->code))
			snprintf(buf, size, "SIG%s %s", sigabbrev_np(WTERMSIG(node->code)) ?: "?",
				 life);
		else if (WEXITSTATUS(node->code))
			snprintf(buf, size, "exit %d %s", WEXITSTATUS(node->code), life);
		else
			snprintf(buf, size, "ended %s", life);
	} else if (node->alive) {
		rs_units_format_duration(life, now > node->start ? now - node->start : 0);
		snprintf(buf, size, "%s", life);
	} else {
		snprintf(buf, size, "gone"); /* its end was not seen, or not kept */
	}
}

static void append_number(struct rs_str *out, uint64_t n, size_t width)
{
	char text[RS_UNITS_BUF] = "-";

	if (n)
		snprintf(text, sizeof(text), "%" PRIu64, n);
	rs_str_appendf(out, "%*s ", (int)width, text);
}

static void append_cpu(struct rs_str *out, uint64_t ns)
{
	char text[RS_UNITS_BUF];

	rs_units_format_duration(text, ns);
	rs_term_append_fit(out, ns ? text : "-", strlen(ns ? text : "-"), 8, RS_TERM_RIGHT);
	rs_str_append_char(out, ' ');
}

static void append_header(struct printing *p)
{
	rs_str_appendf(p->out, "%s%7s %-8s %8s %-16s %6s %6s  %s%s\n", style(p, RS_TERM_BOLD),
		       "PID", "USER", "CPU", "LIFE", "FILES", "CONNS", "PROCESS",
		       style(p, RS_TERM_RESET));
}

/* The last column: the tree, the container, the command. */
static void append_process(struct printing *p, const struct rs_tree_node *node, const char *text,
			   size_t len, size_t used)
{
	size_t room = 0;

	rs_str_reset(&p->line);
	if (node->container)
		rs_str_appendf(&p->line, "[%s] ", node->container);
	rs_str_append(&p->line, text, len);
	if (p->view->width > used + p->prefix.len)
		room = p->view->width - used;
	rs_str_append_cstr(p->out, style(p, RS_TERM_DIM));
	rs_str_append(p->out, p->prefix.data, p->prefix.len);
	rs_str_append_cstr(p->out, style(p, RS_TERM_RESET));
	if (!node->alive)
		rs_str_append_cstr(p->out, style(p, RS_TERM_DIM));
	if (room)
		room = room > rs_term_columns(p->prefix.data, p->prefix.len)
			       ? room - rs_term_columns(p->prefix.data, p->prefix.len)
			       : 1;
	if (room)
		rs_term_append_fit(p->out, p->line.data, p->line.len, room, RS_TERM_NOPAD);
	else
		rs_str_append_escaped(p->out, p->line.data, p->line.len);
	if (!node->alive)
		rs_str_append_cstr(p->out, style(p, RS_TERM_RESET));
	rs_str_append_char(p->out, '\n');
}

#define COLUMNS (7 + 1 + 8 + 1 + 8 + 1 + 16 + 1 + 6 + 1 + 6 + 1 + 1)

static void append_user(struct rs_str *out, const struct rs_tree_node *node)
{
	char digits[24] = "?";

	if (!node->user && node->uid != UINT32_MAX)
		snprintf(digits, sizeof(digits), "%" PRIu32, node->uid);
	rs_term_append_fit(out, node->user ? node->user : digits,
			   strlen(node->user ? node->user : digits), 8, RS_TERM_LEFT);
	rs_str_append_char(out, ' ');
}

static void append_node(struct printing *p, const struct rs_tree_node *node)
{
	const char *text = node->command ? node->command : node->name;
	char state[64];

	rs_str_appendf(p->out, "%7" PRIu32 " ", node->pid);
	append_user(p->out, node);
	append_cpu(p->out, node->cpu);
	format_state(p, node, state, sizeof(state));
	rs_term_append_fit(p->out, state, strlen(state), 16, RS_TERM_LEFT);
	rs_str_append_char(p->out, ' ');
	append_number(p->out, node->files, 6);
	append_number(p->out, node->connections, 6);
	rs_str_append_char(p->out, ' ');
	append_process(p, node, text, strlen(text), COLUMNS);
}

/* Several that ended, in one line. */
static void append_alike(struct printing *p, const struct rs_tree_node *node)
{
	char longest[RS_UNITS_BUF], state[64], count[24];

	snprintf(count, sizeof(count), "%" PRIu64 "x", node->n_alike);
	rs_str_appendf(p->out, "%7s ", count);
	append_user(p->out, node);
	append_cpu(p->out, node->alike_cpu);
	rs_units_format_duration(longest, node->alike_longest);
	snprintf(state, sizeof(state), "up to %s", longest);
	rs_term_append_fit(p->out, state, strlen(state), 16, RS_TERM_LEFT);
	rs_str_append_char(p->out, ' ');
	append_number(p->out, node->alike_files, 6);
	append_number(p->out, node->alike_connections, 6);
	rs_str_append_char(p->out, ' ');
	append_process(p, node, node->name, strlen(node->name), COLUMNS);
}

/* --- the walk --- */

static bool is_summed(const struct rs_tree_view *view, const struct rs_tree_node *node)
{
	return !view->all && node->alike && node->alike->n_alike >= ALIKE_MIN;
}

static bool is_shown(const struct rs_tree_view *view, const struct rs_tree_node *node)
{
	return node->wanted && (!is_summed(view, node) || node->alike == node);
}

static const struct rs_tree_node *next_shown(const struct rs_tree_view *view,
					     const struct rs_tree_node *node)
{
	while (node && !is_shown(view, node))
		node = node->next;
	return node;
}

/* Next in the order of a tree; *depth follows. */
static const struct rs_tree_node *advance(const struct rs_tree_view *view,
					  const struct rs_tree_node *node, unsigned *depth)
{
	const struct rs_tree_node *next = next_shown(view, node->child);

	if (next) {
		++*depth;
		return next;
	}
	for (; node; node = node->parent, --*depth) {
		next = next_shown(view, node->next);
		if (next)
			return next;
	}
	return NULL;
}

/* The lines from those above: a bar where more of their siblings follow. */
static void set_prefix(struct printing *p, const struct rs_tree_node *node, unsigned depth)
{
	const struct rs_tree_node *above[DEPTH_SHOWN];
	unsigned n = 0;

	rs_str_reset(&p->prefix);
	for (; depth > DEPTH_SHOWN; depth--)
		node = node->parent;
	for (node = node->parent; node && depth > 1; node = node->parent, depth--)
		above[n++] = node;
	while (n--)
		rs_str_append_cstr(&p->prefix, next_shown(p->view, above[n]->next) ? "│  " : "   ");
}

static void append_line(struct printing *p, const struct rs_tree_node *node, unsigned depth)
{
	set_prefix(p, node, depth);
	if (depth)
		rs_str_append_cstr(&p->prefix, next_shown(p->view, node->next) ? "├─ " : "└─ ");
	if (is_summed(p->view, node))
		append_alike(p, node);
	else
		append_node(p, node);
}

int rs_tree_table(const struct rs_tree *tree, const struct rs_tree_view *view, struct rs_str *out)
{
	struct printing p = { .view = view, .out = out };
	const struct rs_tree_node *node = next_shown(view, rs_tree_first(tree));
	unsigned depth = 0;
	int r;

	rs_str_init(&p.prefix, 0);
	rs_str_init(&p.line, 0);
	append_header(&p);
	for (; node; node = advance(view, node, &depth))
		append_line(&p, node, depth);
	r = p.prefix.error ? p.prefix.error : p.line.error;
	rs_str_done(&p.prefix);
	rs_str_done(&p.line);
	return r ? r : out->error;
}

/* --- JSON --- */

static void text(struct rs_json *w, const char *name, const char *value)
{
	if (!value)
		return;
	rs_json_key(w, name, strlen(name));
	rs_json_cstr(w, value);
}

static void number(struct rs_json *w, const char *name, uint64_t value)
{
	rs_json_key(w, name, strlen(name));
	rs_json_u64(w, value);
}

static void write_parent(struct rs_json *w, const struct rs_tree_node *node)
{
	if (!node->ppid)
		return;
	rs_json_key_lit(w, "parent");
	rs_json_begin_object(w);
	number(w, "pid", node->ppid);
	text(w, "name", node->parent ? node->parent->name : NULL);
	rs_json_end_object(w);
}

static void write_end(struct rs_json *w, const struct rs_tree_view *view,
		      const struct rs_tree_node *node)
{
	if (!node->ended)
		return;
	if (!node->boot) {
		rs_json_key_lit(w, "end");
		rs_json_time(w, node->start + node->life + (uint64_t)view->boot_offset);
	}
	if (!WIFSIGNALED(node->code))
		number(w, "exit_code", (uint64_t)WEXITSTATUS(node->code));
}

static void write_process(struct rs_json *w, const struct rs_tree *tree,
			  const struct rs_tree_view *view, const struct rs_tree_node *node)
{
	struct rs_entity_key key;
	char id[RS_ENTITY_ID_LEN];

	rs_json_key_lit(w, "process");
	rs_json_begin_object(w);
	number(w, "pid", node->pid);
	if (!node->alive || node->pstart || node->ended) { /* the start is exact */
		rs_entity_key_init(&key, rs_tree_boot_id(tree, node->boot));
		rs_entity_id(&key, node->pid, node->start, id);
		rs_json_key_lit(w, "entity_id");
		rs_json_string(w, id, sizeof(id));
	}
	text(w, "name", node->name);
	text(w, "command_line", node->command);
	write_parent(w, node);
	if (!node->boot) {
		rs_json_key_lit(w, "start");
		rs_json_time(w, node->start + (uint64_t)view->boot_offset);
	}
	write_end(w, view, node);
	rs_json_end_object(w);
}

static void write_node(struct rs_json *w, const struct rs_tree *tree,
		       const struct rs_tree_view *view, const struct rs_tree_node *node,
		       unsigned depth)
{
	rs_json_begin_object(w);
	write_process(w, tree, view, node);
	rs_json_key_lit(w, "user");
	rs_json_begin_object(w);
	text(w, "name", node->user);
	if (node->uid != UINT32_MAX)
		number(w, "id", node->uid);
	rs_json_end_object(w);
	rs_json_key_lit(w, "ringside");
	rs_json_begin_object(w);
	number(w, "depth", depth);
	rs_json_key_lit(w, "running");
	rs_json_bool(w, node->alive);
	number(w, "cpu_ns", node->cpu);
	if (node->ended)
		number(w, "life_ns", node->life);
	if (node->ended && WIFSIGNALED(node->code))
		number(w, "signal", (uint64_t)WTERMSIG(node->code));
	number(w, "files", node->files);
	number(w, "connections", node->connections);
	number(w, "execs", node->execs);
	number(w, "failures", node->failures);
	text(w, "container", node->container);
	rs_json_end_object(w);
	rs_json_end_object(w);
}

int rs_tree_json(const struct rs_tree *tree, const struct rs_tree_view *view, struct rs_str *out)
{
	struct rs_tree_view every = *view;
	const struct rs_tree_node *node;
	unsigned depth = 0;
	struct rs_json w;

	every.all = true;
	rs_json_init(&w, out);
	for (node = next_shown(&every, rs_tree_first(tree)); node;
	     node = advance(&every, node, &depth)) {
		rs_json_restart(&w);
		write_node(&w, tree, &every, node, depth);
		rs_str_append_char(out, '\n');
	}
	return out->error;
}
