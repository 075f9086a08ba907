/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel/lib/summary.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS 8

/* Splits a copy of a line into words; how many. */
static size_t split(const char *line, char *buf, size_t size, char *words[WORDS])
{
	size_t n = 0;
	char *save = NULL;

	snprintf(buf, size, "%.*s", (int)strcspn(line, "\n"), line);
	for (char *word = strtok_r(buf, " ", &save); word && n < WORDS;
	     word = strtok_r(NULL, " ", &save))
		words[n++] = word;
	return n;
}

struct summary_row summary_row(const char *text, const char *kind)
{
	struct summary_row row = { 0, 0 };
	char buf[256], *words[WORDS];
	bool lost = false;

	while (text && *text) {
		size_t n = split(text, buf, sizeof(buf), words);

		if (n >= 3 && strcmp(words[0], "KIND") == 0)
			lost = strcmp(words[n - 1], "LOST") == 0;
		if (n >= 3 && strcmp(words[0], kind) == 0) {
			row.events = strtoull(words[1], NULL, 10);
			if (lost)
				row.lost = strtoull(words[n - 1], NULL, 10);
			return row;
		}
		text = strchr(text, '\n');
		text += text != NULL;
	}
	return row;
}
