/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/cpus.h"

#include <ctype.h>
#include <fcntl.h>

#include "base/fd.h"

#define FOLDER "/sys/devices/system/cpu/"

static bool number(const char **text, unsigned *ret)
{
	unsigned n = 0;

	if (!isdigit((unsigned char)**text))
		return false;
	for (; isdigit((unsigned char)**text) && n < RS_CPUS_MAX; (*text)++)
		n = n * 10 + (unsigned)(**text - '0');
	*ret = n;
	return n < RS_CPUS_MAX;
}

unsigned rs_cpus_parse(const char *text, int *cpus, unsigned max)
{
	unsigned n = 0, first, last;

	while (number(&text, &first)) {
		last = first;
		if (*text == '-' && (text++, !number(&text, &last)))
			return 0;
		for (; first <= last; first++, n++) {
			if (cpus && n < max)
				cpus[n] = (int)first;
		}
		if (*text != ',')
			break;
		text++;
	}
	return *text && *text != '\n' ? 0 : n;
}

unsigned rs_cpus_possible(void)
{
	char buf[4096];
	int cpus[RS_CPUS_MAX];
	unsigned n = 0;

	if (rs_fd_read_buf_at(AT_FDCWD, FOLDER "possible", buf, sizeof(buf)) > 0)
		n = rs_cpus_parse(buf, cpus, RS_CPUS_MAX);
	return n ? (unsigned)cpus[MIN(n, (unsigned)RS_CPUS_MAX) - 1] + 1 : 1;
}

unsigned rs_cpus_online(int *cpus, unsigned max)
{
	char buf[4096];
	unsigned n = 0;

	if (rs_fd_read_buf_at(AT_FDCWD, FOLDER "online", buf, sizeof(buf)) > 0)
		n = rs_cpus_parse(buf, cpus, max);
	if (!n && max) {
		cpus[0] = 0;
		n = 1;
	}
	return MIN(n, max);
}
