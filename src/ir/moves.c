/* SPDX-License-Identifier: Apache-2.0 */
/* Moves that happen all at once, one after the other. */
#include "ir/emit.h"

static bool is_among(const int8_t *regs, unsigned n, int reg)
{
	for (unsigned i = 0; i < n; i++)
		if (regs[i] == reg)
			return true;
	return false;
}

/* A move whose target nobody waits to read; n: there are only circles. */
static unsigned find_harmless(const int8_t *to, const int8_t *from, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (!is_among(from, n, to[i]))
			return i;
	return n;
}

void rs_emit_moves(struct rs_emitter *e, const int8_t *to, const int8_t *from, unsigned n)
{
	int8_t target[RS_IR_ARGS_MAX] = { 0 }, source[RS_IR_ARGS_MAX] = { 0 };
	unsigned left = 0;
	int spare = 0;

	for (unsigned i = 0; i < n; i++) {
		if (to[i] == from[i])
			continue;
		target[left] = to[i];
		source[left++] = from[i];
	}
	while (is_among(to, n, spare) || is_among(from, n, spare))
		spare++;
	while (left) {
		unsigned i = find_harmless(target, source, left);

		if (i == left) { /* opens a circle */
			int8_t first = source[0];

			rs_emit_move(e, (unsigned)spare, (unsigned)first);
			for (unsigned k = 0; k < left; k++)
				if (source[k] == first)
					source[k] = (int8_t)spare;
			continue;
		}
		rs_emit_move(e, (unsigned)target[i], (unsigned)source[i]);
		left--;
		target[i] = target[left];
		source[i] = source[left];
	}
}
