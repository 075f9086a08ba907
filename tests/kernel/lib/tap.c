/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel/lib/tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static unsigned results, failures;
static const char *gap; /* NULL, or why a failure is none */

static struct {
	bool on;
	struct rs_str text;
	unsigned results, failures; /* before */
} held;

__attribute__((format(printf, 1, 0))) static void say_args(const char *fmt, va_list ap)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0)
		return;
	if (held.on) {
		rs_str_append(&held.text, text, strlen(text));
	} else {
		fputs(text, stdout);
		fflush(stdout);
	}
	free(text);
}

__attribute__((format(printf, 1, 2))) static void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_args(fmt, ap);
	va_end(ap);
}

void tap_todo(const char *why)
{
	gap = why;
}

/* A failure that does not count yet. */
static void tell_held(const char *name)
{
	printf("# so far: not ok - %s\n", name);
	fflush(stdout);
}

bool tap_ok(bool ok, const char *name, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, name);
	if (vasprintf(&text, name, ap) < 0)
		abort();
	va_end(ap);
	results++;
	failures += !ok && !gap;
	if (!ok && held.on)
		tell_held(text);
	if (!ok && gap)
		say("not ok %u - %s # TODO %s\n", results, text, gap);
	else
		say("%sok %u - %s\n", ok ? "" : "not ", results, text);
	free(text);
	return ok || gap;
}

void tap_skip(const char *name, const char *why)
{
	say("ok %u - %s # SKIP %s\n", ++results, name, why);
}

static void print_marked(const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		say("# %.*s\n", (int)n, text);
		text += n + (text[n] == '\n');
	}
}

void tap_diag(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) >= 0)
		print_marked(text);
	va_end(ap);
	free(text);
}

void tap_hold(void)
{
	held.on = true;
	held.results = results;
	held.failures = failures;
}

bool tap_held_failure(void)
{
	return failures > held.failures;
}

void tap_release(void)
{
	held.on = false;
	fputs(rs_str_cstr(&held.text), stdout);
	fflush(stdout);
	rs_str_reset(&held.text);
}

void tap_drop(void)
{
	held.on = false;
	results = held.results;
	failures = held.failures;
	rs_str_reset(&held.text);
}

void tap_bail(const char *fmt, ...)
{
	va_list ap;

	if (held.on)
		tap_release();
	say("Bail out! ");
	va_start(ap, fmt);
	say_args(fmt, ap);
	va_end(ap);
	say("\n");
	exit(1);
}

int tap_done(void)
{
	rs_str_done(&held.text);
	printf("1..%u\n", results);
	fflush(stdout);
	return failures != 0;
}
