/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events as lines of JSON.
 *
 * For each kind the table of fields is turned, once, into a short program: steps that copy a prepared
 * fragment and then write one value. Everything that is constant for the kind or the host is part of
 * the fragments: names, categories, the host.
 *
 *	"event":{"kind":"event","category":["file"],"outcome":   then the outcome's value
 *
 * Every value is followed by a comma, which the end of the object turns into its brace. A field whose
 * function writes nothing is taken back, name and all; so is an object that stays empty.
 */
#include "event/render.h"

#include <errno.h>

#include "base/vec.h"

#define DEPTH_MAX 6	  /* of objects */
#define COPY_STEP 16	  /* fragments are copied in steps, which may overshoot */
#define LINE_ROOM 2048	  /* what most events need */

enum step_code {
	STEP_COPY, /* only the fragment */
	STEP_OPEN, /* the fragment ends in "{": an object that may stay empty */
	STEP_CLOSE,
	STEP_WRITE,
	STEP_TEXT,
	STEP_U16,
	STEP_U32,
	STEP_S32,
	STEP_U64,
	STEP_U32_QUOTED,
};

struct step {
	uint32_t at;	/* the fragment, in rs_event_json.text */
	uint16_t len;
	uint16_t keep;	/* bytes of the fragment that stay when the value is taken back */
	uint16_t where; /* offset or tag */
	uint8_t code;	/* enum step_code */
	rs_field_fn *write;
};

typedef RS_VEC(struct step) step_vec;

struct rs_event_json {
	struct rs_event_host host;
	struct rs_entity_key key;
	const char *const *env;
	struct rs_clock_text time;
	struct rs_clock_text start;
	struct rs_str text; /* all fragments */
	step_vec steps;	    /* all kinds' */
	uint32_t first[RS_KIND_COUNT + 1]; /* where the steps of a kind begin */
	char path[2][RS_EVENT_PATH_MAX];
};

/* --- preparing --- */

struct builder {
	struct rs_event_json *json;
	enum rs_kind kind;
	size_t pending; /* where the text begins that no step has yet */
	const char *open[DEPTH_MAX]; /* dotted names of the objects that are open */
	size_t open_len[DEPTH_MAX];
	unsigned depth;
	int error;
};

/* Emits a step that takes all pending text as its fragment. */
static void emit(struct builder *b, struct step step, size_t keep)
{
	step.at = (uint32_t)b->pending;
	step.len = (uint16_t)(b->json->text.len - b->pending);
	step.keep = (uint16_t)keep;
	b->pending = b->json->text.len;
	if (rs_vec_push(&b->json->steps, step) < 0)
		b->error = -ENOMEM;
}

static size_t pending(const struct builder *b)
{
	return b->json->text.len - b->pending;
}

static bool for_kind(const struct rs_event_field *field, enum rs_kind kind)
{
	return field->kinds >> kind & 1;
}

static void put_key(struct builder *b, const char *key, size_t len)
{
	struct rs_str *text = &b->json->text;

	rs_str_append_char(text, '"');
	rs_str_append(text, key, len);
	rs_str_append(text, "\":", 2);
}

/* Closes objects until the open one contains the field. */
static void leave_objects(struct builder *b, const char *name)
{
	while (b->depth) {
		size_t len = b->open_len[b->depth - 1];

		if (strncmp(name, b->open[b->depth - 1], len) == 0 && name[len] == '.')
			return;
		if (pending(b))
			emit(b, (struct step){ .code = STEP_COPY }, 0);
		emit(b, (struct step){ .code = STEP_CLOSE }, 0);
		b->depth--;
	}
}

/* Opens those objects of the field's name that are not. Returns the name's last part. */
static const char *enter_objects(struct builder *b, const char *name)
{
	size_t start = b->depth ? b->open_len[b->depth - 1] + 1 : 0;
	const char *dot;

	while ((dot = strchr(name + start, '.'))) {
		size_t keep = pending(b);

		b->open[b->depth] = name;
		b->open_len[b->depth++] = (size_t)(dot - name);
		put_key(b, name + start, (size_t)(dot - name) - start);
		rs_str_append_char(&b->json->text, '{');
		emit(b, (struct step){ .code = STEP_OPEN }, keep);
		start = (size_t)(dot - name) + 1;
	}
	return name + start;
}

static uint8_t step_code(const struct rs_event_field *field)
{
	bool quoted = field->type == RS_TYPE_KEYWORD;

	switch (field->from) {
	case RS_FROM_U16:
		return STEP_U16;
	case RS_FROM_U32:
		return quoted ? STEP_U32_QUOTED : STEP_U32;
	case RS_FROM_S32:
		return STEP_S32;
	case RS_FROM_U64:
		return STEP_U64;
	case RS_FROM_TEXT:
		return STEP_TEXT;
	default:
		return STEP_WRITE;
	}
}

/* The value of a constant becomes part of the pending text, or nothing remains of it. */
static void add_constant(struct builder *b, const struct rs_event_field *field, size_t keep)
{
	struct rs_event_json *json = b->json;
	struct rs_render r = {
		.out = { .str = &json->text },
		.kind = b->kind,
		.host = &json->host,
	};
	size_t before = json->text.len;

	if (rs_str_reserve(&json->text, RS_OUT_ROOM) < 0)
		return;
	r.out.p = json->text.data + json->text.len;
	r.out.end = json->text.data + json->text.cap - 1;
	field->write(&r);
	json->text.len = (size_t)(r.out.p - json->text.data);
	if (json->text.len == before)
		rs_str_truncate(&json->text, b->pending + keep);
	else
		rs_str_append_char(&json->text, ',');
}

static void add_field(struct builder *b, const struct rs_event_field *field)
{
	const char *last;
	size_t keep;

	leave_objects(b, field->name);
	last = enter_objects(b, field->name);
	keep = pending(b);
	put_key(b, last, strlen(last));
	if (field->from == RS_FROM_CONST) {
		add_constant(b, field, keep);
		return;
	}
	emit(b,
	     (struct step){ .code = step_code(field), .where = field->at, .write = field->write },
	     keep);
}

static void add_kind(struct builder *b, enum rs_kind kind)
{
	b->kind = kind;
	b->json->first[kind] = (uint32_t)b->json->steps.len;
	b->pending = b->json->text.len;
	rs_str_append_char(&b->json->text, '{');
	for (size_t i = 0; i < rs_event_fields_count; i++)
		if (for_kind(&rs_event_fields[i], kind))
			add_field(b, &rs_event_fields[i]);
	leave_objects(b, "");
	b->json->first[kind + 1] = (uint32_t)b->json->steps.len;
}

int rs_event_json_new(const struct rs_event_host *host, const char *const *env,
		      struct rs_event_json **ret_json)
{
	_cleanup_(rs_event_json_free) struct rs_event_json *json = calloc(1, sizeof(*json));
	struct builder b = { .json = json };

	if (!json)
		return -ENOMEM;
	json->host = *host;
	json->env = env;
	rs_entity_key_init(&json->key, host->boot_id);
	for (unsigned kind = 0; kind < RS_KIND_COUNT; kind++)
		add_kind(&b, kind);
	/* The last fragment may be copied beyond its end. */
	rs_str_append_fill(&json->text, ' ', COPY_STEP);
	if (b.error || json->text.error)
		return -ENOMEM;
	*ret_json = TAKE_PTR(json);
	return 0;
}

void rs_event_json_free(struct rs_event_json **json)
{
	if (!*json)
		return;
	rs_str_done(&(*json)->text);
	rs_vec_done(&(*json)->steps);
	free(*json);
	*json = NULL;
}

void rs_event_json_set_boot_offset(struct rs_event_json *json, int64_t boot_offset)
{
	json->host.boot_offset = boot_offset;
}

/* --- writing --- */

static inline void copy_fragment(struct rs_out *out, const char *from, size_t len)
{
	char *to = out->p;

	for (size_t i = 0; i < len; i += COPY_STEP)
		memcpy(to + i, from + i, COPY_STEP);
	out->p += len;
}

/* Writes the value of a step; false when there is none. */
static inline bool write_value(struct rs_render *r, const struct step *step)
{
	const char *at = (const char *)r->event->hdr + step->where;
	struct rs_out *out = &r->out;
	const struct rs_text *text;
	size_t before;

	switch (step->code) {
	case STEP_U16:
		rs_out_u64(out, *(const uint16_t *)(const void *)at);
		return true;
	case STEP_U32:
		rs_out_u64(out, *(const uint32_t *)(const void *)at);
		return true;
	case STEP_U32_QUOTED:
		rs_out_quoted(out, *(const uint32_t *)(const void *)at);
		return true;
	case STEP_S32:
		rs_out_i64(out, *(const int32_t *)(const void *)at);
		return true;
	case STEP_U64:
		rs_out_u64(out, *(const uint64_t *)(const void *)at);
		return true;
	case STEP_TEXT:
		text = &r->event->field[step->where];
		if (text->data)
			rs_out_string(out, text->data, text->len);
		return text->data;
	default:
		before = (size_t)(out->p - out->str->data);
		step->write(r);
		return (size_t)(out->p - out->str->data) != before;
	}
}

/* Ends an object: its last comma becomes the brace; an empty one is taken back to where its name
 * began. */
static inline void close_object(struct rs_out *out, size_t start)
{
	if (out->p[-1] == '{') {
		out->p = out->str->data + start;
	} else {
		out->p[-1] = '}';
		*out->p++ = ',';
	}
}

static void run(struct rs_event_json *json, struct rs_render *r, const struct step *step,
		const struct step *end)
{
	struct rs_out *out = &r->out;
	size_t start[DEPTH_MAX];
	unsigned depth = 0;

	for (; step < end; step++) {
		size_t name;

		if (unlikely(!rs_out_need(out, step->len + COPY_STEP + RS_OUT_ROOM)))
			return;
		name = (size_t)(out->p - out->str->data) + step->keep;
		copy_fragment(out, json->text.data + step->at, step->len);
		if (step->code == STEP_OPEN)
			start[depth++] = name;
		else if (step->code == STEP_CLOSE)
			close_object(out, start[--depth]);
		else if (step->code != STEP_COPY && write_value(r, step))
			*out->p++ = ',';
		else if (step->code != STEP_COPY)
			out->p = out->str->data + name;
	}
	out->p[-1] = '}';
	*out->p++ = '\n';
}

int rs_event_json_write(struct rs_event_json *json, const struct rs_event *event,
			struct rs_str *out)
{
	enum rs_kind kind = event->hdr->kind;
	struct rs_render r = {
		.event = event,
		.kind = kind,
		.host = &json->host,
		.key = &json->key,
		.env = json->env,
		.time = &json->time,
		.start = &json->start,
	};
	size_t before = out->len;
	int r_reserve = rs_str_reserve(out, LINE_ROOM);

	if (r_reserve < 0)
		return r_reserve;
	r.out = (struct rs_out){ out->data + out->len, out->data + out->cap - 1, out, false };
	rs_render_paths(&r, json->path[0], json->path[1]);
	run(json, &r, json->steps.items + json->first[kind],
	    json->steps.items + json->first[kind + 1]);
	out->len = r.out.failed ? before : (size_t)(r.out.p - out->data);
	return out->error;
}
