/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/hooks.h"

#include <string.h>

#include "base/util.h"
#include "kern/syscalls.h"

#define K(id) (1ull << RS_KIND_##id)
#define URING_FILE                                                                                 \
	(K(OPEN) | K(CREATE) | K(UNLINK) | K(RMDIR) | K(RENAME) | K(MKDIR) | K(LINK) | K(SYMLINK))
#define URING_NET (K(CONNECT) | K(ACCEPT) | K(BIND) | K(LISTEN))
#define URING     (URING_FILE | URING_NET)

const struct rs_hook_row rs_hook_rows[] = {
	{ "rs_fork", "sched_process_fork", K(FORK), true, false },
	{ "rs_exec", "sched_process_exec", K(EXEC), true, false },
	{ "rs_exit", "sched_process_exit", K(EXIT), true, false },
	{ "rs_cgroup_mkdir", "cgroup_mkdir", K(CGROUP_MKDIR), false, false },
	{ "rs_cgroup_rmdir", "cgroup_rmdir", K(CGROUP_RMDIR), false, false },
	{ "rs_net_state", "inet_sock_set_state", K(CLOSE), false, false },
	{ "rs_signal", "signal_generate", K(KILL), false, true },
	{ "rs_module", "module_load", K(MODULE), false, true },
	/* only one of the first two exists: it was renamed in 6.3 */
	{ "rs_uring_submit", "io_uring_submit_req", URING, false, true },
	{ "rs_uring_submit", "io_uring_submit_sqe", URING, false, true },
	{ "rs_uring_done", "io_uring_complete", URING, false, true },
	{ "rs_uring_overflow", "io_uring_cqe_overflow", URING, false, true },
};

const size_t rs_n_hook_rows = ARRAY_SIZE(rs_hook_rows);

const char rs_tasks_program[] = "rs_list_tasks";

const struct rs_resolver_row rs_resolver_rows[] = {
	{ "rs_f_unlink", "security_path_unlink", K(UNLINK) },
	{ "rs_f_rmdir", "security_path_rmdir", K(RMDIR) },
	{ "rs_f_mkdir", "security_path_mkdir", K(MKDIR) },
	{ "rs_f_symlink", "security_path_symlink", K(SYMLINK) },
	{ "rs_f_link", "security_path_link", K(LINK) },
	{ "rs_f_rename", "security_path_rename", K(RENAME) },
	{ "rs_f_truncate", "security_path_truncate", K(TRUNCATE) },
	{ "rs_f_chmod", "security_path_chmod", K(CHMOD) },
	{ "rs_f_chown", "security_path_chown", K(CHOWN) },
	{ "rs_f_mount", "security_sb_mount", K(MOUNT) },
	{ "rs_f_umount", "security_sb_umount", K(UMOUNT) },
};

const size_t rs_n_resolver_rows = ARRAY_SIZE(rs_resolver_rows);

const struct rs_call_programs rs_call_programs[RS_SENSOR_COUNT] = {
	[RS_SENSOR_FILE] = { "rs_t_file", "rs_r_file" },
	[RS_SENSOR_NET] = { "rs_t_net", "rs_r_net" },
	[RS_SENSOR_PRIVILEGE] = { "rs_t_priv", "rs_r_priv" },
};

const struct rs_hook_row *rs_hook_row_of(const char *program)
{
	for (size_t i = 0; i < rs_n_hook_rows; i++)
		if (!strcmp(rs_hook_rows[i].program, program))
			return &rs_hook_rows[i];
	return NULL;
}

bool rs_is_resolver(const char *program)
{
	for (size_t i = 0; i < rs_n_resolver_rows; i++)
		if (!strcmp(rs_resolver_rows[i].program, program))
			return true;
	return false;
}

const char *rs_program_name(const char *program)
{
	const struct rs_hook_row *row = rs_hook_row_of(program);

	if (row)
		return row->program;
	if (!strcmp(program, rs_tasks_program))
		return rs_tasks_program;
	for (size_t i = 0; i < rs_n_resolver_rows; i++)
		if (!strcmp(rs_resolver_rows[i].program, program))
			return rs_resolver_rows[i].program;
	for (size_t i = 0; i < RS_SENSOR_COUNT; i++) {
		const struct rs_call_programs *p = &rs_call_programs[i];

		if (p->tracepoint_program && !strcmp(p->tracepoint_program, program))
			return p->tracepoint_program;
		if (p->raw_program && !strcmp(p->raw_program, program))
			return p->raw_program;
	}
	return NULL;
}

static bool has_call(enum rs_kind kind)
{
	for (size_t i = 0; i < rs_n_syscalls; i++)
		if (rs_syscalls[i].kinds & (1ull << kind))
			return true;
	return false;
}

static bool has_resolver(enum rs_kind kind)
{
	for (size_t i = 0; i < rs_n_resolver_rows; i++)
		if (rs_resolver_rows[i].kinds & (1ull << kind))
			return true;
	return false;
}

void rs_kind_hooks(enum rs_kind kind, struct rs_kind_hooks *ret_hooks)
{
	size_t n = 0;

	*ret_hooks = (struct rs_kind_hooks){ 0 };
	for (size_t i = 0; i < rs_n_hook_rows && n < 1; i++)
		if (!rs_hook_rows[i].optional && (rs_hook_rows[i].kinds & (1ull << kind)))
			ret_hooks->hooks[n++] = rs_hook_rows[i].tracepoint;
	if (has_resolver(kind))
		ret_hooks->hooks[n++] = "syscalls:sys_exit_* + fentry";
	if (has_call(kind)) {
		ret_hooks->hooks[n++] = "syscalls:sys_exit_*";
		ret_hooks->hooks[n++] = "raw_syscalls:sys_exit";
	}
}
