/* SPDX-License-Identifier: Apache-2.0 */
/* The text of docs/events.md: the two tables, and an event of each kind. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "event/schema.h"

static const char *const sample_env[] = { "LANG", NULL };

static const char intro[] =
	"<!-- Made from the tables in src/event: `RINGSIDE_UPDATE=1 make check` writes it anew. -->\n"
	"# Events\n"
	"\n"
	"`ringside run -o json` writes one event per line. Names and values follow the Elastic Common\n"
	"Schema (ECS) wherever it has a word for a thing; what it has none for stands under\n"
	"`ringside`. A dot in a name here is an object in the JSON: `process.pid` is\n"
	"`{\"process\":{\"pid\":1}}`. A field that has nothing to say is left out.\n"
	"\n"
	"- Ids, modes and inode numbers are strings, as ECS has them (`keyword`); counts, sizes and\n"
	"  durations are numbers (`long`, up to 64 bits).\n"
	"- Lines are valid UTF-8. Names of files need not be: each byte that is not UTF-8 is shown as\n"
	"  U+FFFD, and `ringside.path.bytes` has them all in hexadecimal.\n"
	"- `event.outcome` is that of the call; failed ones are events too, with `ringside.errno`.\n"
	"- A path comes from the kernel's own objects wherever the hook allows it. Where only the\n"
	"  process's argument was to be had, `ringside.path.source` says so. It is then joined to the\n"
	"  directory it starts from, which is the kernel's; a `..` after a name is kept, as that name\n"
	"  may be a symbolic link.\n"
	"- Whom an event belongs to is told as far as it is known: `process.parent` and\n"
	"  `ringside.ancestors` for the processes above, `container`, and for pods `orchestrator`\n"
	"  and `kubernetes`, `systemd.unit` for what runs in no container. Labels keep their names,\n"
	"  but for dots, which become underscores; 64 of them are shown.\n";

static void write_kinds(struct rs_str *out)
{
	rs_str_append_cstr(
		out,
		"\n## Kinds\n\n"
		"| kind | sensor | `event.category` | `event.type` | `event.action` | what happened |\n"
		"|---|---|---|---|---|---|\n");
	for (unsigned i = 0; i < RS_KIND_COUNT; i++) {
		const struct rs_event_kind *kind = &rs_event_kinds[i];

		rs_str_appendf(out, "| `%s` | %s | %s | %s | `%s` | %s |\n", rs_kind_to_str(i),
			       rs_sensor_to_str(rs_kind_sensor(i)), kind->category, kind->type,
			       kind->action, kind->what);
	}
}

/* "all", sensors' names for all of their kinds, names of the others. */
static void write_kind_set(struct rs_str *out, uint64_t kinds)
{
	const char *comma = "";

	if (kinds == (1ull << RS_KIND_COUNT) - 1) {
		rs_str_append_cstr(out, "all");
		return;
	}
	for (unsigned i = 0; i < RS_SENSOR_COUNT; i++) {
		uint64_t own = rs_sensor_kinds(i);

		if ((kinds & own) != own)
			continue;
		rs_str_appendf(out, "%s%s", comma, rs_sensor_to_str(i));
		kinds &= ~own;
		comma = ", ";
	}
	for (unsigned i = 0; i < RS_KIND_COUNT; i++) {
		if (!(kinds >> i & 1))
			continue;
		rs_str_appendf(out, "%s`%s`", comma, rs_kind_to_str(i));
		comma = ", ";
	}
}

static void write_value(struct rs_str *out, const struct rs_json_value *v)
{
	const char *comma = "";

	switch (v->type) {
	case RS_JSON_STRING:
		rs_str_append(out, v->str, v->len);
		break;
	case RS_JSON_BOOL:
		rs_str_append_cstr(out, v->boolean ? "true" : "false");
		break;
	case RS_JSON_NUMBER:
		if (v->number == RS_JSON_I64)
			rs_str_append_i64(out, v->i64);
		else
			rs_str_append_u64(out, v->u64);
		break;
	case RS_JSON_ARRAY:
		for (v = v->child; v; v = v->next, comma = ", ") {
			rs_str_append_cstr(out, comma);
			write_value(out, v);
		}
		break;
	case RS_JSON_OBJECT:
		for (v = v->child; v; v = v->next, comma = ", ") {
			rs_str_appendf(out, "%s%s=", comma, v->key);
			write_value(out, v);
		}
		break;
	default:
		break;
	}
}

/* The sample events, parsed; where the examples in the table of fields come from. */
struct samples {
	struct rs_str line[RS_KIND_COUNT];
	struct rs_json_value *root[RS_KIND_COUNT];
	struct rs_arena arena;
	_Alignas(8) char record[RS_RECORD_MAX];
};

static void free_samples(struct samples **s)
{
	if (!*s)
		return;
	for (unsigned i = 0; i < RS_KIND_COUNT; i++)
		rs_str_done(&(*s)->line[i]);
	rs_arena_done(&(*s)->arena);
	free(*s);
	*s = NULL;
}

static int render_sample(struct samples *s, struct rs_event_json *json, enum rs_kind kind)
{
	struct rs_event event;
	int r = rs_event_decode(s->record, rs_event_sample(kind, s->record), &event);

	if (r < 0)
		return r;
	rs_event_sample_origin(&event);
	r = rs_event_json_write(json, &event, &s->line[kind]);
	if (r < 0)
		return r;
	return rs_json_parse(&s->arena, s->line[kind].data, s->line[kind].len, &s->root[kind],
			     NULL);
}

static int make_samples(struct samples **ret_samples)
{
	_cleanup_(free_samples) struct samples *s = calloc(1, sizeof(*s));
	_cleanup_(rs_event_json_free) struct rs_event_json *json = NULL;
	struct rs_event_host host;
	int r;

	if (!s)
		return -ENOMEM;
	rs_event_sample_host(&host);
	r = rs_event_json_new(&host, sample_env, &json);
	for (unsigned i = 0; i < RS_KIND_COUNT && r >= 0; i++)
		r = render_sample(s, json, i);
	if (r < 0)
		return r;
	*ret_samples = TAKE_PTR(s);
	return 0;
}

/* A value from the first sample that has one. */
static void write_example(struct rs_str *out, const struct samples *s,
			  const struct rs_event_field *field)
{
	for (unsigned i = 0; i < RS_KIND_COUNT; i++) {
		const struct rs_json_value *v = NULL;

		if (field->kinds >> i & 1)
			v = rs_json_get(s->root[i], field->name);
		if (!v)
			continue;
		rs_str_append_char(out, '`');
		write_value(out, v);
		rs_str_append_char(out, '`');
		return;
	}
}

/* A name may have several rows, for different kinds: they are one in the documentation. */
static uint64_t all_kinds(const struct rs_event_field *field)
{
	uint64_t kinds = 0;

	for (size_t i = 0; i < rs_event_fields_count; i++)
		if (strcmp(rs_event_fields[i].name, field->name) == 0)
			kinds |= rs_event_fields[i].kinds;
	return kinds;
}

static bool seen_before(const struct rs_event_field *field)
{
	for (const struct rs_event_field *f = rs_event_fields; f < field; f++)
		if (strcmp(f->name, field->name) == 0)
			return true;
	return false;
}

static void write_fields(struct rs_str *out, const struct samples *s)
{
	rs_str_append_cstr(out, "\n## Fields\n\n"
				"| field | type | kinds | meaning | example |\n"
				"|---|---|---|---|---|\n");
	for (size_t i = 0; i < rs_event_fields_count; i++) {
		const struct rs_event_field *field = &rs_event_fields[i];

		if (seen_before(field))
			continue;
		rs_str_appendf(out, "| `%s%s` | %s | ", field->name,
			       field->type == RS_TYPE_LABELS ? ".*" : "",
			       rs_field_type_to_str(field->type));
		write_kind_set(out, all_kinds(field));
		rs_str_appendf(out, " | %s | ", field->what);
		write_example(out, s, field);
		rs_str_append_cstr(out, " |\n");
	}
}

/* An exec that stands for a whole life: it has the end with it. */
static int write_life(struct rs_str *out, struct samples *s)
{
	_cleanup_(rs_event_json_free) struct rs_event_json *json = NULL;
	_Alignas(8) char end[sizeof(struct rs_exit)];
	struct rs_event_host host;
	struct rs_event event;
	int r;

	rs_str_append_cstr(
		out, "\n## A whole life in one event\n\n"
		     "`--aggregate` gives one event for a process that starts and ends within a\n"
		     "second, an exec (or a fork, where it ran no other program) with what its\n"
		     "exit had to tell.\n\n```json\n");
	rs_event_sample_host(&host);
	r = rs_event_json_new(&host, sample_env, &json);
	if (r < 0)
		return r;
	rs_event_sample(RS_KIND_EXIT, s->record);
	memcpy(end, s->record, sizeof(end));
	r = rs_event_decode(s->record, rs_event_sample(RS_KIND_EXEC, s->record), &event);
	if (r < 0)
		return r;
	rs_event_sample_origin(&event);
	event.end = (const struct rs_exit *)(const void *)end;
	r = rs_event_json_write(json, &event, out);
	rs_str_append_cstr(out, "```\n");
	return r;
}

static void write_examples(struct rs_str *out, const struct samples *s)
{
	rs_str_append_cstr(out, "\n## An event of each kind\n\n"
				"One line each in the output.\n");
	for (unsigned i = 0; i < RS_KIND_COUNT; i++) {
		rs_str_appendf(out, "\n### %s\n\n%s\n\n```json\n", rs_kind_to_str(i),
			       rs_event_kinds[i].what);
		rs_str_append(out, s->line[i].data, s->line[i].len);
		rs_str_append_cstr(out, "```\n");
	}
}

int rs_event_write_docs(struct rs_str *out)
{
	_cleanup_(free_samples) struct samples *s = NULL;
	int r = make_samples(&s);

	if (r < 0)
		return r;
	rs_str_append_cstr(out, intro);
	write_kinds(out);
	write_fields(out, s);
	write_examples(out, s);
	r = write_life(out, s);
	return r < 0 ? r : out->error;
}
