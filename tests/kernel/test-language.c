/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docs/language.md: every example in it is run. What a block is stands behind its ```bt:
 *
 *	run           ends by itself, with 0
 *	output        the same, and prints what the ```text block behind it says
 *	check         can be compiled, loaded and attached (--dry-run)
 *	error         is refused, and told of with the words in the ```text blocks behind it
 *
 * and words behind that: unsafe, json, needs=WHAT (a line of --info, the least release of the kernel, or
 * a path), cmd="COMMAND" (-c), args=PARAMETERS up to the end of the line.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/str.h"
#include "base/util.h"
#include "tests/kernel/lib/again.h"
#include "tests/kernel/lib/tap.h"

#define WORDS        24
#define EXPECTATIONS 4
#define OPTION_MAX   256

/* The lines of the page, made by the build. */
static const char *const page[] = {
#include "language.inc"
};

struct block {
	unsigned line; /* of its ```bt, from 1 */
	const char *info;
	struct rs_str script;
	struct rs_str expected[EXPECTATIONS];
	unsigned n_expected;
};

static struct outcome facts; /* of --info */

/* --- reading the page --- */

static bool begins(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* The lines up to the closing fence; where the line behind it is. */
static size_t read_fenced(size_t at, struct rs_str *text)
{
	for (; at < ARRAY_SIZE(page) && strcmp(page[at], "```") != 0; at++) {
		rs_str_append_cstr(text, page[at]);
		rs_str_append_char(text, '\n');
	}
	return at + 1;
}

static size_t read_block(size_t at, struct block *block)
{
	*block = (struct block){ .line = (unsigned)at + 1, .info = page[at] + strlen("```bt") };
	at = read_fenced(at + 1, &block->script);
	while (at < ARRAY_SIZE(page) && !strcmp(page[at], "```text")) {
		if (block->n_expected == EXPECTATIONS)
			tap_bail("line %u: too many blocks of text behind it", block->line);
		at = read_fenced(at + 1, &block->expected[block->n_expected++]);
	}
	return at;
}

static void block_done(struct block *block)
{
	rs_str_done(&block->script);
	for (unsigned i = 0; i < block->n_expected; i++)
		rs_str_done(&block->expected[i]);
}

/* --- what is said of a block --- */

/* The next word, quotes around a value taken off. False: there is none. */
static bool next_word(const char **info, char *word, size_t size)
{
	size_t n = 0;
	bool quoted = false;

	while (**info == ' ')
		++*info;
	for (; **info && (quoted || **info != ' '); ++*info) {
		if (**info == '"')
			quoted = !quoted;
		else if (n + 1 < size)
			word[n++] = **info;
	}
	word[n] = '\0';
	return n > 0;
}

/* 5.13 or later, of "5.13". */
static bool has_release(const char *least)
{
	struct utsname name;
	int wanted[2] = { 0 }, found[2] = { 0 };

	if (uname(&name) < 0 || sscanf(least, "%d.%d", &wanted[0], &wanted[1]) != 2 ||
	    sscanf(name.release, "%d.%d", &found[0], &found[1]) != 2)
		return false;
	return found[0] > wanted[0] || (found[0] == wanted[0] && found[1] >= wanted[1]);
}

/* A line "  WHAT: yes" or "  ... (WHAT): yes" of --info; bails out where it says nothing of it. */
static bool has_fact(const char *what)
{
	char line[OPTION_MAX], in_parentheses[OPTION_MAX];
	const char *found;

	snprintf(line, sizeof(line), "\n  %s: ", what);
	snprintf(in_parentheses, sizeof(in_parentheses), "(%s): ", what);
	found = strstr(facts.out, line);
	if (found)
		return begins(found + strlen(line), "yes");
	found = strstr(facts.out, in_parentheses);
	if (!found)
		tap_bail("\"%s\" is nothing that --info tells of", what);
	return begins(found + strlen(in_parentheses), "yes");
}

static bool has(const char *what)
{
	if (*what == '/')
		return access(what, F_OK) == 0;
	return isdigit((unsigned char)*what) ? has_release(what) : has_fact(what);
}

static bool has_program(const char *command)
{
	char path[OPTION_MAX];

	return next_word(&command, path, sizeof(path)) && access(path, X_OK) == 0;
}

/* --- running --- */

struct plan {
	char kind[16];
	char lacks[OPTION_MAX]; /* "": nothing */
	char command[OPTION_MAX];
	char words[WORDS][OPTION_MAX]; /* what stands behind the script */
	unsigned n_words;
	bool unsafe, json;
};

static void make_plan(const struct block *block, struct plan *plan)
{
	const char *info = block->info;
	char word[OPTION_MAX];

	*plan = (struct plan){ 0 };
	if (!next_word(&info, plan->kind, sizeof(plan->kind)))
		tap_bail("line %u: run, output, check or error?", block->line);
	while (next_word(&info, word, sizeof(word))) {
		if (!strcmp(word, "unsafe")) {
			plan->unsafe = true;
		} else if (!strcmp(word, "json")) {
			plan->json = true;
		} else if (begins(word, "needs=")) {
			if (!has(word + strlen("needs=")))
				strcpy(plan->lacks, word + strlen("needs="));
		} else if (begins(word, "cmd=")) {
			strcpy(plan->command, word + strlen("cmd="));
			if (!has_program(plan->command))
				strcpy(plan->lacks, plan->command);
		} else if (begins(word, "args=")) {
			strcpy(plan->words[plan->n_words++], word + strlen("args="));
			while (plan->n_words < WORDS &&
			       next_word(&info, plan->words[plan->n_words], OPTION_MAX))
				plan->n_words++;
		} else {
			tap_bail("line %u: what is \"%s\"?", block->line, word);
		}
	}
}

static void run(const struct plan *plan, struct block *block, struct outcome *ret)
{
	const char *args[WORDS + 12] = { "trace" };
	unsigned n = 1;

	if (plan->json) {
		args[n++] = "-f";
		args[n++] = "json";
	} else {
		args[n++] = "-q";
	}
	if (plan->unsafe)
		args[n++] = "--unsafe";
	if (!strcmp(plan->kind, "check"))
		args[n++] = "--dry-run";
	if (*plan->command) {
		args[n++] = "-c";
		args[n++] = plan->command;
	}
	args[n++] = "-e";
	args[n++] = rs_str_cstr(&block->script);
	for (unsigned i = 0; i < plan->n_words; i++)
		args[n++] = plan->words[i];
	agent_run(ret, args, NULL, NULL);
}

/* --- judging --- */

/* Without the empty lines around it. */
static void strip(const char *text, const char **ret_begin, size_t *ret_len)
{
	while (*text == '\n')
		text++;
	*ret_begin = text;
	*ret_len = strlen(text);
	while (*ret_len && text[*ret_len - 1] == '\n')
		--*ret_len;
}

static bool same(const char *a, const char *b)
{
	size_t a_len, b_len;

	strip(a, &a, &a_len);
	strip(b, &b, &b_len);
	return a_len == b_len && memcmp(a, b, a_len) == 0;
}

static bool has_words(const char *text, struct rs_str *expected)
{
	const char *begin;
	size_t len;

	strip(rs_str_cstr(expected), &begin, &len);
	return len && memmem(text, strlen(text), begin, len);
}

static bool is_good(const struct plan *plan, struct block *block, const struct outcome *outcome)
{
	if (!strcmp(plan->kind, "error")) {
		for (unsigned i = 0; i < block->n_expected; i++)
			if (!has_words(outcome->err, &block->expected[i]))
				return false;
		return outcome->code == 1 && block->n_expected;
	}
	if (!strcmp(plan->kind, "output"))
		return outcome->code == 0 && block->n_expected == 1 &&
		       same(outcome->out, rs_str_cstr(&block->expected[0]));
	if (strcmp(plan->kind, "run") != 0 && strcmp(plan->kind, "check") != 0)
		tap_bail("line %u: what is \"%s\"?", block->line, plan->kind);
	return outcome->code == 0;
}

static void try(const void *data)
{
	struct block *block = (struct block *)data;
	struct outcome outcome;
	struct plan plan;
	char name[64];

	make_plan(block, &plan);
	snprintf(name, sizeof(name), "docs/language.md:%u (%s)", block->line, plan.kind);
	if (*plan.lacks) {
		rs_str_reset(&block->script);
		rs_str_appendf(&block->script, "there is no %s here", plan.lacks);
		tap_skip(name, rs_str_cstr(&block->script));
		return;
	}
	run(&plan, block, &outcome);
	if (!tap_ok(is_good(&plan, block, &outcome), "%s", name)) {
		tap_diag("code %d\nscript:\n%s\noutput:\n%s\nerrors:\n%s", outcome.code,
			 rs_str_cstr(&block->script), outcome.out, outcome.err);
	}
	outcome_done(&outcome);
}

int main(void)
{
	agent_run(&facts, (const char *const[]){ "trace", "--info", NULL }, NULL, NULL);
	if (facts.code)
		tap_bail("--info: %s", facts.err);
	for (size_t at = 0; at < ARRAY_SIZE(page);) {
		struct block block;

		if (begins(page[at], "```bt")) {
			at = read_block(at, &block);
			again(try, &block);
			block_done(&block);
		} else if (begins(page[at], "```")) {
			struct rs_str other = { 0 };

			at = read_fenced(at + 1, &other);
			rs_str_done(&other);
		} else {
			at++;
		}
	}
	outcome_done(&facts);
	return tap_done();
}
