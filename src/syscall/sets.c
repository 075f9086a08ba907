/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of system calls: -e trace=SET. */
#include <errno.h>
#include <regex.h>
#include <string.h>

#include "base/suggest.h"
#include "base/util.h"
#include "syscall/call.h"
#include "syscall/syscall.h"

/* Letters are those of struct rs_call's classes. */
static const struct {
	const char *name;
	const char *letters;
} groups[] = {
	{ "%clock", "t" },    { "%creds", "c" },     { "%desc", "d" },    { "%file", "f" },
	{ "%fstat", "3" },    { "%fstatfs", "5" },   { "%ipc", "i" },     { "%lstat", "2" },
	{ "%memory", "m" },   { "%net", "n" },       { "%network", "n" }, { "%process", "p" },
	{ "%pure", "u" },     { "%signal", "s" },    { "%stat", "1" },    { "%statfs", "4" },
	{ "%%stat", "1236" }, { "%%statfs", "457" },
};

/* Names that strace knew before there was a percent sign. */
static const char *const bare[] = { "desc", "file",    "ipc",     "memory",
				    "net",  "network", "process", "signal" };

struct adding {
	struct rs_call_set *set;
	const char *letters;
	const regex_t *pattern;
	bool found;
};

static void put(struct rs_call_set *set, unsigned nr)
{
	if (nr < RS_CALLS_MAX)
		set->bits[nr / 64] |= UINT64_C(1) << (nr % 64);
}

static void add_class(void *data, const struct rs_call *call)
{
	struct adding *a = data;

	if (strpbrk(call->classes, a->letters))
		put(a->set, call->number);
}

static void add_match(void *data, const struct rs_call *call)
{
	struct adding *a = data;

	if (regexec(a->pattern, call->name, 0, NULL, 0))
		return;
	put(a->set, call->number);
	a->found = true;
}

static int add_pattern(struct rs_call_set *set, const char *text, struct rs_error *err)
{
	struct adding a = { .set = set };
	regex_t pattern;

	if (regcomp(&pattern, text, REG_EXTENDED | REG_NOSUB))
		return rs_error_set(err, -EINVAL, "\"/%s\" is no regular expression", text);
	a.pattern = &pattern;
	rs_call_each(add_match, &a);
	regfree(&pattern);
	return a.found ? 0 : rs_error_set(err, -EINVAL, "no system call matches \"/%s\"", text);
}

static const char *group_letters(const char *word)
{
	bool percent = word[0] == '%';

	for (size_t i = 0; !percent && i < ARRAY_SIZE(bare); i++)
		percent |= !strcmp(bare[i], word);
	for (size_t i = 0; percent && i < ARRAY_SIZE(groups); i++)
		if (!strcmp(groups[i].name + (word[0] != '%'), word))
			return groups[i].letters;
	return NULL;
}

static void offer(void *data, const struct rs_call *call)
{
	rs_suggest_offer(data, call->name);
}

static int unknown(const char *word, struct rs_error *err)
{
	struct rs_suggest s;
	const char *best;

	rs_suggest_init(&s, word);
	rs_call_each(offer, &s);
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		rs_suggest_offer(&s, groups[i].name);
	best = rs_suggest_best(&s);
	rs_error_set(err, -EINVAL, "unknown system call or group \"%s\"", word);
	if (best)
		rs_error_hint(err, "did you mean \"%s\"?", best);
	return -EINVAL;
}

static int add_word(struct rs_call_set *set, const char *word, struct rs_error *err)
{
	struct adding a = { .set = set };
	bool lenient = word[0] == '?';
	const struct rs_call *call;
	char *end;
	unsigned long nr;

	word += lenient;
	if (!strcmp(word, "none"))
		return 0;
	if (!strcmp(word, "all")) {
		memset(set->bits, 0xff, sizeof(set->bits));
		return 0;
	}
	if (word[0] == '/')
		return add_pattern(set, word + 1, err);
	a.letters = group_letters(word);
	if (a.letters) {
		rs_call_each(add_class, &a);
		return 0;
	}
	call = rs_call_find(word);
	nr = call ? call->number : strtoul(word, &end, 10);
	if (!call && (word[0] < '0' || word[0] > '9' || *end || nr >= RS_CALLS_MAX))
		return lenient ? 0 : unknown(word, err);
	put(set, (unsigned)nr);
	return 0;
}

int rs_call_set_parse(const char *text, struct rs_call_set *ret_set, struct rs_error *err)
{
	_cleanup_(rs_cleanup_free) char *copy = NULL;
	struct rs_call_set set = { 0 };
	bool negated = text[0] == '!';
	char *rest, *word;
	int r;

	copy = strdup(text + negated);
	if (!copy)
		return rs_error_set_errno(err, -ENOMEM, "reading a set of system calls");
	rest = copy;
	while ((word = strsep(&rest, ","))) {
		r = *word ? add_word(&set, word, err) : unknown("", err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; negated && i < ARRAY_SIZE(set.bits); i++)
		set.bits[i] = ~set.bits[i];
	*ret_set = set;
	return 0;
}
