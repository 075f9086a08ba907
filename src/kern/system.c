/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/system.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/util.h"
#include "kern/mounts.h"

#define BTF_DIR      "/sys/kernel/btf"
#define SECURITY_DIR "/sys/kernel/security"

/* Inode numbers of the first namespaces (kernel: include/linux/proc_ns.h, uapi since 6.18). */
#define FIRST_USER_NS 0xeffffffdu
#define FIRST_PID_NS  0xeffffffcu

static const struct {
	const char *key;
	const char *file;
} switches[] = {
#define X(id, key, file) [RS_SYSTEM_##id] = { #key, file },
	RS_SYSTEM_SWITCHES(X)
#undef X
};
static_assert(ARRAY_SIZE(switches) == RS_SYSTEM_SWITCH_COUNT, "switches");

const char *rs_system_switch_key(enum rs_system_switch which)
{
	return switches[which].key;
}

const char *rs_system_switch_file(enum rs_system_switch which)
{
	return switches[which].file;
}

bool rs_system_parse_choice(const char *text, char *buf, size_t size)
{
	const char *open = strchr(text, '['), *close = open ? strchr(open, ']') : NULL;
	size_t n;

	if (!close)
		return false;
	n = (size_t)(close - open) - 1;
	if (n >= size)
		return false;
	memcpy(buf, open + 1, n);
	buf[n] = '\0';
	return true;
}

bool rs_system_list_has(const char *list, const char *word)
{
	size_t n = strlen(word);

	while (*list) {
		size_t len = strcspn(list, ",\n");

		if (len == n && memcmp(list, word, n) == 0)
			return true;
		list += len;
		list += strspn(list, ",\n");
	}
	return false;
}

static void read_names(struct rs_system *system)
{
	struct utsname name;

	if (uname(&name) < 0)
		return;
	snprintf(system->host, sizeof(system->host), "%s", name.nodename);
	snprintf(system->release, sizeof(system->release), "%s", name.release);
	snprintf(system->machine, sizeof(system->machine), "%s", name.machine);
}

static int64_t read_switch(const char *file)
{
	char path[128], text[32], *end;
	int64_t value;

	snprintf(path, sizeof(path), "/proc/sys/%s", file);
	if (rs_fd_read_buf_at(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return RS_SYSTEM_UNSET;
	value = strtoll(text, &end, 10);
	return end == text ? RS_SYSTEM_UNSET : value;
}

static uint64_t limit(rlim_t value)
{
	return value == RLIM_INFINITY ? RS_SYSTEM_UNLIMITED : value;
}

static void read_limits(struct rs_system *system)
{
	struct rlimit memlock;

	if (getrlimit(RLIMIT_MEMLOCK, &memlock) < 0)
		return;
	system->memlock_soft = limit(memlock.rlim_cur);
	system->memlock_hard = limit(memlock.rlim_max);
}

/* securityfs, or a mount of our own of it. */
static int open_securityfs(bool *ret_private)
{
	int fd = open(SECURITY_DIR "/lsm", O_PATH | O_CLOEXEC);

	if (fd >= 0) {
		close(fd);
		*ret_private = false;
		return open(SECURITY_DIR, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	*ret_private = true;
	return rs_mounts_open_detached("securityfs");
}

static void read_security(struct rs_system *system)
{
	_cleanup_(rs_cleanup_close) int fd = open_securityfs(&system->securityfs_private);
	char text[64];

	if (fd < 0)
		return;
	if (rs_fd_read_buf_at(fd, "lsm", system->lsms, sizeof(system->lsms)) < 0)
		system->lsms[0] = '\0';
	system->lsms[strcspn(system->lsms, "\n")] = '\0';
	if (rs_fd_read_buf_at(fd, "lockdown", text, sizeof(text)) >= 0)
		rs_system_parse_choice(text, system->lockdown, sizeof(system->lockdown));
	else if (system->lsms[0] && !rs_system_list_has(system->lsms, "lockdown"))
		snprintf(system->lockdown, sizeof(system->lockdown), "none");
}

static void read_btf(struct rs_system *system)
{
	DIR *dir = opendir(BTF_DIR);
	struct dirent *entry;
	struct stat st;

	if (stat(BTF_DIR "/vmlinux", &st) == 0)
		system->btf_bytes = (uint64_t)st.st_size;
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, "vmlinux") != 0)
			system->btf_modules++;
	}
	closedir(dir);
}

static bool is_namespace(const char *path, ino_t inode)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_ino == inode;
}

bool rs_system_first_user_ns(void)
{
	return is_namespace("/proc/self/ns/user", FIRST_USER_NS);
}

void rs_system_read(struct rs_system *ret_system)
{
	struct rs_system system = { 0 };
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	read_names(&system);
	for (unsigned i = 0; i < RS_SYSTEM_SWITCH_COUNT; i++)
		system.switches[i] = read_switch(switches[i].file);
	read_limits(&system);
	read_security(&system);
	read_btf(&system);
	system.cpus = cpus > 0 ? (unsigned)cpus : 0;
	system.uid = geteuid();
	system.first_user_ns = rs_system_first_user_ns();
	system.first_pid_ns = is_namespace("/proc/self/ns/pid", FIRST_PID_NS);
	*ret_system = system;
}

/* "0.1 0.2 0.3 2/345 6789": 345 */
uint32_t rs_system_threads(void)
{
	const char *slash;
	char text[128];

	if (rs_fd_read_buf_at(AT_FDCWD, "/proc/loadavg", text, sizeof(text)) < 0)
		return 0;
	slash = strchr(text, '/');
	return slash ? (uint32_t)strtoul(slash + 1, NULL, 10) : 0;
}
