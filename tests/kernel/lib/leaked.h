/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What `ringside memleak -o json` says. */

#include <jansson.h>
#include <stdbool.h>

struct leaked {
	json_int_t bytes, count; /* of the rows that were looked for */
	json_int_t lost, allocations, frees;
	bool summary;
};

/* Whether a row counts: of this kind, and with this function in its stack (NULL: any). */
bool leaked_is_row(const json_t *row, const char *kind, const char *function);

/*
 * Adds up the rows of a kind ("heap", "mmap") with a function in their stacks (NULL: any). @text, lines of JSON, is
 * taken apart.
 */
void leaked_read(char *text, const char *kind, const char *function, struct leaked *ret_leaked);
