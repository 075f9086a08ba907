/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* For tests: what is expected stands in a file of the source tree. To be included after cmocka's header. */

#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"

/* Compares with a file below the source tree; RINGSIDE_UPDATE=1 writes it anew instead. */
static inline void assert_file(const char *name, const struct rs_str *text)
{
	_cleanup_(rs_str_done) struct rs_str path = { 0 }, expected = { 0 };
	const char *root = getenv("RS_SOURCE_ROOT");
	const char *update = getenv("RINGSIDE_UPDATE");
	struct rs_error err = RS_ERROR_INIT;

	rs_str_appendf(&path, "%s/%s", root ? root : ".", name);
	if (update && strcmp(update, "1") == 0) {
		assert_int_equal(
			rs_fd_replace_file(rs_str_cstr(&path), text->data, text->len, 0644, &err),
			0);
		return;
	}
	if (rs_fd_read_file(rs_str_cstr(&path), 1 << 20, &expected, &err) < 0)
		fail_msg("%s (RINGSIDE_UPDATE=1 makes it)", err.msg);
	if (expected.len != text->len || memcmp(expected.data, text->data, text->len) != 0)
		fail_msg("%s is not what comes out now (RINGSIDE_UPDATE=1 rewrites it)", name);
}
