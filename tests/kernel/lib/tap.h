/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* TAP as scripts/run-tap.sh and scripts/vm/run.sh read it: results, diagnostics, the plan last. */

#include <stdbool.h>

/* One result. Returns ok. */
bool tap_ok(bool ok, const char *name, ...) __attribute__((format(printf, 2, 3)));

/* A result that this kernel or these rights do not allow to have. */
void tap_skip(const char *name, const char *why);

/* From here on what fails is a known gap, told in words, and no failure; NULL ends that. */
void tap_todo(const char *why);

/* "# ..." for whoever reads a failure; each line of the text gets its own mark. */
void tap_diag(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The test cannot go on. */
void tap_bail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/*
 * From here on results and diagnostics are held, until they are released or dropped; what fails is a comment meanwhile,
 * for whoever looks at a test that hangs.
 */
void tap_hold(void);
bool tap_held_failure(void); /* one of those held is a failure */
void tap_release(void);
void tap_drop(void);

/* Prints the plan; returns what main() returns. */
int tap_done(void);
