/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any bytes as a configuration file. It is read, or refused with mistakes that have a place and a
 * text; what is read can be read again over itself, with the same outcome.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

static void check_mistakes(const struct rs_config_mistakes *mistakes, size_t size)
{
	CHECK(mistakes->len && mistakes->len <= RS_CONFIG_MISTAKES_MAX);
	CHECK(!mistakes->more || mistakes->len == RS_CONFIG_MISTAKES_MAX);
	for (size_t i = 0; i < mistakes->len; i++) {
		const struct rs_config_mistake *mistake = &mistakes->items[i];

		CHECK(mistake->line && mistake->line <= size + 1);
		CHECK(mistake->column && mistake->column <= size + 1);
		CHECK(mistake->text[0] && strlen(mistake->text) < sizeof(mistake->text));
	}
}

static bool same_list(const struct rs_opt_list *a, const struct rs_opt_list *b)
{
	bool same = a->len == b->len;

	for (size_t i = 0; same && i < a->len; i++)
		same = strcmp(a->items[i], b->items[i]) == 0;
	return same;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rs_config_mistakes mistakes;
	struct rs_agent_options options, again;
	struct rs_error err = RS_ERROR_INIT;
	int r;

	rs_agent_options_init(&options);
	rs_agent_options_init(&again);
	r = rs_config_parse(data, size, &options, &mistakes, &err);
	CHECK(r == err.code);
	if (r == -EINVAL)
		check_mistakes(&mistakes, size);
	else
		CHECK(!mistakes.len || r == -ENOMEM);
	/* Reading a second time, over what was read, changes nothing: nothing adds up. */
	if (!r) {
		CHECK(rs_config_parse(data, size, &again, NULL, NULL) == 0);
		CHECK(rs_config_parse(data, size, &again, NULL, NULL) == 0);
		CHECK(options.kinds == again.kinds && options.memory == again.memory);
		CHECK(same_list(&options.uids, &again.uids));
		CHECK(same_list(&options.paths, &again.paths));
	}
	rs_agent_options_done(&options);
	rs_agent_options_done(&again);
	return 0;
}
