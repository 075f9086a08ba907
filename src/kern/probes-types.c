/* SPDX-License-Identifier: Apache-2.0 */
/* Are the kernel's own types described, and do they have what our sensors read? */
#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "kern/probes.h"

/*
 * What bpf/lib/kernel.h reads in every kernel. Fields that only some releases have, and the
 * sensors ask for, are not here.
 */
static const struct {
	const char *type;
	const char *fields; /* separated by single spaces */
} wanted[] = {
	{ "task_struct",
	  "flags se mm exit_code pid tgid real_parent group_leader thread_pid utime stime "
	  "start_boottime real_cred comm fs files nsproxy cgroups signal loginuid" },
	{ "signal_struct",
	  "live pids tty utime stime sum_sched_runtime maxrss group_exit_code flags" },
	{ "sched_entity", "sum_exec_runtime" },
	{ "mm_struct", "arg_start arg_end env_start env_end" },
	{ "cred", "uid gid euid egid cap_effective cap_permitted user_ns" },
	{ "css_set", "subsys dfl_cgrp" },
	{ "cgroup_subsys_state", "cgroup" },
	{ "cgroup", "kn level root" },
	{ "cgroup_root", "hierarchy_id" },
	{ "kernfs_node", "id" },
	{ "nsproxy", "uts_ns ipc_ns mnt_ns net_ns cgroup_ns" },
	{ "pid", "level numbers" },
	{ "upid", "nr ns" },
	{ "linux_binprm", "file argc filename interp secureexec" },
	{ "file", "f_path f_inode private_data f_flags" },
	{ "path", "mnt dentry" },
	{ "dentry", "d_parent d_name d_inode" },
	{ "inode", "i_mode i_uid i_gid i_sb i_ino i_nlink" },
	{ "mount", "mnt_parent mnt_mountpoint mnt mnt_ns" },
	{ "vfsmount", "mnt_root mnt_sb" },
	{ "super_block", "s_dev s_magic" },
	{ "fs_struct", "root pwd" },
	{ "files_struct", "fdt" },
	{ "fdtable", "max_fds fd" },
	{ "tty_struct", "name" },
	{ "sock", "__sk_common sk_type sk_protocol" },
	{ "sock_common",
	  "skc_daddr skc_rcv_saddr skc_dport skc_num skc_family skc_net skc_v6_daddr" },
	{ "tcp_sock", "bytes_received bytes_acked" },
	{ "socket", "type file sk" },
	{ "unix_sock", "addr peer" },
};

int rs_probe_kernel_btf(struct rs_probe *probe)
{
	return probe->btf ? 0 : rs_probe_say(probe, -ENOENT, "no /sys/kernel/btf/vmlinux");
}

/* Looks into unnamed structs and unions too. */
static bool has_field(const struct btf *btf, const struct btf_type *type, const char *name,
		      size_t len)
{
	const struct btf_member *member = btf_members(type);

	for (unsigned i = 0; i < btf_vlen(type); i++, member++) {
		const char *own = btf__name_by_offset(btf, member->name_off);
		const struct btf_type *inner;

		if (own && *own) {
			if (strlen(own) == len && memcmp(own, name, len) == 0)
				return true;
			continue;
		}
		inner = btf__type_by_id(btf, member->type);
		if (inner && btf_is_composite(inner) && has_field(btf, inner, name, len))
			return true;
	}
	return false;
}

static int check_type(struct rs_probe *probe, const char *name, const char *fields)
{
	int id = rs_probe_btf_id(probe, name, BTF_KIND_STRUCT);
	const struct btf_type *type;

	if (id < 0)
		return id;
	type = btf__type_by_id(probe->btf, (uint32_t)id);
	while (*fields) {
		size_t len = strcspn(fields, " ");

		if (!has_field(probe->btf, type, fields, len)) {
			char text[96];

			snprintf(text, sizeof(text), "struct %s has no field %.*s", name, (int)len,
				 fields);
			return rs_probe_say(probe, -ENOENT, text);
		}
		fields += len;
		fields += strspn(fields, " ");
	}
	return 0;
}

int rs_probe_sensor_types(struct rs_probe *probe)
{
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		int r = check_type(probe, wanted[i].type, wanted[i].fields);

		if (r < 0)
			return r;
	}
	return 0;
}
