/* SPDX-License-Identifier: Apache-2.0 */
/* The links of the machine: what programs are attached to, in words. */
#include <errno.h>
#include <linux/if.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/util.h"
#include "kern/bpfcall.h"
#include "kern/node-private.h"

/* Types and parts of struct bpf_link_info that older linux/bpf.h lacks. */
enum { LINK_TCX = 11, LINK_UPROBE_MULTI = 12, LINK_NETKIT = 13 };
enum { PERF_UPROBE = 1, PERF_URETPROBE, PERF_KPROBE, PERF_KRETPROBE, PERF_TRACEPOINT, PERF_EVENT };

/* Linux 6.6: the end of struct bpf_link_info for a perf event. */
struct perf_part {
	uint32_t type; /* PERF_* */
	uint32_t pad;
	uint64_t name; /* in all kinds that have one: buffer for it, then its size */
	uint32_t name_len;
	uint32_t more[5];
};

struct link_info {
	uint32_t type, id, prog_id, pad;
	union {
		struct {
			uint64_t name;
			uint32_t name_len;
		} raw_tracepoint;
		struct {
			uint64_t cgroup_id;
			uint32_t attach_type;
		} cgroup;
		struct {
			uint32_t ifindex;
		} interface; /* xdp, tcx, netkit */
		struct perf_part perf;
		uint8_t room[112];
	};
};

static void name_interface(uint32_t index, char *buf, size_t size)
{
	_cleanup_(rs_cleanup_close) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_ifindex = (int)index };

	if (fd >= 0 && ioctl(fd, SIOCGIFNAME, &request) == 0)
		snprintf(buf, size, "%s", request.ifr_name);
	else
		snprintf(buf, size, "interface %u", index);
}

/* Kinds with a name give it only when asked with a buffer in place: once more. */
static bool read_name(int fd, const struct link_info *first, char *buf, size_t size)
{
	struct link_info info = { 0 };
	bool raw = first->type == BPF_LINK_TYPE_RAW_TRACEPOINT;

	if (raw) {
		info.raw_tracepoint.name = (uint64_t)(uintptr_t)buf;
		info.raw_tracepoint.name_len = (uint32_t)size;
	} else {
		info.perf.type = first->perf.type;
		info.perf.name = (uint64_t)(uintptr_t)buf;
		info.perf.name_len = (uint32_t)size;
	}
	buf[0] = '\0';
	/* too long a name comes cut, with ENOSPC */
	if (rs_bpf_info(fd, &info, sizeof(info)) < 0 && !buf[0])
		return false;
	buf[size - 1] = '\0';
	return true;
}

static void name_target(int fd, const struct link_info *info, char *buf, size_t size)
{
	switch (info->type) {
	case BPF_LINK_TYPE_RAW_TRACEPOINT:
		if (!read_name(fd, info, buf, size))
			buf[0] = '\0';
		break;
	case BPF_LINK_TYPE_PERF_EVENT:
		if (info->perf.type < PERF_UPROBE || info->perf.type > PERF_TRACEPOINT ||
		    !read_name(fd, info, buf, size))
			buf[0] = '\0';
		break;
	case BPF_LINK_TYPE_CGROUP:
		snprintf(buf, size, "cgroup %llu", (unsigned long long)info->cgroup.cgroup_id);
		break;
	case BPF_LINK_TYPE_XDP:
	case LINK_TCX:
	case LINK_NETKIT:
		name_interface(info->interface.ifindex, buf, size);
		break;
	default:
		break;
	}
}

static int read_link(uint32_t id, struct rs_node_link *ret_link)
{
	_cleanup_(rs_cleanup_close) int fd = rs_bpf_fd_by_id(BPF_LINK_GET_FD_BY_ID, id);
	struct rs_node_link link = { .id = id };
	struct link_info info = { 0 };
	int r;

	if (fd < 0)
		return fd;
	r = rs_bpf_info(fd, &info, sizeof(info));
	if (r < 0)
		return r;
	link.type = info.type;
	link.program = info.prog_id;
	name_target(fd, &info, link.target, sizeof(link.target));
	*ret_link = link;
	return 0;
}

int rs_node_read_links(struct rs_node *node)
{
	uint32_t id = 0;
	int r;

	while ((r = rs_bpf_next_id(BPF_LINK_GET_NEXT_ID, id, &id)) == 0) {
		struct rs_node_program *program;
		struct rs_node_link link;

		if (read_link(id, &link) < 0)
			continue; /* it is gone */
		program = rs_node_find(node, link.program);
		if (program) {
			if (!link.target[0] && program->target[0])
				snprintf(link.target, sizeof(link.target), "%s", program->target);
			program->links++;
			rs_node_add_target(program, link.target);
		}
		r = rs_vec_push(&node->links, link);
		if (r < 0)
			return r;
	}
	return r == -ENOENT ? 0 : r;
}
