/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/caps.h"

#include <assert.h>
#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define CAPS_MAX 64 /* the width of a set in the system call */

static const char *const names[] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",
	"CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
};
static_assert(ARRAY_SIZE(names) == RS_CAP_CHECKPOINT_RESTORE + 1, "names");

const char *rs_caps_to_str(unsigned cap, char buf[static 16])
{
	if (cap < ARRAY_SIZE(names))
		return names[cap];
	snprintf(buf, 16, "CAP_%u", cap);
	return buf;
}

/* The three sets of capget(2). */
static int get_sets(struct rs_caps *caps)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	caps->effective = (uint64_t)data[1].effective << 32 | data[0].effective;
	caps->permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted;
	caps->inheritable = (uint64_t)data[1].inheritable << 32 | data[0].inheritable;
	return 0;
}

static int put_sets(const struct rs_caps *caps)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
		{ (uint32_t)caps->effective, (uint32_t)caps->permitted,
		  (uint32_t)caps->inheritable },
		{ (uint32_t)(caps->effective >> 32), (uint32_t)(caps->permitted >> 32),
		  (uint32_t)(caps->inheritable >> 32) },
	};

	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

int rs_caps_get(struct rs_caps *ret_caps, struct rs_error *err)
{
	struct rs_caps caps = { 0 };
	int r = get_sets(&caps);

	if (r < 0)
		return rs_error_set_errno(err, r, "reading our capabilities");
	for (unsigned cap = 0; cap < CAPS_MAX; cap++) {
		int bounding = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

		if (bounding < 0)
			break; /* EINVAL: the kernel has no more of them */
		if (bounding)
			caps.bounding |= RS_CAP_BIT(cap);
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) > 0)
			caps.ambient |= RS_CAP_BIT(cap);
	}
	*ret_caps = caps;
	return 0;
}

bool rs_caps_have(unsigned cap)
{
	struct rs_caps caps = { 0 };

	return get_sets(&caps) == 0 && (caps.effective & RS_CAP_BIT(cap));
}

/* Before the other sets: afterwards CAP_SETPCAP may be gone. */
static int drop_bounding(uint64_t drop)
{
	for (unsigned cap = 0; cap < CAPS_MAX; cap++) {
		if ((drop & RS_CAP_BIT(cap)) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return -errno;
	}
	return 0;
}

int rs_caps_keep(uint64_t mask, struct rs_error *err)
{
	struct rs_caps caps = { 0 };
	int r = rs_caps_get(&caps, err);

	if (r < 0)
		return r;
	if (caps.effective & RS_CAP_BIT(CAP_SETPCAP))
		r = drop_bounding(caps.bounding & ~mask);
	if (r < 0)
		return rs_error_set_errno(err, r, "dropping capabilities from the bounding set");
	caps.effective &= mask;
	caps.permitted &= mask;
	caps.inheritable &= mask;
	/* The kernel keeps the ambient set within permitted and inheritable by itself. */
	r = put_sets(&caps);
	if (r < 0)
		return rs_error_set_errno(err, r, "dropping capabilities");
	return 0;
}
