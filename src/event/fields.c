/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of fields. Rows stand in the order in which JSON has them, and the rows of an object
 * side by side, so that it can be written in one go. Paths stand before what is told of them
 * (`ringside.path`, `ringside.path2`): only who wrote one knows whether it was odd.
 */
#include "event/fields.h"

#include <stddef.h>

#define K(id) RS_KIND_BIT(id)

/* Kinds of one sensor. */
#define IF_PROCESS(id, name, sensor) | (RS_SENSOR_##sensor == RS_SENSOR_PROCESS ? K(id) : 0)
#define IF_FILE(id, name, sensor)    | (RS_SENSOR_##sensor == RS_SENSOR_FILE ? K(id) : 0)
#define IF_NET(id, name, sensor)     | (RS_SENSOR_##sensor == RS_SENSOR_NET ? K(id) : 0)

#define ALL     ((1ull << RS_KIND_COUNT) - 1)
#define PROCESS (0ull RS_KINDS(IF_PROCESS))
#define FILES   (0ull RS_KINDS(IF_FILE))
#define NET     (0ull RS_KINDS(IF_NET))

#define CALLS  (ALL & ~PROCESS & ~GROUPS) /* kinds with a result */
#define LIFE   (K(FORK) | K(EXEC) | K(EXIT))
#define BEGIN  (K(FORK) | K(EXEC)) /* kinds that can stand for a whole life */
#define GROUPS (K(CGROUP_MKDIR) | K(CGROUP_RMDIR))
#define ROOTS  (K(CHROOT) | K(PIVOT))
#define PATHS  (FILES | ROOTS | K(MODULE) | K(BPF))
#define PAIRS  (K(RENAME) | K(LINK) | K(MOUNT)) /* with a second path */
#define IDS    (K(SETUID) | K(SETGID) | K(CAPSET))
#define FLAGGED                                                                                    \
	(K(OPEN) | K(CREATE) | K(RENAME) | K(MOUNT) | K(UMOUNT) | K(SETXATTR) | K(MEMFD) |         \
	 K(MODULE) | K(UNSHARE) | K(SETNS))
#define TARGETED      (K(PTRACE) | K(KILL))
#define ACTION_VARIES (K(UDP) | K(MODULE))

#define ROW(name_, type_, kinds_, what_)                                                           \
	.name = name_, .type = RS_TYPE_##type_, .kinds = kinds_, .what = what_
#define WHEN_WRITE(from_, name, type, fn, when_, kinds, what)                                      \
	{                                                                                          \
		ROW(name, type, kinds, what), .from = RS_FROM_##from_, .write = rs_field_##fn,     \
					      .when = RS_WHEN_##when_                              \
	}
#define CONST(name, type, fn, kinds, what) WHEN_WRITE(CONST, name, type, fn, ALWAYS, kinds, what)
#define WRITE(name, type, fn, kinds, what) WHEN_WRITE(WRITE, name, type, fn, ALWAYS, kinds, what)
#define SELDOM(name, type, fn, when, kinds, what)                                                  \
	WHEN_WRITE(WRITE, name, type, fn, when, kinds, what)
#define PATH(name, type, fn, kinds, what) WHEN_WRITE(PATHS, name, type, fn, ALWAYS, kinds, what)
#define SELDOM_PATH(name, type, fn, when, kinds, what)                                             \
	WHEN_WRITE(PATHS, name, type, fn, when, kinds, what)
#define SELDOM_GET(name, fn, when_, kinds, what)                                                   \
	{                                                                                          \
		ROW(name, KEYWORD, kinds, what), .from = RS_FROM_GET, .get = rs_get_##fn,          \
						 .when = RS_WHEN_##when_                           \
	}
#define GET(name, fn, kinds, what) SELDOM_GET(name, fn, ALWAYS, kinds, what)
#define LOAD(name, type, width, record, member, kinds, what)                                       \
	{                                                                                          \
		ROW(name, type, kinds, what), .from = RS_FROM_##width,                             \
					      .at = offsetof(struct record, member)                \
	}
#define TEXT(name, tag, kinds, what)                                                               \
	{                                                                                          \
		ROW(name, KEYWORD, kinds, what), .from = RS_FROM_TEXT, .at = RS_TAG_##tag          \
	}

const struct rs_event_field rs_event_fields[] = {
	/* clang-format off */
	WRITE("@timestamp", DATE, timestamp, ALL, "When it happened: UTC, nanoseconds."),
	CONST("ecs.version", KEYWORD, ecs_version, ALL, "Version of the Elastic Common Schema."),

	CONST("event.kind", KEYWORD, event_kind, ALL, "Always `event`."),
	CONST("event.category", KEYWORDS, category, ALL, "See the table of kinds."),
	CONST("event.type", KEYWORDS, type, ALL & ~BEGIN, "See the table of kinds."),
	WRITE("event.type", KEYWORDS, type_of_event, BEGIN, "See the table of kinds."),
	CONST("event.action", KEYWORD, action, ALL & ~ACTION_VARIES, "See the table of kinds."),
	GET("event.action", action_of_event, ACTION_VARIES, "See the table of kinds."),
	GET("event.outcome", outcome, ALL,
	      "`success`, `failure`, or `unknown`: a connection under way, a call that goes on after a signal."),
	LOAD("event.sequence", LONG, U64, rs_hdr, seq, ALL,
	     "Counts from 1, without holes, for each `ringside.cpu` and `ringside.lane`: a hole is a lost event, or one that the agent itself judged away (by path, container or condition)."),
	CONST("event.dataset", KEYWORD, dataset, ALL, "`ringside.` and the sensor."),
	CONST("event.provider", KEYWORD, provider, ALL, "Always `ringside`."),
	WRITE("event.duration", LONG, duration, K(EXIT) | K(CLOSE),
	      "Nanoseconds: the life of the process, of the connection."),
	SELDOM("event.duration", LONG, duration, END, BEGIN, "The life of the process."),

	CONST("host.name", KEYWORD, host_name, ALL, "Name of the host."),
	CONST("host.id", KEYWORD, host_id, ALL, "machine-id(5) of the host."),
	CONST("host.architecture", KEYWORD, host_arch, ALL, "As uname(2) says."),
	CONST("host.boot.id", KEYWORD, host_boot_id, ALL, "Changes with every boot."),
	CONST("host.os.type", KEYWORD, os_type, ALL, "Always `linux`."),
	CONST("host.os.kernel", KEYWORD, os_kernel, ALL, "Release of the kernel."),

	WRITE("process.entity_id", KEYWORD, entity_id, ALL,
	      "Names the process for good: a hash of boot, pid and start time."),
	LOAD("process.pid", LONG, U32, rs_hdr, pid, ALL, "As the first pid namespace counts."),
	GET("process.name", process_name, ALL,
	      "Name of the process: 15 bytes; whole, where it is clearly the executable's."),
	LOAD("process.thread.id", LONG, U32, rs_hdr, tid, ALL, "The thread that did it."),
	WRITE("process.thread.capabilities.effective", KEYWORDS, cap_effective, K(EXEC) | IDS,
	      "Capabilities in force, `CAP_...`; none: left out."),
	WRITE("process.thread.capabilities.permitted", KEYWORDS, cap_permitted, K(EXEC) | IDS,
	      "Capabilities that may be put in force."),
	WRITE("process.parent.pid", LONG, parent_pid, ALL, "Of the parent; left out for the first process."),
	WRITE("process.parent.entity_id", KEYWORD, parent_entity_id, ALL, "Of the parent."),
	GET("process.parent.name", parent_name, ALL, "Of the parent, where known."),
	GET("process.parent.executable", parent_executable, ALL, "Of the parent, where known."),
	WRITE("process.executable", KEYWORD, executable, ALL,
	      "Absolute path of the program. Where exec events are not watched, or filtered, it is read from /proc a moment later, and left out for a process that is gone or has another name by then."),
	WRITE("process.args", KEYWORDS, args, K(EXEC), "Arguments, the program's name included; up to 4096 bytes."),
	LOAD("process.args_count", LONG, U32, rs_exec, argc, K(EXEC), "How many there were, those cut off included."),
	WRITE("process.command_line", KEYWORD, command_line, K(EXEC), "Arguments, joined with spaces."),
	GET("process.command_line", known_command_line, ALL & ~K(EXEC), "Arguments, joined with spaces."),
	WRITE("process.working_directory", KEYWORD, working_directory, K(EXEC), "Absolute path."),
	WRITE("process.env_vars", KEYWORDS, env_vars, K(EXEC), "`NAME=value` of those variables that were asked for."),
	WRITE("process.start", DATE, process_start, LIFE, "When the process was made."),
	WRITE("process.end", DATE, process_end, K(EXIT), "When it was gone."),
	SELDOM("process.end", DATE, process_end, END, BEGIN, "When it was gone."),
	WRITE("process.exit_code", LONG, exit_code, K(EXIT), "Left out for a process that was killed by a signal."),
	SELDOM("process.exit_code", LONG, exit_code, END, BEGIN, "Left out for a process that was killed by a signal."),
	WRITE("process.interactive", BOOLEAN, interactive, K(EXEC), "Whether it has a controlling terminal."),
	LOAD("process.vpid", LONG, U32, rs_exec, vpid, K(EXEC), "pid in its own pid namespace."),
	LOAD("process.vpid", LONG, U32, rs_fork, vpid, K(FORK), "pid in its own pid namespace."),
	LOAD("process.session_leader.pid", LONG, U32, rs_exec, sid, K(EXEC), "Session."),
	LOAD("process.session_leader.pid", LONG, U32, rs_fork, sid, K(FORK), "Session."),
	LOAD("process.group_leader.pid", LONG, U32, rs_exec, pgid, K(EXEC), "Process group."),
	LOAD("process.real_user.id", KEYWORD, U32, rs_privilege, id[RS_ID_UID], IDS, "Real user id."),
	LOAD("process.saved_user.id", KEYWORD, U32, rs_privilege, id[RS_ID_SUID], IDS, "Saved user id."),
	LOAD("process.real_group.id", KEYWORD, U32, rs_privilege, id[RS_ID_GID], IDS, "Real group id."),
	LOAD("process.saved_group.id", KEYWORD, U32, rs_privilege, id[RS_ID_SGID], IDS, "Saved group id."),

	LOAD("user.id", KEYWORD, U32, rs_hdr, uid, ALL, "Who did it."),
	GET("user.name", user_name, ALL, "Name of the user, where known."),
	LOAD("user.group.id", KEYWORD, U32, rs_hdr, gid, ALL, "Group of the process."),
	GET("user.group.name", group_name, ALL, "Name of the group, where known."),
	LOAD("user.effective.id", KEYWORD, U32, rs_exec, euid, K(EXEC), "Effective user id."),
	LOAD("user.effective.id", KEYWORD, U32, rs_privilege, id[RS_ID_EUID], IDS, "Effective user id."),
	LOAD("user.effective.group.id", KEYWORD, U32, rs_exec, egid, K(EXEC), "Effective group id."),
	LOAD("user.effective.group.id", KEYWORD, U32, rs_privilege, id[RS_ID_EGID], IDS, "Effective group id."),

	PATH("file.path", KEYWORD, file_path, PATHS,
	      "Absolute path; rename and link: the new name; mount: the mount point; chroot and pivot_root: the new root; module: the module's file; bpf: where it is pinned. A missing beginning is `.../`."),
	PATH("file.name", KEYWORD, file_name, PATHS, "Last part of the path."),
	PATH("file.directory", KEYWORD, file_directory, PATHS, "The path without its last part."),
	PATH("file.extension", KEYWORD, file_extension, PATHS, "What follows the last dot of the name."),
	PATH("file.target_path", KEYWORD, target_path, K(LINK) | K(SYMLINK),
	      "link: the name the file had; symlink: the content of the link."),
	PATH("file.Ext.original.path", KEYWORD, original_path, K(RENAME), "The old name."),
	PATH("file.Ext.original.name", KEYWORD, original_name, K(RENAME), "Last part of the old name."),
	WRITE("file.type", KEYWORD, file_type, FILES, "`file`, `dir`, `symlink`, ..., where known."),
	WRITE("file.inode", KEYWORD, inode, FILES, "Inode number, where known."),
	WRITE("file.device", KEYWORD, device, FILES, "Device of the file system, major and minor number."),
	WRITE("file.mode", KEYWORD, mode, FILES, "Permissions, octal: as asked for (open with O_CREAT, create, mkdir, chmod), else the file's."),
	WRITE("file.uid", KEYWORD, file_uid, FILES, "Owner; chown: the new one."),
	WRITE("file.gid", KEYWORD, file_gid, FILES, "Group; chown: the new one."),
	WRITE("file.size", LONG, file_size, K(TRUNCATE), "The new size, bytes; left out where no file can have it."),

	WRITE("source.ip", IP, source_ip, NET, "Who began: the process itself, or the peer where that came to us. IPv4 in IPv6 is shown as IPv4."),
	WRITE("source.port", LONG, source_port, NET, "Port."),
	WRITE("source.address", KEYWORD, source_address, K(BIND), "Unix socket: its path, or `@` and its abstract name."),
	WRITE("source.bytes", LONG, source_bytes, K(CLOSE), "Bytes from source to destination."),
	WRITE("destination.ip", IP, destination_ip, NET, "The other end."),
	WRITE("destination.port", LONG, destination_port, NET, "Port."),
	WRITE("destination.address", KEYWORD, destination_address, NET & ~K(BIND), "Unix socket: its path, or `@` and its abstract name."),
	WRITE("destination.bytes", LONG, destination_bytes, K(CLOSE), "Bytes from destination to source."),
	WRITE("network.type", KEYWORD, network_type, NET, "`ipv4` or `ipv6`."),
	WRITE("network.transport", KEYWORD, network_transport, NET, "`tcp`, `udp`, ..."),
	WRITE("network.direction", KEYWORD, network_direction, NET, "`egress` or `ingress`, where known."),
	WRITE("network.bytes", LONG, network_bytes, K(CLOSE), "Bytes both ways."),

	SELDOM_GET("container.id", container_id, CONTAINER, ALL, "Of the container that the process is in."),
	SELDOM_GET("container.name", container_name, CONTAINER, ALL, "Its name, as its runtime has it."),
	SELDOM_GET("container.image.name", image_name, CONTAINER, ALL, "Its image, without tag and digest."),
	SELDOM("container.image.tag", KEYWORDS, image_tag, CONTAINER, ALL, "Tag of the image."),
	SELDOM("container.image.hash.all", KEYWORDS, image_hash, CONTAINER, ALL, "Digest of the image."),
	SELDOM_GET("container.runtime", runtime, CONTAINER, ALL, "`containerd`, `cri-o`, `docker`, `podman`, `runc`, where that shows."),
	SELDOM("container.labels", LABELS, container_labels, CONTAINER, ALL,
	       "Labels of a container that is in no pod; dots in their names are underscores here."),
	SELDOM_GET("orchestrator.type", orchestrator_type, POD, ALL, "`kubernetes`, for containers of pods."),
	SELDOM_GET("orchestrator.namespace", pod_namespace, POD, ALL, "Namespace of the pod."),
	SELDOM_GET("orchestrator.resource.type", resource_type, POD, ALL, "`pod`"),
	SELDOM_GET("orchestrator.resource.name", pod_name, POD, ALL, "Name of the pod."),
	SELDOM_GET("orchestrator.resource.id", pod_uid, POD, ALL, "uid of the pod."),
	SELDOM_GET("orchestrator.resource.parent.type", owner_kind, POD, ALL, "What sort of thing made the pod."),
	SELDOM_GET("kubernetes.namespace", pod_namespace, POD, ALL, "Namespace of the pod."),
	SELDOM_GET("kubernetes.pod.name", pod_name, POD, ALL, "Name of the pod."),
	SELDOM_GET("kubernetes.pod.uid", pod_uid, POD, ALL, "uid of the pod."),
	SELDOM_GET("kubernetes.pod.ip", pod_ip, POD, ALL, "Address of the pod."),
	SELDOM_GET("kubernetes.node.name", node_name, POD, ALL, "The node, as Kubernetes calls it."),
	SELDOM_GET("kubernetes.container.name", container_name, POD, ALL, "The container's name in its pod."),
	SELDOM_GET("kubernetes.container.image", container_image, POD, ALL, "Its image as Kubernetes has it, with tag or digest."),
	SELDOM("kubernetes.labels", LABELS, pod_labels, POD, ALL,
	       "Labels of the pod; dots in their names are underscores here."),
	SELDOM_GET("kubernetes.deployment.name", deployment_name, POD, ALL, "Who made the pod, or its replica set."),
	SELDOM_GET("kubernetes.replicaset.name", replicaset_name, POD, ALL, "Who made the pod."),
	SELDOM_GET("kubernetes.daemonset.name", daemonset_name, POD, ALL, "Who made the pod."),
	SELDOM_GET("kubernetes.statefulset.name", statefulset_name, POD, ALL, "Who made the pod."),
	SELDOM_GET("kubernetes.job.name", job_name, POD, ALL, "Who made the pod."),
	SELDOM_GET("kubernetes.cronjob.name", cronjob_name, POD, ALL, "Who made the pod."),
	SELDOM_GET("systemd.unit", systemd_unit, CGROUP, ALL, "Unit of systemd that the process is in; not inside containers."),

	CONST("ringside.kind", KEYWORD, kind, ALL, "The kind, as in the table of kinds."),
	GET("ringside.hook", hook, ALL, "What in the kernel told us."),
	WRITE("ringside.syscall", KEYWORD, syscall, ALL, "Name of the system call, or its number."),
	SELDOM("ringside.compat", BOOLEAN, compat, HDR, ALL, "The system call is one of 32-bit programs."),
	SELDOM("ringside.kernel_thread", BOOLEAN, kthread, HDR, ALL, "A thread of the kernel did it."),
	LOAD("ringside.result", LONG, S32, rs_hdr, ret, CALLS, "What the call returned; negative: an error."),
	SELDOM("ringside.errno", KEYWORD, error_name, ERROR, CALLS, "Name of the error."),
	LOAD("ringside.cpu", LONG, U16, rs_hdr, cpu, ALL, "CPU it happened on."),
	WRITE("ringside.lane", LONG, lane, ALL, "See `event.sequence`."),
	LOAD("ringside.cgroup.id", LONG, U64, rs_hdr, cgroup, ALL, "Control group of the process."),
	SELDOM_GET("ringside.cgroup.path", cgroup_path, CGROUP, ALL, "Its path, from the root of its hierarchy."),
	LOAD("ringside.cgroup.target.id", LONG, U64, rs_cgroup_change, id, GROUPS, "The control group that was made or removed."),
	TEXT("ringside.cgroup.target.path", CGROUP, GROUPS, "Its path, from the root of its hierarchy."),
	LOAD("ringside.cgroup.target.parent.id", LONG, U64, rs_cgroup_change, parent, GROUPS, "The group it is in."),
	LOAD("ringside.cgroup.target.level", LONG, U32, rs_cgroup_change, level, GROUPS, "Its depth; the root has 0."),
	LOAD("ringside.cgroup.target.hierarchy", LONG, U32, rs_cgroup_change, hierarchy, GROUPS, "Number of its hierarchy, as in /proc/cgroups; 0 is version 2."),
	SELDOM("ringside.container.owner.id", KEYWORD, container_owner, CONTAINER, ALL,
	       "uid of the user whose container it is, where that is not root: what it is called is his word, and it is in no pod; pods and namespaces come from root's own places only."),
	SELDOM("ringside.ancestors.pid", LONGS, ancestor_pids, ANCESTORS, ALL, "The chain of parents, the nearest first."),
	SELDOM("ringside.ancestors.name", KEYWORDS, ancestor_names, ANCESTORS, ALL, "Their names."),
	SELDOM("ringside.ancestors.entity_id", KEYWORDS, ancestor_ids, ANCESTORS, ALL, "What names them for good."),
	SELDOM("ringside.truncated", KEYWORDS, truncated, MARKED, ALL, "Fields that are longer than what we keep of them."),
	SELDOM("ringside.unreadable", KEYWORDS, unreadable, MARKED, ALL, "Fields that could not be read from the process's memory."),
	WRITE("ringside.flags", KEYWORDS, flags, FLAGGED, "Flags of the call; bits without a name as one hexadecimal number."),
	WRITE("ringside.fd", LONG, fd, FILES | NET, "File descriptor, where there is one."),

	PATH("ringside.mount.source", KEYWORD, mount_source, K(MOUNT), "Device, directory or word that was mounted."),
	TEXT("ringside.mount.type", TYPE, K(MOUNT), "File system."),

	PATH("ringside.path.source", KEYWORD, path_source, PATHS,
	      "`kernel`: from the kernel's own objects; `argument`: from the process's memory, which another thread may have changed meanwhile."),
	SELDOM_PATH("ringside.path.deleted", BOOLEAN, path_deleted, MARKED, PATHS, "The file had no name any more."),
	SELDOM_PATH("ringside.path.detached", BOOLEAN, path_detached, MARKED, PATHS, "The path begins at a mount that is in no tree."),
	SELDOM_PATH("ringside.path.bytes", KEYWORD, path_bytes, ODD, PATHS, "The path in hexadecimal, where it is not UTF-8."),
	PATH("ringside.path2.source", KEYWORD, path2_source, PAIRS, "The same for the event's other path."),
	SELDOM_PATH("ringside.path2.deleted", BOOLEAN, path2_deleted, MARKED, PAIRS, "The same for the event's other path."),
	SELDOM_PATH("ringside.path2.detached", BOOLEAN, path2_detached, MARKED, PAIRS, "The same for the event's other path."),
	SELDOM_PATH("ringside.path2.bytes", KEYWORD, path2_bytes, ODD, PAIRS, "The same for the event's other path."),

	TEXT("ringside.script", SCRIPT, K(EXEC), "The file that was run, where the executable is its interpreter."),
	WRITE("ringside.loginuid", KEYWORD, loginuid, K(EXEC), "User that logged in, whatever became of it since."),
	GET("ringside.tty", tty, K(EXEC), "Controlling terminal."),
	WRITE("ringside.setid", BOOLEAN, setid, K(EXEC), "The file gave privileges: set-uid, set-gid or file capabilities."),
	WRITE("ringside.executable.inode", KEYWORD, executable_inode, K(EXEC), "Inode number of the executable."),
	WRITE("ringside.executable.device", KEYWORD, executable_device, K(EXEC), "Its device, major and minor number."),
	WRITE("ringside.executable.mode", KEYWORD, executable_mode, K(EXEC), "Its permissions, octal."),
	LOAD("ringside.executable.uid", KEYWORD, U32, rs_exec, file_uid, K(EXEC), "Its owner."),
	LOAD("ringside.executable.gid", KEYWORD, U32, rs_exec, file_gid, K(EXEC), "Its group."),
	LOAD("ringside.executable.links", LONG, U32, rs_exec, links, K(EXEC), "Its names; 0: deleted, or never had one."),
	LOAD("ringside.namespace.mnt", LONG, U32, rs_exec, ns[RS_NS_MNT], K(EXEC), "Inode number of the namespace."),
	LOAD("ringside.namespace.pid", LONG, U32, rs_exec, ns[RS_NS_PID], K(EXEC), "Inode number of the namespace."),
	LOAD("ringside.namespace.net", LONG, U32, rs_exec, ns[RS_NS_NET], K(EXEC), "Inode number of the namespace."),
	LOAD("ringside.namespace.net", LONG, U32, rs_net, netns, NET, "Inode number of the socket's namespace."),
	LOAD("ringside.namespace.uts", LONG, U32, rs_exec, ns[RS_NS_UTS], K(EXEC), "Inode number of the namespace."),
	LOAD("ringside.namespace.ipc", LONG, U32, rs_exec, ns[RS_NS_IPC], K(EXEC), "Inode number of the namespace."),
	LOAD("ringside.namespace.user", LONG, U32, rs_exec, ns[RS_NS_USER], K(EXEC), "Inode number of the namespace."),
	LOAD("ringside.namespace.cgroup", LONG, U32, rs_exec, ns[RS_NS_CGROUP], K(EXEC), "Inode number of the namespace."),

	WRITE("ringside.exit.signal", KEYWORD, exit_signal, K(EXIT), "The signal that killed it."),
	SELDOM("ringside.exit.signal", KEYWORD, exit_signal, END, BEGIN, "The signal that killed it."),
	WRITE("ringside.exit.core_dumped", BOOLEAN, core_dumped, K(EXIT), "Whether that left a core dump."),
	SELDOM("ringside.exit.core_dumped", BOOLEAN, core_dumped, END, BEGIN, "Whether that left a core dump."),
	LOAD("ringside.usage.cpu_ns", LONG, U64, rs_exit, runtime, K(EXIT), "CPU time, exact."),
	SELDOM("ringside.usage.cpu_ns", LONG, cpu, END, BEGIN, "CPU time, exact."),
	WRITE("ringside.usage.user_ns", LONG, cpu_user, K(EXIT), "Part of it in the program, by the ratio of the kernel's samples."),
	SELDOM("ringside.usage.user_ns", LONG, cpu_user, END, BEGIN, "Part of it in the program, by the ratio of the kernel's samples."),
	WRITE("ringside.usage.system_ns", LONG, cpu_system, K(EXIT), "The rest, in the kernel."),
	SELDOM("ringside.usage.system_ns", LONG, cpu_system, END, BEGIN, "The rest, in the kernel."),
	WRITE("ringside.usage.max_rss_bytes", LONG, max_rss, K(EXIT), "Peak of resident memory."),
	SELDOM("ringside.usage.max_rss_bytes", LONG, max_rss, END, BEGIN, "Peak of resident memory."),

	TEXT("ringside.xattr.name", NAME, K(SETXATTR), "Name of the extended attribute."),

	WRITE("ringside.socket.id", KEYWORD, socket_id, NET, "The same in all events of a socket."),
	WRITE("ringside.socket.family", KEYWORD, socket_family, NET, "`inet`, `inet6`, `unix`, ..."),
	WRITE("ringside.socket.type", KEYWORD, socket_type, NET, "`stream`, `dgram`, ..."),
	WRITE("ringside.socket.backlog", LONG, backlog, K(LISTEN), "How many may wait."),
	WRITE("ringside.socket.address_source", KEYWORD, address_source, NET,
	      "`kernel`: the socket's own; `argument`: the peer's address as the process gave it."),

	WRITE("ringside.target.entity_id", KEYWORD, target_entity_id, TARGETED, "The other process."),
	WRITE("ringside.target.pid", LONG, target_pid, TARGETED, "The other process."),
	WRITE("ringside.target.name", KEYWORD, target_name, TARGETED, "The other process."),
	WRITE("ringside.target.user.id", KEYWORD, target_uid, TARGETED, "Its user."),
	WRITE("ringside.ptrace.request", KEYWORD, ptrace_request, K(PTRACE), "`PTRACE_...`"),
	WRITE("ringside.ptrace.address", KEYWORD, ptrace_address, K(PTRACE), "Address in the other process."),
	WRITE("ringside.kill.signal", KEYWORD, signal, K(KILL), "Signal, by name or number."),
	WRITE("ringside.kill.pid", LONG, signal_pid, K(KILL), "pid as given: negative for a process group, -1 for everybody."),
	TEXT("ringside.module.name", NAME, K(MODULE), "Name or file of the module."),
	WRITE("ringside.bpf.command", KEYWORD, bpf_command, K(BPF), "`BPF_...`"),
	WRITE("ringside.bpf.type", KEYWORD, bpf_type, K(BPF), "Type of the program or map."),
	TEXT("ringside.bpf.name", NAME, K(BPF), "Name of the program or map."),
	TEXT("ringside.memfd.name", NAME, K(MEMFD), "Name of the file in memory."),
	WRITE("ringside.memory.address", KEYWORD, memory_address, K(WXMAP), "First address."),
	WRITE("ringside.memory.length", LONG, memory_length, K(WXMAP), "Bytes; left out where no memory can have it."),
	WRITE("ringside.memory.protection", KEYWORDS, flags, K(WXMAP), "`PROT_...`"),
	WRITE("ringside.memory.fd", LONG, memory_fd, K(WXMAP), "Descriptor of the file that is mapped."),
	WRITE("ringside.capabilities.inheritable", KEYWORDS, cap_inheritable, IDS, "Capabilities that are kept by exec."),
	/* clang-format on */
};
const size_t rs_event_fields_count = ARRAY_SIZE(rs_event_fields);
static_assert(ARRAY_SIZE(rs_event_fields) <= RS_EVENT_FIELDS_MAX, "RS_EVENT_FIELDS_MAX");

const char *rs_field_type_to_str(enum rs_field_type type)
{
	static const char *const names[] = {
		[RS_TYPE_KEYWORD] = "keyword", [RS_TYPE_KEYWORDS] = "keyword list",
		[RS_TYPE_LONG] = "long",       [RS_TYPE_BOOLEAN] = "boolean",
		[RS_TYPE_DATE] = "date",       [RS_TYPE_IP] = "ip",
		[RS_TYPE_LONGS] = "long list", [RS_TYPE_LABELS] = "object of keywords",
	};
	static_assert(ARRAY_SIZE(names) == RS_TYPE_COUNT, "a name for every type");

	return names[type];
}
