/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests that compare what comes out with a file in tests/golden/lang. A file of scripts holds several,
 * separated by lines of "====".
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"

static inline void testing_golden_path(const char *name, struct rs_str *out)
{
	const char *root = getenv("RS_SOURCE_ROOT");

	rs_str_appendf(out, "%s/tests/golden/lang/%s", root ? root : ".", name);
}

static inline void testing_golden_read(const char *name, struct rs_str *out)
{
	_cleanup_(rs_str_done) struct rs_str path = { 0 };
	struct rs_error err = RS_ERROR_INIT;

	testing_golden_path(name, &path);
	if (rs_fd_read_file(rs_str_cstr(&path), 1 << 20, out, &err) < 0)
		fail_msg("%s (RINGSIDE_UPDATE=1 makes it)", err.msg);
}

/* RINGSIDE_UPDATE=1 writes the file anew instead. */
static inline void testing_golden_compare(const char *name, const struct rs_str *text)
{
	_cleanup_(rs_str_done) struct rs_str path = { 0 }, expected = { 0 };
	const char *update = getenv("RINGSIDE_UPDATE");
	struct rs_error err = RS_ERROR_INIT;

	if (update && strcmp(update, "1") == 0) {
		testing_golden_path(name, &path);
		assert_int_equal(
			rs_fd_replace_file(rs_str_cstr(&path), text->data, text->len, 0644, &err),
			0);
		return;
	}
	testing_golden_read(name, &expected);
	if (expected.len != text->len || memcmp(expected.data, text->data, text->len) != 0)
		fail_msg("%s is not what comes out now (RINGSIDE_UPDATE=1 rewrites it)", name);
}

/* Cuts the next script off *rest; NULL at the end. Both stay in the text, which is changed. */
static inline char *testing_golden_next(char **rest)
{
	static const char line[] = "====\n";
	char *begin = *rest, *end;

	if (!begin || !*begin)
		return NULL;
	end = strstr(begin, line);
	*rest = end ? end + strlen(line) : NULL;
	if (end)
		*end = '\0';
	return begin;
}
