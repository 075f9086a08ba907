/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/host.h"

#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/clock.h"
#include "base/fd.h"

/* One line of a small file of letters, digits and dashes, as both kinds of id are; "" otherwise. */
static void read_id(const char *path, char *buf, size_t size)
{
	ssize_t n = rs_fd_read_buf_at(AT_FDCWD, path, buf, size);
	size_t len;

	if (n < 0)
		n = 0;
	buf[n] = '\0';
	len = strspn(buf, "0123456789abcdefABCDEF-");
	if (buf[len] && buf[len] != '\n')
		len = 0;
	buf[len] = '\0';
}

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from);
}

void rs_host_read(const char *root, struct rs_event_host *ret_host)
{
	struct rs_event_host host = { .boot_offset = rs_clock_boot_offset() };
	_cleanup_(rs_cleanup_free) char *path = NULL;
	struct utsname names;

	if (uname(&names) == 0) {
		copy(host.name, sizeof(host.name), names.nodename);
		copy(host.arch, sizeof(host.arch), names.machine);
		copy(host.kernel, sizeof(host.kernel), names.release);
	}
	if (asprintf(&path, "%s/etc/machine-id", root ? root : "") < 0)
		path = NULL;
	if (path)
		read_id(path, host.id, sizeof(host.id));
	read_id("/proc/sys/kernel/random/boot_id", host.boot_id, sizeof(host.boot_id));
	*ret_host = host;
}
