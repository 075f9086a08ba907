/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel/lib/latency.h"

#include <signal.h>
#include <string.h>

#include "base/util.h"
#include "tests/kernel/lib/sys.h"
#include "tests/kernel/lib/tap.h"

bool latency_start(struct agent *agent, const char *const args[])
{
	agent_spawn(agent, args, NULL, NULL);
	if (agent_wait_err(agent, "measuring"))
		return true;
	tap_diag("%s", rs_str_cstr(&agent->err_text));
	return false;
}

void latency_hold(struct agent *agent, uint64_t ms)
{
	uint64_t end = boot_ns() + ms * 1000000, now;

	while ((now = boot_ns()) < end)
		agent_pump(agent, (int)((end - now) / 1000000) + 1);
}

const char *text_at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

json_int_t number_at(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

const json_t *find_type(const struct agent *agent, const char *type)
{
	for (size_t i = agent->n_events; i-- > 0;)
		if (!strcmp(text_at(agent->events[i], "type"), type))
			return agent->events[i];
	return NULL;
}

const json_t *find_row(const struct agent *agent, const char *key, const char *text)
{
	const json_t *rows = json_object_get(find_type(agent, "summary"), "rows"), *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		if (strstr(text_at(row, key), text))
			return row;
	}
	return NULL;
}

const json_t *find_slow(const struct agent *agent, const char *what, uint64_t ns)
{
	for (size_t i = 0; i < agent->n_events; i++) {
		const json_t *event = agent->events[i];

		if (!strcmp(text_at(event, "type"), "outlier") &&
		    !strcmp(text_at(event, "what"), what) && (uint64_t)number_at(event, "ns") >= ns)
			return event;
	}
	return NULL;
}

void latency_show(const struct agent *agent)
{
	for (size_t i = 0; i < agent->n_events && i < 12; i++) {
		char *text = json_dumps(agent->events[i], JSON_COMPACT);

		tap_diag("%.1500s", text);
		free(text);
	}
	tap_diag("%.*s", (int)agent->err_text.len, agent->err_text.len ? agent->err_text.data : "");
}

bool latency_skipped(const struct agent *agent)
{
	return agent->err_text.len &&
	       memmem(agent->err_text.data, agent->err_text.len, "skipped", strlen("skipped"));
}

bool is_count(const struct agent *agent, json_int_t count, json_int_t wanted)
{
	return count == wanted || (count < wanted && latency_skipped(agent));
}

static json_int_t count_buckets(const json_t *row)
{
	const json_t *bucket;
	json_int_t sum = 0;
	size_t i;

	json_array_foreach(json_object_get(row, "buckets"), i, bucket)
	{
		json_int_t low = json_integer_value(json_array_get(bucket, 0)),
			   high = json_integer_value(json_array_get(bucket, 1));

		if (high <= low || (low >= 64 && (high - low) * 64 > low))
			return -1; /* wider than promised */
		sum += json_integer_value(json_array_get(bucket, 2));
	}
	return sum;
}

static bool is_rising(const json_t *row)
{
	static const char *const keys[] = { "p50_ns", "p90_ns", "p99_ns", "p999_ns", "max_ns" };

	for (size_t i = 1; i < ARRAY_SIZE(keys); i++)
		if (number_at(row, keys[i]) < number_at(row, keys[i - 1]))
			return false;
	return number_at(row, "sum_ns") >= number_at(row, "max_ns");
}

bool has_function(const json_t *frames, const char *part)
{
	const json_t *frame;
	size_t i;

	json_array_foreach(frames, i, frame)
	{
		if (strstr(text_at(frame, "function"), part))
			return true;
	}
	return false;
}

bool latency_finish(struct agent *agent, const char *name)
{
	int code = agent_stop(agent, SIGINT);
	bool ok = tap_ok(code == 0 && !agent->bad_lines && find_type(agent, "summary"),
			 "%s: ends with a summary, all of it JSON", name);

	if (!ok)
		tap_diag("code %d, %u bad lines", code, agent->bad_lines);
	return ok;
}

size_t count_type(const struct agent *agent, const char *type)
{
	size_t n = 0;

	for (size_t i = 0; i < agent->n_events; i++)
		n += !strcmp(text_at(agent->events[i], "type"), type);
	return n;
}

json_int_t sum_rows(const struct agent *agent)
{
	const json_t *rows = json_object_get(find_type(agent, "summary"), "rows"), *row;
	json_int_t sum = 0;
	size_t i;

	json_array_foreach(rows, i, row) sum += number_at(row, "count");
	return sum;
}

bool is_sound(const json_t *row)
{
	return row && is_rising(row) && count_buckets(row) == number_at(row, "count");
}
