/* SPDX-License-Identifier: Apache-2.0 */
/* The subcommands, in the order in which they are shown. A new one adds its file and its row. */
#include <string.h>

#include "base/suggest.h"
#include "cmd/cmd.h"

const struct rs_cmd *const rs_cmd_table[] = {
	&rs_cmd_run,        &rs_cmd_exec,     &rs_cmd_files,   &rs_cmd_net,
	&rs_cmd_deletes,    &rs_cmd_events,   &rs_cmd_report,  &rs_cmd_tree,
	&rs_cmd_containers, &rs_cmd_stats,    &rs_cmd_filter,  &rs_cmd_trace,
	&rs_cmd_strace,     &rs_cmd_syscalls, &rs_cmd_latency, &rs_cmd_profile,
	&rs_cmd_offcpu,     &rs_cmd_stacks,   &rs_cmd_flame,   &rs_cmd_memleak,
	&rs_cmd_oom,        &rs_cmd_doctor,   &rs_cmd_help,    NULL,
};

const struct rs_cmd *rs_cmd_find(const char *name)
{
	for (const struct rs_cmd *const *cmd = rs_cmd_table; *cmd; cmd++) {
		if (!strcmp((*cmd)->name, name))
			return *cmd;
	}
	return NULL;
}

const char *rs_cmd_nearest(const char *name)
{
	struct rs_suggest suggest;

	rs_suggest_init(&suggest, name);
	for (const struct rs_cmd *const *cmd = rs_cmd_table; *cmd; cmd++)
		rs_suggest_offer(&suggest, (*cmd)->name);
	return rs_suggest_best(&suggest);
}
