/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waits until the machine is quiet: for seconds after a BPF program was loaded or unloaded, kernel
 * workers use up to a core, and an agent that ended leaves a child behind that detaches its hooks.
 *
 * usage: bench-quiet SECONDS          at most that long
 *
 * Quiet is: three looks in a row, 0.2 s apart, at which all CPUs together were less than 6 % busy.
 * Exit code: 0 quiet, 1 the time was up.
 */
#include <ctype.h>
#include <dirent.h>
#include <poll.h>

#include "bench/bench.h"

#define LOOK_MS 200
#define LOOKS   3
#define BUSY    0.06

struct ticks {
	uint64_t all, idle;
};

static void read_ticks(struct ticks *ret_ticks)
{
	_cleanup_(rs_cleanup_fclose) FILE *file = fopen("/proc/stat", "re");
	unsigned long v[8];

	if (!file || fscanf(file, "cpu %lu %lu %lu %lu %lu %lu %lu %lu", &v[0], &v[1], &v[2], &v[3],
			    &v[4], &v[5], &v[6], &v[7]) != 8)
		bench_die("/proc/stat: %s", strerror(errno));
	*ret_ticks = (struct ticks){ .idle = v[3] + v[4] };
	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		ret_ticks->all += v[i];
}

static bool named(const char *pid, const char *name)
{
	char path[64], comm[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%.16s/comm", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(comm, sizeof(comm), file))
		comm[0] = '\0';
	fclose(file);
	comm[strcspn(comm, "\n")] = '\0';
	return !strcmp(comm, name);
}

static bool detaching(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir)))
		found = isdigit((unsigned char)entry->d_name[0]) &&
			named(entry->d_name, "ringside-detach");
	if (dir)
		closedir(dir);
	return found;
}

int main(int argc, char **argv)
{
	uint64_t end = bench_now() + (uint64_t)((argc > 1 ? bench_number(argv[1]) : 10) * 1e9);
	struct ticks before, after;
	unsigned quiet = 0;

	read_ticks(&before);
	while (quiet < LOOKS) {
		if (bench_now() >= end)
			return 1;
		poll(NULL, 0, LOOK_MS);
		read_ticks(&after);
		if ((double)(after.idle - before.idle) <
			    (1 - BUSY) * (double)(after.all - before.all) ||
		    detaching())
			quiet = 0;
		else
			quiet++;
		before = after;
	}
	return 0;
}
