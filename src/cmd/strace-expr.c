/* SPDX-License-Identifier: Apache-2.0 */
/* -e EXPR of strace(1): trace=, signal=, status= and what else makes sense here. */
#include <errno.h>
#include <string.h>

#include "base/suggest.h"
#include "base/units.h"
#include "base/util.h"
#include "cmd/strace.h"

#define SIGNALS 64

/* One of a list's words, for whoever has it split. */
typedef int word_fn(struct rs_strace_settings *settings, const char *word, size_t n,
		    struct rs_error *err);

static bool is_word(const char *word, size_t n, const char *name)
{
	return strlen(name) == n && !strncmp(word, name, n);
}

static int each_word(struct rs_strace_settings *settings, const char *text, word_fn *take,
		     struct rs_error *err)
{
	int r = 0;

	for (const char *word = text; !r; word++) {
		size_t n = strcspn(word, ",");

		r = take(settings, word, n, err);
		word += n;
		if (!*word)
			break;
	}
	return r;
}

static int no_word(const char *what, const char *word, size_t n, const char *words,
		   struct rs_error *err)
{
	return rs_error_set(err, -EINVAL, "there is no %s \"%.*s\"; there are %s", what,
			    n > 40 ? 40 : (int)n, word, words);
}

/* --- signals --- */

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

static int take_signal(struct rs_strace_settings *settings, const char *word, size_t n,
		       struct rs_error *err)
{
	int signal = find_signal(word, n);

	if (is_word(word, n, "all"))
		settings->signals = ~0ull;
	else if (signal)
		settings->signals |= 1ull << (signal - 1);
	else if (!is_word(word, n, "none"))
		return rs_error_set(err, -EINVAL, "there is no signal \"%.*s\"",
				    n > 40 ? 40 : (int)n, word);
	return 0;
}

static int take_signals(struct rs_strace_settings *settings, const char *text, struct rs_error *err)
{
	bool not = *text == '!';
	int r;

	settings->signals = 0;
	r = each_word(settings, text + not, take_signal, err);
	if (not )
		settings->signals = ~settings->signals;
	return r;
}

/* --- system calls --- */

static int take_calls(struct rs_strace_settings *settings, const char *text, struct rs_error *err)
{
	settings->some = strcmp(text, "all") != 0;
	return settings->some ? rs_call_set_parse(text, &settings->calls, err) : 0;
}

static void invert(struct rs_call_set *set)
{
	for (size_t i = 0; i < ARRAY_SIZE(set->bits); i++)
		set->bits[i] = ~set->bits[i];
}

static bool is_all(const struct rs_call_set *set)
{
	for (size_t i = 0; i < ARRAY_SIZE(set->bits); i++)
		if (~set->bits[i])
			return false;
	return true;
}

static bool is_none(const struct rs_call_set *set)
{
	for (size_t i = 0; i < ARRAY_SIZE(set->bits); i++)
		if (set->bits[i])
			return false;
	return true;
}

static int take_raw(struct rs_strace_settings *settings, const char *text, struct rs_error *err)
{
	struct rs_call_set *set = &settings->exceptions.raw;
	int r = rs_call_set_parse(text, set, err);

	/* of nobody's arguments is memory read then */
	settings->raw = !r && is_all(set);
	return r;
}

/* Not abbreviated is what is left over. */
static int take_abbrev(struct rs_strace_settings *settings, const char *text, struct rs_error *err)
{
	struct rs_call_set *set = &settings->exceptions.whole;
	int r = rs_call_set_parse(text, set, err);

	invert(set);
	settings->verbose = !r && !is_none(set);
	return r;
}

static int take_verbose(struct rs_strace_settings *settings, const char *text, struct rs_error *err)
{
	int r = rs_call_set_parse(text, &settings->exceptions.addresses, err);

	invert(&settings->exceptions.addresses);
	return r;
}

/* --- results --- */

static int take_status_word(struct rs_strace_settings *settings, const char *word, size_t n,
			    struct rs_error *err)
{
	if (is_word(word, n, "failed"))
		settings->failed = true;
	else if (is_word(word, n, "successful"))
		settings->successful = true;
	else if (is_word(word, n, "unfinished") || is_word(word, n, "unavailable") ||
		 is_word(word, n, "detached"))
		return rs_error_set(err, -EINVAL,
				    "the status \"%.*s\" cannot be chosen: calls are judged when "
				    "they end, as successful or failed",
				    (int)n, word);
	else
		return no_word("status", word, n, "successful, failed, all, none", err);
	return 0;
}

static int take_status(struct rs_strace_settings *settings, const char *text, struct rs_error *err)
{
	bool not = *text == '!', failed;
	int r;

	settings->failed = settings->successful = false;
	if (!strcmp(text, "all") || !strcmp(text, "!none"))
		return 0;
	if (!strcmp(text, "none") || !strcmp(text, "!all"))
		return rs_error_set(err, -EINVAL, "the status \"%s\" leaves nothing", text);
	r = each_word(settings, text + not, take_status_word, err);
	failed = settings->failed;
	if (failed && settings->successful) /* both: all, or nothing of them */
		settings->failed = settings->successful = not ;
	else if (not )
		settings->failed = !failed, settings->successful = failed;
	return r;
}

/* --- how lines look --- */

static int take_fds_word(struct rs_strace_settings *settings, const char *word, size_t n,
			 struct rs_error *err)
{
	if (is_word(word, n, "path"))
		settings->fds = MAX(settings->fds, 1u);
	else if (is_word(word, n, "all") || is_word(word, n, "socket") || is_word(word, n, "dev") ||
		 is_word(word, n, "pidfd"))
		settings->fds = 2;
	else if (!is_word(word, n, "none"))
		return no_word("word", word, n, "path, socket, dev, pidfd, all, none", err);
	return 0;
}

static int take_fds(struct rs_strace_settings *settings, const char *text, struct rs_error *err)
{
	settings->fds = 0;
	return each_word(settings, text, take_fds_word, err);
}

static int take_pids_word(struct rs_strace_settings *settings, const char *word, size_t n,
			  struct rs_error *err)
{
	if (is_word(word, n, "comm") || is_word(word, n, "all"))
		settings->comm = true;
	else if (is_word(word, n, "pidns"))
		return rs_error_set(
			err, -EINVAL,
			"numbers are those of the first pid namespace already, as ps on "
			"the host has them");
	else if (!is_word(word, n, "none"))
		return no_word("word", word, n, "comm, none", err);
	return 0;
}

static int take_pids(struct rs_strace_settings *settings, const char *text, struct rs_error *err)
{
	settings->comm = false;
	return each_word(settings, text, take_pids_word, err);
}

static int take_quiet_word(struct rs_strace_settings *settings, const char *word, size_t n,
			   struct rs_error *err)
{
	static const char *const never[] = { "none",        "path-resolution", "path-resolve",
					     "personality", "thread-execve",   "superseded" };

	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		if (is_word(word, n, never[i]))
			return 0;
	if (is_word(word, n, "attach"))
		settings->quiet |= RS_STRACE_QUIET_ATTACH;
	else if (is_word(word, n, "exit"))
		settings->quiet |= RS_STRACE_QUIET_EXIT;
	else if (is_word(word, n, "all"))
		settings->quiet |= RS_STRACE_QUIET_ATTACH | RS_STRACE_QUIET_EXIT;
	else
		return no_word("message", word, n, "attach, exit, all, none", err);
	return 0;
}

static int take_quiet(struct rs_strace_settings *settings, const char *text, struct rs_error *err)
{
	settings->quiet = 0;
	settings->quiet_set = true;
	return each_word(settings, text, take_quiet_word, err);
}

/* --- what is not possible --- */

static int refuse_change(struct rs_strace_settings *settings, const char *text,
			 struct rs_error *err)
{
	(void)settings;
	(void)text;
	return rs_error_set(err, -EINVAL,
			    "this is not possible here: processes are watched and never changed");
}

static int refuse_kvm(struct rs_strace_settings *settings, const char *text, struct rs_error *err)
{
	(void)settings;
	(void)text;
	return rs_error_set(err, -EINVAL, "what virtual CPUs left for is not shown");
}

static int refuse_dump(struct rs_strace_settings *settings, const char *text, struct rs_error *err)
{
	(void)settings;
	(void)text;
	return rs_error_set(
		err, -EINVAL,
		"contents are shown in the lines: -s 7680 -xx has them whole, up to 7680 "
		"bytes of each call");
}

static const struct expression {
	const char *name;
	int (*take)(struct rs_strace_settings *settings, const char *text, struct rs_error *err);
} expressions[] = {
	{ "trace", take_calls },     { "t", take_calls },         { "signal", take_signals },
	{ "signals", take_signals }, { "s", take_signals },       { "status", take_status },
	{ "raw", take_raw },         { "x", take_raw },           { "abbrev", take_abbrev },
	{ "a", take_abbrev },        { "verbose", take_verbose }, { "v", take_verbose },
	{ "decode-fds", take_fds },  { "decode-fd", take_fds },   { "decode-pids", take_pids },
	{ "decode-pid", take_pids }, { "quiet", take_quiet },     { "silent", take_quiet },
	{ "silence", take_quiet },   { "q", take_quiet },         { "read", refuse_dump },
	{ "reads", refuse_dump },    { "r", refuse_dump },        { "write", refuse_dump },
	{ "writes", refuse_dump },   { "w", refuse_dump },        { "inject", refuse_change },
	{ "fault", refuse_change },  { "kvm", refuse_kvm },
};

static const struct expression *find_expression(const char *text, size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(expressions); i++)
		if (is_word(text, n, expressions[i].name))
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
				    "abbrev, verbose, raw, decode-fds, decode-pids, quiet",
				    (int)MIN(equals - text, 40), text);
	return e->take(settings, equals + 1, err);
}

int rs_strace_take_precision(const char *text, size_t n, unsigned *ret_digits, struct rs_error *err)
{
	static const char *const units[] = { "s", "ms", "us", "ns" };

	for (unsigned i = 0; i < ARRAY_SIZE(units); i++)
		if (is_word(text, n, units[i])) {
			*ret_digits = i * 3;
			return 0;
		}
	return no_word("precision", text, n, "s, ms, us, ns", err);
}
