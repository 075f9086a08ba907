/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/kconfig.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <zlib.h>

#include "base/fd.h"

#define CONFIG_BYTES ((size_t)4 << 20)

static int read_gzip(const char *path, struct rs_str *out)
{
	gzFile file = gzopen(path, "rbe");
	char buf[16384];
	int n, r = 0;

	if (!file)
		return errno ? -errno : -ENOMEM;
	while ((n = gzread(file, buf, sizeof(buf))) > 0 && r == 0)
		r = rs_str_append(out, buf, (size_t)n);
	gzclose(file);
	return n < 0 ? -EIO : r;
}

int rs_kconfig_load(struct rs_kconfig *config)
{
	struct utsname name;
	char path[sizeof(name.release) + 16];

	rs_str_init(&config->text, CONFIG_BYTES);
	if (read_gzip("/proc/config.gz", &config->text) == 0)
		return 0;
	rs_str_reset(&config->text);
	if (uname(&name) < 0)
		return -errno;
	snprintf(path, sizeof(path), "/boot/config-%s", name.release);
	return rs_fd_read_file_at(AT_FDCWD, path, CONFIG_BYTES, &config->text);
}

void rs_kconfig_done(struct rs_kconfig *config)
{
	rs_str_done(&config->text);
}

/* What one line says of an option: "CONFIG_x=y", "# CONFIG_x is not set". */
static enum rs_kconfig_state read_line(const char *line, size_t len, const char *option, size_t n)
{
	static const char set[] = "CONFIG_", unset[] = "# CONFIG_", tail[] = " is not set";
	const size_t set_len = sizeof(set) - 1, unset_len = sizeof(unset) - 1;

	if (len == unset_len + n + sizeof(tail) - 1 && memcmp(line, unset, unset_len) == 0 &&
	    memcmp(line + unset_len, option, n) == 0 &&
	    memcmp(line + unset_len + n, tail, sizeof(tail) - 1) == 0)
		return RS_KCONFIG_OFF;
	if (len <= set_len + n + 1 || memcmp(line, set, set_len) != 0 ||
	    memcmp(line + set_len, option, n) != 0 || line[set_len + n] != '=')
		return RS_KCONFIG_UNKNOWN;
	return line[set_len + n + 1] == 'm' ? RS_KCONFIG_MODULE : RS_KCONFIG_ON;
}

enum rs_kconfig_state rs_kconfig_get(const struct rs_kconfig *config, const char *option)
{
	const char *p = config->text.data, *end = p ? p + config->text.len : NULL;
	enum rs_kconfig_state state = RS_KCONFIG_UNKNOWN;
	size_t n = strlen(option);

	while (p < end && state == RS_KCONFIG_UNKNOWN) {
		const char *line_end = memchr(p, '\n', (size_t)(end - p));

		if (!line_end)
			line_end = end;
		state = read_line(p, (size_t)(line_end - p), option, n);
		p = line_end < end ? line_end + 1 : end;
	}
	return state;
}
