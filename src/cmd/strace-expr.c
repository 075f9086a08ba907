/* SPDX-License-Identifier: Apache-2.0 */
/* -e EXPR of strace(1): trace=, signal=, status= and what else makes sense here. */
#include <errno.h>
#include <string.h>

#include "base/suggest.h"
#include "base/units.h"
#include "base/util.h"
#include "cmd/strace.h"

#define SIGNALS 64

static int find_signal(const char *word, size_t n)
{
	char name[32];
	uint64_t number;

	if (n >= sizeof(name))
		return 0;
	memcpy(name, word, n);
	name[n] = '\0';
	if (!rs_units_parse_u64(name, SIGNALS, &number, NULL))
		return (int)number;
	for (int i = 1; i <= SIGNALS; i++) {
		const char *have = rs_signal_name(i);

		if (!have)
			continue;
		if (!strcasecmp(have, name) ||
		    (!strncmp(have, "SIG", 3) && !strcasecmp(have + 3, name)))
			return i;
	}
	return 0;
}

static int take_signals(struct rs_strace_settings *settings, const char *text, struct rs_error *err)
{
	bool not = *text == '!';
	uint64_t set = 0;

	text += not ;
	for (const char *word = text;; word++) {
		size_t n = strcspn(word, ",");
		int signal = find_signal(word, n);

		if (n == 3 && !strncmp(word, "all", n))
			set = ~0ull;
		else if (signal)
			set |= 1ull << (signal - 1);
		else if (n != 4 || strncmp(word, "none", n) != 0)
			return rs_error_set(err, -EINVAL, "there is no signal \"%.*s\"",
					    n > 40 ? 40 : (int)n, word);
		word += n;
		if (!*word)
			break;
	}
	settings->signals = not ? ~set : set;
	return 0;
}

static int take_calls(struct rs_strace_settings *settings, const char *text, struct rs_error *err)
{
	settings->some = strcmp(text, "all") != 0;
	return settings->some ? rs_call_set_parse(text, &settings->calls, err) : 0;
}

static int take_status(struct rs_strace_settings *settings, const char *text, struct rs_error *err)
{
	if (!strcmp(text, "failed") || !strcmp(text, "!successful"))
		settings->failed = true;
	else if (!strcmp(text, "successful") || !strcmp(text, "!failed"))
		settings->successful = true;
	else if (strcmp(text, "all") != 0)
		return rs_error_set(err, -EINVAL,
				    "the status \"%s\" is none of successful, failed, all", text);
	return 0;
}

static int take_whole(bool *field, const char *text, struct rs_error *err)
{
	if (!strcmp(text, "all"))
		*field = true;
	else if (!strcmp(text, "none"))
		*field = false;
	else
		return rs_error_set(err, -EINVAL, "only \"all\" and \"none\" are possible here");
	return 0;
}

static int take_raw(struct rs_strace_settings *settings, const char *text, struct rs_error *err)
{
	return take_whole(&settings->raw, text, err);
}

static int take_abbrev(struct rs_strace_settings *settings, const char *text, struct rs_error *err)
{
	bool abbrev = true;
	int r = take_whole(&abbrev, text, err);

	if (!r)
		settings->verbose = !abbrev;
	return r;
}

static int take_fds(struct rs_strace_settings *settings, const char *text, struct rs_error *err)
{
	(void)err;
	settings->fds = !strcmp(text, "none") ? 0 : !strcmp(text, "path") ? 1 : 2;
	return 0;
}

static int take_quiet(struct rs_strace_settings *settings, const char *text, struct rs_error *err)
{
	(void)err;
	settings->quiet = strstr(text, "exit") || !strcmp(text, "all") ? 2 : 1;
	return 0;
}

static int refuse(struct rs_strace_settings *settings, const char *text, struct rs_error *err)
{
	(void)settings;
	(void)text;
	return rs_error_set(err, -EINVAL,
			    "this is not possible here: processes are watched and never changed");
}

static const struct expression {
	const char *name;
	int (*take)(struct rs_strace_settings *settings, const char *text, struct rs_error *err);
} expressions[] = {
	{ "trace", take_calls },     { "t", take_calls },        { "signal", take_signals },
	{ "signals", take_signals }, { "s", take_signals },      { "status", take_status },
	{ "raw", take_raw },         { "x", take_raw },          { "abbrev", take_abbrev },
	{ "a", take_abbrev },        { "decode-fds", take_fds }, { "quiet", take_quiet },
	{ "q", take_quiet },         { "inject", refuse },       { "fault", refuse },
	{ "kvm", refuse },
};

static const struct expression *find_expression(const char *text, size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(expressions); i++)
		if (strlen(expressions[i].name) == n && !strncmp(expressions[i].name, text, n))
			return &expressions[i];
	return NULL;
}

int rs_strace_take_expression(struct rs_strace_settings *settings, const char *text,
			      struct rs_error *err)
{
	const char *equals = strchr(text, '=');
	const struct expression *e;

	if (!equals)
		return take_calls(settings, text, err);
	e = find_expression(text, (size_t)(equals - text));
	if (!e)
		return rs_error_set(err, -EINVAL,
				    "there is no \"%.*s\" here; there are trace, signal, status, "
				    "abbrev, raw, decode-fds, quiet",
				    (int)MIN(equals - text, 40), text);
	return e->take(settings, equals + 1, err);
}
