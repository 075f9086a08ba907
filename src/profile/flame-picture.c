/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flame graph as a picture, SVG: drawn as it is at first, for those who look at it where no script runs, and with the
 * profile and the scripts of page/ for those who open it in a browser.
 */
#include <errno.h>
#include <string.h>

#include "base/term.h"
#include "profile/amount.h"
#include "profile/flame-data.h"
#include "profile/forms.h"

#include "rs_flame_page.inc.h"

#define WIDTH     1200.0
#define MARGIN    12.0
#define ROW       19
#define LEAST     1.0 /* frames that are narrower are not drawn */
#define GLYPH     7.3 /* columns of the font, a little too wide */
#define LINE      18  /* of text above and below */
#define TITLE     24
#define TEXT_ROOM 8
#define NAME_MAX  4096 /* bytes */

struct picture {
	const struct rs_flame *flame;
	const struct rs_profile *profile;
	const struct rs_profile_write *how;
	struct rs_str *out;
	double *x, *w; /* of each node; w 0: not drawn */
	unsigned top, height;
	uint32_t depth; /* the deepest that is drawn */
};

/* --- places --- */

/* Parents come before their children, siblings in their order, so one walk will do. */
static void place(struct picture *p)
{
	const struct rs_flame *f = p->flame;
	double whole = (double)rs_flame_total(f, 0, 0)[p->how->value];
	uint32_t node = 0;

	if (!(whole > 0))
		return;
	p->x[0] = MARGIN;
	p->w[0] = WIDTH - 2 * MARGIN;
	do {
		double x = p->x[node];

		for (uint32_t kid = f->nodes.items[node].first_child; kid && p->w[node] > 0;
		     kid = f->nodes.items[kid].sibling) {
			double w = (double)rs_flame_total(f, kid, 0)[p->how->value] / whole *
				   p->w[0];

			if (w < LEAST)
				break;
			p->x[kid] = x;
			p->w[kid] = w;
			x += w;
			p->depth = MAX(p->depth, f->nodes.items[kid].depth);
		}
		node = rs_flame_next(f, node);
	} while (node);
}

/* --- text --- */

static void put_text(struct picture *p, const char *class, double x, unsigned y, const char *text)
{
	rs_str_appendf(p->out, "<text class=\"%s\" x=\"%.1f\" y=\"%u\">", class, x, y);
	rs_flame_append_xml(p->out, text, strlen(text));
	rs_str_append_cstr(p->out, "</text>\n");
}

static void put_facts(struct picture *p, unsigned y)
{
	const struct rs_profile_options *options = rs_profile_options_of(p->profile);
	const struct rs_profile_type *type = &options->types[p->how->value];
	char buf[RS_AMOUNT_BUF], text[256];
	int n = snprintf(
		text, sizeof(text), "%s %.60s · %zu stacks",
		rs_amount_format(buf, type->unit, rs_flame_total(p->flame, 0, 0)[p->how->value]),
		type->name, rs_profile_samples(p->profile));

	if (options->duration)
		snprintf(text + n, sizeof(text) - (size_t)n, " · %s",
			 rs_units_format_duration(buf, options->duration));
	put_text(p, "soft", MARGIN, y, text);
}

static void put_head(struct picture *p)
{
	unsigned y = TITLE - 7;

	put_text(p, "title", MARGIN, y, rs_flame_title(p->profile));
	put_facts(p, y += LINE);
	for (size_t i = 0; i < rs_profile_notes(p->profile); i++)
		put_text(p, "", MARGIN, y += LINE, rs_profile_note_at(p->profile, i));
}

/* The same as page/model.js has. */
static unsigned shade(const char *name)
{
	uint32_t hash = 0x811c9dc5;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 0x01000193;
	return (hash >> 8) % 3;
}

/* --- frames --- */

static void put_color(struct picture *p, uint32_t node)
{
	const char *name = node ? rs_flame_name(p->flame, node) : "";
	const struct rs_flame_node *at = &p->flame->nodes.items[node];

	if (p->flame->diff)
		rs_str_appendf(p->out, "d%d",
			       rs_flame_change(p->flame, node, p->how->value,
					       rs_flame_by_shares(p->profile)));
	else if (node)
		rs_str_append_cstr(
			p->out, rs_frame_kind_name(p->flame->functions.items[at->function].kind));
	else
		rs_str_append_cstr(p->out, "other");
	rs_str_appendf(p->out, " s%u", shade(name));
}

/* What is shown where the mouse rests, by browsers that run no script. */
static void put_hint(struct picture *p, uint32_t node)
{
	const struct rs_profile_type *type =
		&rs_profile_options_of(p->profile)->types[p->how->value];
	int64_t value = rs_flame_total(p->flame, node, 0)[p->how->value];
	const char *name = rs_flame_name(p->flame, node);
	char amount[RS_AMOUNT_BUF], percent[RS_AMOUNT_BUF];

	rs_str_append_cstr(p->out, "<title>");
	rs_flame_append_xml(p->out, name, MIN(strlen(name), (size_t)NAME_MAX));
	rs_str_append_cstr(p->out, " (");
	rs_amount_format(amount, type->unit, value);
	rs_flame_append_xml(p->out, amount, strlen(amount));
	rs_amount_percent(percent, value, rs_flame_total(p->flame, 0, 0)[p->how->value]);
	rs_str_appendf(p->out, ", %s)</title>", percent);
}

static void put_name(struct picture *p, uint32_t node, unsigned y)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);
	const char *name = rs_flame_name(p->flame, node);
	double room = (p->w[node] - TEXT_ROOM) / GLYPH;

	if (room < 3)
		return;
	rs_term_append_fit(&text, name, MIN(strlen(name), (size_t)NAME_MAX), (size_t)room,
			   RS_TERM_NOPAD);
	rs_str_appendf(p->out, "<text x=\"%.1f\" y=\"%u\">", p->x[node] + 4, y + 13);
	rs_flame_append_xml(p->out, rs_str_cstr(&text), text.len);
	rs_str_append_cstr(p->out, "</text>");
}

static void put_frame(struct picture *p, uint32_t node)
{
	uint32_t depth = p->flame->nodes.items[node].depth;
	unsigned y = p->top + (p->how->icicle ? depth : p->depth - depth) * ROW;
	double w = p->w[node];

	rs_str_append_cstr(p->out, "<g>");
	put_hint(p, node);
	rs_str_append_cstr(p->out, "<rect class=\"");
	put_color(p, node);
	rs_str_appendf(p->out, "\" x=\"%.1f\" y=\"%u\" width=\"%.1f\" height=\"%u\"/>", p->x[node],
		       y, w > 3 ? w - 1 : w, ROW - 1);
	put_name(p, node, y);
	rs_str_append_cstr(p->out, "</g>\n");
}

/* What was called from here and is too narrow, side by side. */
static void put_rest(struct picture *p, uint32_t node)
{
	const struct rs_flame_node *nodes = p->flame->nodes.items;
	double whole = (double)rs_flame_total(p->flame, 0, 0)[p->how->value];
	double x = p->x[node], w = 0;
	uint32_t depth = nodes[node].depth + 1;

	for (uint32_t kid = nodes[node].first_child; kid; kid = nodes[kid].sibling) {
		x += p->w[kid];
		if (!(p->w[kid] > 0))
			w += (double)rs_flame_total(p->flame, kid, 0)[p->how->value] / whole *
			     p->w[0];
	}
	if (w >= LEAST && depth <= p->depth)
		rs_str_appendf(p->out,
			       "<rect class=\"rest\" x=\"%.1f\" y=\"%u\" width=\"%.1f\" "
			       "height=\"%u\"/>\n",
			       x, p->top + (p->how->icicle ? depth : p->depth - depth) * ROW, w,
			       ROW - 1);
}

static void put_frames(struct picture *p)
{
	uint32_t node = 0;

	do {
		if (p->w[node] > 0) {
			put_frame(p, node);
			put_rest(p, node);
		}
		node = rs_flame_next(p->flame, node);
	} while (node);
}

/* --- legend --- */

static double put_swatch(struct picture *p, double x, const char *class, const char *text)
{
	unsigned y = p->height - LINE;

	rs_str_appendf(p->out,
		       "<rect class=\"%s\" x=\"%.1f\" y=\"%u\" width=\"12\" height=\"12\"/>", class,
		       x, y);
	put_text(p, "", x + 17, y + 11, text);
	return x + 35 + (double)strlen(text) * GLYPH;
}

static void put_legend(struct picture *p)
{
	static const char *const changes[][2] = { { "d-4", "much less" },
						  { "d-2", "less" },
						  { "d0", "the same" },
						  { "d2", "more" },
						  { "d4", "much more" } };
	bool used[RS_FRAME_KIND_COUNT] = { 0 };
	double x = MARGIN;

	if (p->flame->diff) {
		for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
			x = put_swatch(p, x, changes[i][0], changes[i][1]);
		return;
	}
	rs_vec_foreach(&p->flame->functions, function) used[function->kind] = true;
	for (unsigned i = 0; i < RS_FRAME_KIND_COUNT; i++) {
		const char *name = rs_frame_kind_name((enum rs_frame_kind)i);

		if (used[i])
			x = put_swatch(p, x, name,
				       i == RS_FRAME_MODULE ? "kernel module"
				       : i == RS_FRAME_JIT  ? "JIT"
							    : name);
	}
}

/* --- the whole --- */

static void put_scripts(struct picture *p)
{
	rs_str_append_cstr(p->out, "<script type=\"application/json\" id=\"profile\">");
	rs_flame_append_data(p->flame, p->profile, p->how, p->out);
	rs_str_append_cstr(p->out, "</script>\n<script><![CDATA[\n");
	rs_str_append_cstr(p->out, rs_text_model_js);
	rs_str_append_cstr(p->out, rs_text_control_js);
	rs_str_append_cstr(p->out, rs_text_picture_js);
	rs_str_append_cstr(p->out, "]]></script>\n");
}

static void put_picture(struct picture *p)
{
	p->top = TITLE + LINE * (1 + (unsigned)rs_profile_notes(p->profile));
	p->height = p->top + (p->depth + 1) * ROW + 2 * LINE;
	rs_str_appendf(p->out,
		       "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		       "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%u\" "
		       "viewBox=\"0 0 %.0f %u\">\n<title>",
		       WIDTH, p->height, WIDTH, p->height);
	rs_flame_append_xml(p->out, rs_flame_title(p->profile), strlen(rs_flame_title(p->profile)));
	rs_str_append_cstr(p->out, "</title>\n<style><![CDATA[\n");
	rs_str_append_cstr(p->out, rs_text_colors_css);
	rs_str_append_cstr(p->out, rs_text_page_css);
	rs_str_append_cstr(p->out, rs_text_picture_css);
	rs_str_append_cstr(p->out, "]]></style>\n<g id=\"still\">\n");
	put_head(p);
	put_frames(p);
	put_legend(p);
	rs_str_append_cstr(p->out, "</g>\n");
	put_scripts(p);
	rs_str_append_cstr(p->out, "</svg>\n");
}

int rs_profile_write_svg(const struct rs_profile *profile, const struct rs_profile_write *how,
			 struct rs_str *out, struct rs_error *err)
{
	_cleanup_(rs_flame_free) struct rs_flame *flame = NULL;
	_cleanup_(rs_cleanup_free) double *places = NULL;
	int r = rs_flame_new(profile, how->old, &flame, err);

	if (r < 0)
		return r;
	r = rs_flame_sort(flame, how->value);
	places = calloc(flame->nodes.len * 2, sizeof(*places));
	if (r < 0 || !places)
		return rs_error_set_errno(err, -ENOMEM, "drawing the frames");
	struct picture picture = { .flame = flame,
				   .profile = profile,
				   .how = how,
				   .out = out,
				   .x = places,
				   .w = places + flame->nodes.len };
	place(&picture);
	put_picture(&picture);
	return 0;
}
