/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What scripts look at: functions and USDT probes of the test program itself, and deeds that it does when it is
 * called with their names. */

#include <stdbool.h>
#include <stdint.h>

struct traced_pair {
	int32_t number;
	char name[20];
	uint16_t low : 3, high : 9;
	struct traced_pair *next;
	int32_t table[2][3];
};

/* All arguments that go in registers, and one that does not. */
long traced_seven(int a, long b, const char *text, const struct traced_pair *pair, short e,
		  unsigned char f, long on_stack);
int traced_outer(int depth); /* calls traced_inner() */
int traced_inner(int depth);
void traced_steps(void); /* in assembler: an instruction of one byte each */

/* What a watchpoint looks at. */
extern volatile uint64_t traced_word;

/* This program's path. */
const char *traced_self(void);

/* Does it; what main() returns. @stay: until SIGTERM comes, so that its symbols can be looked up. */
int traced_deed(const char *word, bool stay);
