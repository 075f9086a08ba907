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

#define DEPTH_MAX 6    /* of objects */
#define COPY_STEP 16   /* fragments are copied in steps, which may overshoot */
#define LINE_ROOM 2048 /* what most events need */

enum step_code {
	STEP_COPY, /* only the fragment */
	STEP_OPEN, /* the fragment ends in "{": an object that may stay empty */
	STEP_CLOSE,
	STEP_WRITE,
	STEP_GET,
	STEP_TEXT,
	STEP_U16,
	STEP_U32,
	STEP_S32,
	STEP_U64,
	STEP_U32_QUOTED,
};

struct step {
	uint32_t at; /* the fragment, in rs_event_json.text */
	uint16_t len;
	uint16_t keep;  /* bytes of the fragment that stay when the value is taken back */
	uint16_t where; /* offset or tag; STEP_OPEN: steps up to the object's STEP_CLOSE */
	uint16_t when;  /* enum rs_field_when; STEP_OPEN: all the object's fields have it */
	uint8_t code;   /* enum step_code */
	uint8_t back;   /* 1: the fragment begins on the comma that is there */
	union {
		rs_field_fn *write;
		rs_text_fn *get;
	};
};

typedef RS_VEC(struct step) step_vec;

struct rs_event_json {
	struct rs_event_host host;
	struct rs_entity_key key;
	const char *const *env;
	struct rs_clock_text time;
	struct rs_clock_text start;
	struct rs_str text;                /* all fragments */
	step_vec steps;                    /* all kinds' */
	uint32_t first[RS_KIND_COUNT + 1]; /* where the steps of a kind begin */
	struct rs_id_cache ids;
	char path[2][RS_EVENT_PATH_MAX];
};

/* --- preparing --- */

struct builder {
	struct rs_event_json *json;
	enum rs_kind kind;
	size_t pending; /* where the text begins that no step has yet */
	bool back;      /* step.back of that text */
	struct {
		const char *name; /* of the object: the first len bytes */
		size_t len;
		bool sure;   /* has a member in any case */
		size_t step; /* of its STEP_OPEN */
	} open[DEPTH_MAX];
	unsigned depth;
	struct rs_str scratch;
	int error;
};

static size_t pending(const struct builder *b)
{
	return b->json->text.len - b->pending;
}

/* Emits a step that takes all pending text as its fragment. */
static void emit(struct builder *b, struct step step, size_t keep)
{
	step.at = (uint32_t)b->pending;
	step.len = (uint16_t)pending(b);
	step.keep = (uint16_t)keep;
	step.back = b->back;
	b->pending = b->json->text.len;
	b->back = false;
	if (rs_vec_push(&b->json->steps, step) < 0)
		b->error = -ENOMEM;
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

/* Appends the value of a constant, or nothing. */
static void put_constant(struct builder *b, const struct rs_event_field *field, struct rs_str *out)
{
	struct rs_render r = { .kind = b->kind, .host = &b->json->host };

	if (rs_str_reserve(out, RS_OUT_ROOM) < 0)
		return;
	r.out = (struct rs_out){ out->data + out->len, out->data + out->cap - 1, out, false,
				 false };
	field->write(&r);
	out->len = (size_t)(r.out.p - out->data);
}

static bool always_there(struct builder *b, const struct rs_event_field *field)
{
	switch (for_kind(field, b->kind) ? field->from : RS_FROM_WRITE) {
	case RS_FROM_U16:
	case RS_FROM_U32:
	case RS_FROM_S32:
	case RS_FROM_U64:
		return true;
	case RS_FROM_CONST:
		rs_str_reset(&b->scratch);
		put_constant(b, field, &b->scratch);
		return b->scratch.len;
	default:
		return false;
	}
}

static bool in_object(const struct rs_event_field *field, const char *name, size_t len)
{
	return strncmp(field->name, name, len) == 0 && field->name[len] == '.';
}

/* Whether the object that the first len bytes of name stand for has a member in any case. */
static bool never_empty(struct builder *b, const char *name, size_t len)
{
	for (size_t i = 0; i < rs_event_fields_count; i++)
		if (in_object(&rs_event_fields[i], name, len) &&
		    always_there(b, &rs_event_fields[i]))
			return true;
	return false;
}

/* What must be so for any field of such an object to be there; 0: no one thing. */
static uint16_t object_when(const struct builder *b, const char *name, size_t len)
{
	uint16_t when = UINT16_MAX;

	for (size_t i = 0; i < rs_event_fields_count; i++)
		if (for_kind(&rs_event_fields[i], b->kind) &&
		    in_object(&rs_event_fields[i], name, len))
			when &= rs_event_fields[i].when;
	return when;
}

/* The brace takes the place of a comma: the last one of the pending text, or the one that stands
 * before the cursor when the writing comes here. */
static void close_sure(struct builder *b)
{
	struct rs_str *text = &b->json->text;

	if (pending(b))
		rs_str_truncate(text, text->len - 1);
	else
		b->back = true;
	rs_str_append(text, "},", 2);
}

/* Tells the step that opens an object where it ends: at the last step so far. */
static void note_end(struct builder *b, size_t open)
{
	step_vec *steps = &b->json->steps;

	if (!b->error)
		steps->items[open].where = (uint16_t)(steps->len - 1 - open);
}

/* Closes objects until the open one contains the field. */
static void leave_objects(struct builder *b, const char *name)
{
	for (; b->depth; b->depth--) {
		size_t len = b->open[b->depth - 1].len;

		if (strncmp(name, b->open[b->depth - 1].name, len) == 0 && name[len] == '.')
			return;
		if (b->open[b->depth - 1].sure) {
			close_sure(b);
			continue;
		}
		if (pending(b))
			emit(b, (struct step){ .code = STEP_COPY }, 0);
		emit(b, (struct step){ .code = STEP_CLOSE }, 0);
		note_end(b, b->open[b->depth - 1].step);
	}
}

/* Opens those objects of the field's name that are not. Returns the name's last part. */
static const char *enter_objects(struct builder *b, const char *name)
{
	size_t start = b->depth ? b->open[b->depth - 1].len + 1 : 0;
	const char *dot;

	while ((dot = strchr(name + start, '.'))) {
		size_t keep = pending(b), len = (size_t)(dot - name);
		bool sure = never_empty(b, name, len);

		b->open[b->depth].name = name;
		b->open[b->depth].len = len;
		b->open[b->depth].step = b->json->steps.len;
		b->open[b->depth++].sure = sure;
		put_key(b, name + start, len - start);
		rs_str_append_char(&b->json->text, '{');
		if (!sure)
			emit(b,
			     (struct step){
				     .code = STEP_OPEN,
				     .when = object_when(b, name, len),
			     },
			     keep);
		start = len + 1;
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
	case RS_FROM_GET:
		return STEP_GET;
	default:
		return STEP_WRITE;
	}
}

static void add_field(struct builder *b, const struct rs_event_field *field)
{
	struct rs_str *text = &b->json->text;
	size_t keep, value;
	const char *last;

	leave_objects(b, field->name);
	last = enter_objects(b, field->name);
	keep = pending(b);
	put_key(b, last, strlen(last));
	if (field->from != RS_FROM_CONST) {
		struct step step = {
			.code = step_code(field),
			.when = field->when,
			.where = field->at,
			.write = field->write,
		};

		if (field->get)
			step.get = field->get;
		emit(b, step, keep);
		return;
	}
	value = text->len;
	put_constant(b, field, text);
	if (text->len == value)
		rs_str_truncate(text, b->pending + keep);
	else
		rs_str_append_char(text, ',');
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
	if (pending(b))
		emit(b, (struct step){ .code = STEP_COPY }, 0);
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
	rs_str_done(&b.scratch);
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

static inline char *copy_fragment(char *to, const char *from, size_t len)
{
	memcpy(to, from, COPY_STEP);
	for (size_t i = COPY_STEP; i < len; i += COPY_STEP)
		memcpy(to + i, from + i, COPY_STEP);
	return to + len;
}

/* Writes a number at p; returns where it ends, or NULL for a step that is no number. */
static inline char *put_number(char *p, const struct step *step, const struct rs_event *event)
{
	const void *at = (const char *)event->hdr + step->where;
	int32_t v;

	switch (step->code) {
	case STEP_U16:
		return rs_put_u64(p, *(const uint16_t *)at);
	case STEP_U32:
		return rs_put_u64(p, *(const uint32_t *)at);
	case STEP_U64:
		return rs_put_u64(p, *(const uint64_t *)at);
	case STEP_S32:
		v = *(const int32_t *)at;
		if (v < 0)
			*p++ = '-';
		return rs_put_u64(p, v < 0 ? -(uint64_t)v : (uint64_t)v);
	case STEP_U32_QUOTED:
		*p++ = '"';
		p = rs_put_u64(p, *(const uint32_t *)at);
		*p++ = '"';
		return p;
	default:
		return NULL;
	}
}

/* Writes a value that takes a function. */
static inline void write_value(struct rs_render *r, const struct step *step)
{
	struct rs_text text;

	if (step->code == STEP_WRITE) {
		step->write(r);
		return;
	}
	text = step->code == STEP_GET ? step->get(r->event) : r->event->field[step->where];
	if (text.data)
		rs_out_string(&r->out, text.data, text.len);
}

/* Ends an object: its last comma becomes the brace; an empty one is taken back to where its name
 * began. */
static inline char *close_object(char *p, char *start)
{
	if (p[-1] == '{')
		return start;
	p[-1] = '}';
	*p++ = ',';
	return p;
}

/* The cursor is kept in a register, and handed to out only where a function may move it. */
static void run(struct rs_event_json *json, struct rs_render *r, const struct step *step,
		const struct step *last)
{
	const char *text = json->text.data;
	struct rs_out *out = &r->out;
	size_t start[DEPTH_MAX] = { 0 };
	char *p = out->p, *end;
	unsigned depth = 0;

	for (; step < last; step++) {
		size_t room = step->len + (size_t)COPY_STEP + RS_OUT_ROOM, name;

		if (unlikely((size_t)(out->end - p) < room)) {
			out->p = p;
			if (!rs_out_need(out, room))
				return;
			p = out->p;
		}
		p -= step->back;
		name = (size_t)(p - out->str->data) + step->keep;
		p = copy_fragment(p, text + step->at, step->len);
		if (step->code == STEP_COPY)
			continue;
		if (step->code == STEP_OPEN) {
			if (step->when && !(step->when & r->traits)) {
				p = out->str->data + name;
				step += step->where;
				continue;
			}
			start[depth++] = name;
		} else if (step->code == STEP_CLOSE && depth) {
			p = close_object(p, out->str->data + start[--depth]);
		} else if ((end = put_number(p, step, r->event))) {
			p = end;
			*p++ = ',';
		} else {
			size_t value = (size_t)(p - out->str->data);

			out->p = p;
			if (!step->when || step->when & r->traits)
				write_value(r, step);
			p = out->p;
			if (p && (size_t)(p - out->str->data) != value)
				*p++ = ',';
			else
				p = out->str->data + name;
		}
	}
	p[-1] = '}';
	*p++ = '\n';
	out->p = p;
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
		.ids = &json->ids,
		.traits = rs_event_traits(event),
	};
	size_t before = out->len;
	int r_reserve = rs_str_reserve(out, LINE_ROOM);

	if (r_reserve < 0)
		return r_reserve;
	r.out = (struct rs_out){ out->data + out->len, out->data + out->cap - 1, out, false,
				 false };
	rs_render_paths(&r, json->path[0], json->path[1]);
	run(json, &r, json->steps.items + json->first[kind],
	    json->steps.items + json->first[kind + 1]);
	out->len = r.out.failed ? before : (size_t)(r.out.p - out->data);
	return out->error;
}
