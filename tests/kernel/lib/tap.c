/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel/lib/tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned results, failures;
static const char *gap; /* NULL, or why a failure is none */

void tap_todo(const char *why)
{
	gap = why;
}

bool tap_ok(bool ok, const char *name, ...)
{
	va_list ap;

	results++;
	failures += !ok && !gap;
	printf("%sok %u - ", ok ? "" : "not ", results);
	va_start(ap, name);
	vprintf(name, ap);
	va_end(ap);
	if (!ok && gap)
		printf(" # TODO %s", gap);
	putchar('\n');
	fflush(stdout);
	return ok || gap;
}

void tap_skip(const char *name, const char *why)
{
	printf("ok %u - %s # SKIP %s\n", ++results, name, why);
	fflush(stdout);
}

static void print_marked(const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		printf("# %.*s\n", (int)n, text);
		text += n + (text[n] == '\n');
	}
	fflush(stdout);
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

void tap_bail(const char *fmt, ...)
{
	va_list ap;

	printf("Bail out! ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	exit(1);
}

int tap_done(void)
{
	printf("1..%u\n", results);
	fflush(stdout);
	return failures != 0;
}
