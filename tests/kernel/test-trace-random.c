/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ringside trace`: random scripts print what they mean, see lib/meaning.h. The seeds are fixed; others by arguments:
 * FIRST [COUNT [show]].
 */
#include <stdlib.h>
#include <string.h>

#include "tests/kernel/lib/agent.h"
#include "tests/kernel/lib/meaning.h"
#include "tests/kernel/lib/tap.h"
#include "tests/kernel/lib/tracing.h"

#define SCRIPTS    12
#define SCRIPTS_VM 5 /* where the kernel is emulated */

/* Empty lines do not count. */
static void squeeze(char *text)
{
	char *to = text;

	for (char *at = text; *at; at++)
		if (*at != '\n' || (to > text && to[-1] != '\n'))
			*to++ = *at;
	*to = '\0';
}

static void tell_difference(const char *want, const char *have)
{
	unsigned line = 1;
	const char *start = want;

	for (size_t i = 0; want[i] && want[i] == have[i]; i++) {
		if (want[i] != '\n')
			continue;
		start = want + i + 1;
		have += i + 1;
		want = start;
		i = (size_t)-1;
		line++;
	}
	tap_diag("line %u: \"%.*s\", not \"%.*s\"", line, (int)strcspn(have, "\n"), have,
		 (int)strcspn(want, "\n"), want);
}

static void check(uint64_t seed, bool show)
{
	struct meaning meaning;
	const char *args[] = { "trace", "-q", "--no-warnings", "-e", NULL, NULL };
	struct outcome outcome;

	meaning_write(&meaning, seed, !tracing_lacks(NEED_FOR_EACH));
	args[4] = rs_str_cstr(&meaning.script);
	agent_run(&outcome, args, NULL, NULL);
	squeeze(outcome.out);
	if (!tap_ok(!outcome.code && !*outcome.err && rs_str_equal(&meaning.want, outcome.out),
		    "script %llu", (unsigned long long)seed) ||
	    show) {
		tap_diag("ended with %d", outcome.code);
		tell_difference(rs_str_cstr(&meaning.want), outcome.out);
		tap_diag("script: %s", args[4]);
		tap_diag("standard output: \"%s\"", outcome.out);
		tap_diag("standard error: \"%s\"", outcome.err);
	}
	outcome_done(&outcome);
	meaning_done(&meaning);
}

int main(int argc, char *argv[])
{
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	uint64_t n = argc > 2                ? strtoull(argv[2], NULL, 0)
		     : argc > 1              ? 1
		     : getenv("RINGSIDE_VM") ? SCRIPTS_VM
					     : SCRIPTS;

	for (uint64_t i = 0; i < n; i++)
		check(first + i, argc > 3);
	return tap_done();
}
