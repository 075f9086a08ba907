/* SPDX-License-Identifier: Apache-2.0 */
/* Names of kinds and sensors, and lists of them as users type them. */
#include <errno.h>
#include <string.h>

#include "base/suggest.h"
#include "event/schema.h"

static const char *const kind_names[] = {
#define X(id, name, sensor) [RS_KIND_##id] = #name,
	RS_KINDS(X)
#undef X
};
static_assert(ARRAY_SIZE(kind_names) == RS_KIND_COUNT, "a name for every kind");

static const uint8_t kind_sensors[] = {
#define X(id, name, sensor) [RS_KIND_##id] = RS_SENSOR_##sensor,
	RS_KINDS(X)
#undef X
};

static const char *const sensor_names[] = {
	[RS_SENSOR_PROCESS] = "process", [RS_SENSOR_FILE] = "file",
	[RS_SENSOR_NET] = "network",     [RS_SENSOR_PRIVILEGE] = "privilege",
	[RS_SENSOR_CGROUP] = "cgroup",
};
static_assert(ARRAY_SIZE(sensor_names) == RS_SENSOR_COUNT, "a name for every sensor");

/* What else a sensor may be called in a list. */
static const struct {
	const char *name;
	enum rs_sensor sensor;
} sensor_aliases[] = {
	{ "net", RS_SENSOR_NET },
	{ "files", RS_SENSOR_FILE },
	{ "processes", RS_SENSOR_PROCESS },
	{ "cgroups", RS_SENSOR_CGROUP },
};

#define ALL_KINDS ((1ull << RS_KIND_COUNT) - 1)

const char *rs_kind_to_str(enum rs_kind kind)
{
	return (unsigned)kind < RS_KIND_COUNT ? kind_names[kind] : NULL;
}

int rs_kind_from_str(const char *name)
{
	for (int i = 0; i < RS_KIND_COUNT; i++)
		if (strcmp(name, kind_names[i]) == 0)
			return i;
	return -ENOENT;
}

enum rs_sensor rs_kind_sensor(enum rs_kind kind)
{
	return kind_sensors[kind];
}

const char *rs_sensor_to_str(enum rs_sensor sensor)
{
	return (unsigned)sensor < RS_SENSOR_COUNT ? sensor_names[sensor] : NULL;
}

uint64_t rs_sensor_kinds(enum rs_sensor sensor)
{
	uint64_t kinds = 0;

	for (unsigned i = 0; i < RS_KIND_COUNT; i++)
		if (kind_sensors[i] == sensor)
			kinds |= 1ull << i;
	return kinds;
}

/* The kinds that a word stands for, 0 for an unknown one. */
static uint64_t word_kinds(const char *word)
{
	int kind = rs_kind_from_str(word);

	if (kind >= 0)
		return 1ull << kind;
	if (strcmp(word, "all") == 0)
		return ALL_KINDS;
	for (unsigned i = 0; i < RS_SENSOR_COUNT; i++)
		if (strcmp(word, sensor_names[i]) == 0)
			return rs_sensor_kinds(i);
	for (size_t i = 0; i < ARRAY_SIZE(sensor_aliases); i++)
		if (strcmp(word, sensor_aliases[i].name) == 0)
			return rs_sensor_kinds(sensor_aliases[i].sensor);
	return 0;
}

static int unknown_word(const char *word, struct rs_error *err)
{
	struct rs_suggest suggest;
	int r = rs_error_set(err, -EINVAL, "unknown kind of event \"%s\"", word);

	rs_suggest_init(&suggest, word);
	for (unsigned i = 0; i < RS_KIND_COUNT; i++)
		rs_suggest_offer(&suggest, kind_names[i]);
	for (unsigned i = 0; i < RS_SENSOR_COUNT; i++)
		rs_suggest_offer(&suggest, sensor_names[i]);
	if (rs_suggest_best(&suggest))
		rs_error_hint(err, "did you mean \"%s\"?", rs_suggest_best(&suggest));
	else
		rs_error_hint(err, "kinds are exec, exit, open, unlink, connect ...; "
				   "process, file, network, privilege, cgroup and all stand for "
				   "many");
	return r;
}

/* One word of a list, surrounding blanks removed, into buf. */
static void copy_word(char *buf, size_t size, const char *start, const char *end)
{
	size_t n;

	while (start < end && *start == ' ')
		start++;
	while (end > start && end[-1] == ' ')
		end--;
	n = MIN((size_t)(end - start), size - 1);
	memcpy(buf, start, n);
	buf[n] = '\0';
}

int rs_kinds_parse(const char *list, uint64_t *ret_kinds, struct rs_error *err)
{
	uint64_t kinds = 0;
	bool first = true;

	for (const char *p = list, *end;; p = end + 1, first = false) {
		char word[64];
		bool minus;
		uint64_t bits;

		end = strchrnul(p, ',');
		copy_word(word, sizeof(word), p, end);
		minus = word[0] == '-';
		if (!word[0])
			return rs_error_set(err, -EINVAL, "a kind of event is missing in \"%s\"",
					    list);
		bits = word_kinds(word + minus);
		if (!bits)
			return unknown_word(word + minus, err);
		if (minus && first)
			kinds = ALL_KINDS;
		kinds = minus ? kinds & ~bits : kinds | bits;
		if (!*end)
			break;
	}
	if (!kinds)
		return rs_error_set(err, -EINVAL, "\"%s\" leaves no kind of event", list);
	*ret_kinds = kinds;
	return 0;
}
