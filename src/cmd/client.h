/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the commands that ask a running agent have in common. */

#include "agent/control.h"
#include "base/opt.h"

enum rs_client_output {
	RS_CLIENT_TABLE,
	RS_CLIENT_JSON,
};

struct rs_client {
	const char *root;    /* NULL: the real one */
	const char *control; /* NULL: the default below root */
	enum rs_client_output output;
};

extern const struct rs_opt rs_client_opts[]; /* output root control */

/* One request; the result lives in the arena. Errors of rs_control_call(). */
int rs_client_call(const struct rs_client *client, const char *request, struct rs_arena *arena,
		   const struct rs_json_value **ret_result, struct rs_error *err);

/* Appends the result as one line of JSON, as it came. 0 or out's error. */
int rs_client_write_json(const struct rs_json_value *result, struct rs_str *out);

/* Writes to standard output. A reader that went away is not told: -EPIPE, err untouched. */
int rs_client_print(const struct rs_str *text, struct rs_error *err);
