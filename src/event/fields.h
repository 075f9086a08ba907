/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The functions that the field table points to: each writes the value of one field, or nothing; those
 * called rs_get_... give text that is there already. */

#include "event/render.h"

/* fields-common.c: what every event has */
rs_field_fn rs_field_timestamp, rs_field_ecs_version;
rs_field_fn rs_field_event_kind, rs_field_category, rs_field_type, rs_field_type_of_event,
	rs_field_action, rs_field_dataset, rs_field_provider, rs_field_duration;
rs_text_fn rs_get_action_of_event, rs_get_outcome;
rs_field_fn rs_field_host_name, rs_field_host_id, rs_field_host_arch, rs_field_host_boot_id,
	rs_field_os_type, rs_field_os_kernel;
rs_text_fn rs_get_user_name, rs_get_group_name, rs_get_hook;
rs_field_fn rs_field_kind, rs_field_syscall, rs_field_error_name, rs_field_lane, rs_field_kthread,
	rs_field_compat, rs_field_truncated, rs_field_unreadable, rs_field_flags, rs_field_fd;

/* fields-process.c */
rs_text_fn rs_get_process_name, rs_get_parent_name, rs_get_parent_executable,
	rs_get_known_command_line, rs_get_tty;
rs_field_fn rs_field_entity_id, rs_field_parent_pid, rs_field_parent_entity_id, rs_field_executable,
	rs_field_args, rs_field_command_line, rs_field_working_directory, rs_field_env_vars,
	rs_field_process_start, rs_field_process_end, rs_field_exit_code, rs_field_interactive,
	rs_field_loginuid, rs_field_setid, rs_field_executable_inode, rs_field_executable_device,
	rs_field_executable_mode, rs_field_exit_signal, rs_field_core_dumped, rs_field_cpu,
	rs_field_cpu_user, rs_field_cpu_system, rs_field_max_rss;

/* fields-file.c */
rs_field_fn rs_field_file_path, rs_field_file_name, rs_field_file_directory,
	rs_field_file_extension, rs_field_target_path, rs_field_original_path,
	rs_field_original_name, rs_field_file_type, rs_field_inode, rs_field_device, rs_field_mode,
	rs_field_file_uid, rs_field_file_gid, rs_field_file_size, rs_field_mount_source;
rs_field_fn rs_field_path_source, rs_field_path_deleted, rs_field_path_detached,
	rs_field_path_bytes;
rs_field_fn rs_field_path2_source, rs_field_path2_deleted, rs_field_path2_detached,
	rs_field_path2_bytes;

/* fields-net.c */
rs_field_fn rs_field_source_ip, rs_field_source_port, rs_field_source_address,
	rs_field_source_bytes;
rs_field_fn rs_field_destination_ip, rs_field_destination_port, rs_field_destination_address,
	rs_field_destination_bytes;
rs_field_fn rs_field_network_type, rs_field_network_transport, rs_field_network_direction,
	rs_field_network_bytes;
rs_field_fn rs_field_socket_id, rs_field_socket_family, rs_field_socket_type, rs_field_backlog,
	rs_field_address_source;

/* fields-privilege.c */
rs_field_fn rs_field_cap_effective, rs_field_cap_permitted, rs_field_cap_inheritable;
rs_field_fn rs_field_target_pid, rs_field_target_entity_id, rs_field_target_name,
	rs_field_target_uid, rs_field_signal, rs_field_signal_pid, rs_field_ptrace_request,
	rs_field_ptrace_address, rs_field_bpf_command, rs_field_bpf_type, rs_field_memory_address,
	rs_field_memory_length, rs_field_memory_fd;

/* fields-identity.c: whom it belongs to */
rs_text_fn rs_get_container_id, rs_get_container_name, rs_get_container_image, rs_get_image_name,
	rs_get_runtime, rs_get_orchestrator_type, rs_get_pod_namespace, rs_get_resource_type,
	rs_get_pod_name, rs_get_pod_uid, rs_get_pod_ip, rs_get_node_name, rs_get_owner_kind,
	rs_get_deployment_name, rs_get_replicaset_name, rs_get_daemonset_name,
	rs_get_statefulset_name, rs_get_job_name, rs_get_cronjob_name, rs_get_systemd_unit,
	rs_get_cgroup_path;
rs_field_fn rs_field_image_tag, rs_field_image_hash, rs_field_container_labels,
	rs_field_container_owner, rs_field_pod_labels, rs_field_ancestor_pids,
	rs_field_ancestor_names, rs_field_ancestor_ids;

/* Whether a label is the one that is meant: with its dots, or with underscores as it is shown. */
bool rs_label_is(const struct rs_event_label *label, const char *key, size_t len);

/* The whole name of a process: of the executable, where the kernel's is clearly cut from it. */
struct rs_text rs_name_whole(const char *comm, const char *executable);

/* Text from a string that may be NULL. */
static inline struct rs_text rs_text_of(const char *string)
{
	return (struct rs_text){ string, string ? (uint32_t)strlen(string) : 0, 0 };
}
