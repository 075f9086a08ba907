/* SPDX-License-Identifier: Apache-2.0 */
#include "calls/who-json.h"

#include <string.h>

void rs_calls_who_json(struct rs_json *w, uint32_t pid, uint32_t tid, const char comm[static 16])
{
	rs_json_key_lit(w, "pid");
	rs_json_u64(w, pid);
	rs_json_key_lit(w, "tid");
	rs_json_u64(w, tid);
	rs_json_key_lit(w, "comm");
	rs_json_string(w, comm, strnlen(comm, 16));
}
