/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every program of ours is taken by this kernel's verifier, or left out knowingly, and costs it no
 * more than a fifth of what it may. The counts are printed as diagnostics, from which
 * scripts/program-counts.sh makes docs/programs.md.
 */
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "event/event.h"
#include "kern/sensors.h"
#include "tests/kernel/lib/tap.h"

#define MAX_PROGRAMS 64
#define MAX_VERIFIED 200000 /* the verifier gives up at a million */

static void check_program(const struct rs_program *program)
{
	tap_diag("program %s insns %u verified %u hook %s", program->name, program->insns,
		 program->verified, program->hook[0] ? program->hook : "-");
	tap_ok(program->verified <= MAX_VERIFIED, "%s is verified in at most %u steps",
	       program->name, MAX_VERIFIED);
}

/* Only modules may be missing: there are kernels without. */
static void check_kind(struct rs_sensors *sensors, unsigned kind)
{
	bool has = rs_sensors_kinds(sensors) >> kind & 1;

	if (!has && kind == RS_KIND_MODULE && access("/proc/modules", F_OK))
		tap_skip("a hook for module", "this kernel has no modules");
	else
		tap_ok(has, "a hook for %s", rs_kind_to_str(kind));
}

static void check_all(struct rs_sensors *sensors)
{
	struct rs_program programs[MAX_PROGRAMS];
	size_t n = rs_sensors_programs(sensors, programs, MAX_PROGRAMS);
	struct rs_error err = RS_ERROR_INIT;
	struct utsname name;
	int r = rs_sensors_attach(sensors, &err);

	if (!uname(&name))
		tap_diag("kernel %s", name.release);
	tap_ok(r == 0, "all are attached: %s", r ? err.msg : "yes");
	for (unsigned kind = 0; kind < RS_KIND_COUNT; kind++)
		check_kind(sensors, kind);
	n = rs_sensors_programs(sensors, programs, MAX_PROGRAMS);
	for (size_t i = 0; i < n; i++)
		check_program(&programs[i]);
}

int main(void)
{
	struct rs_sensors_options options = { .kinds = RS_KINDS_ALL };
	struct rs_sensors *sensors = NULL;
	struct rs_error err = RS_ERROR_INIT;
	int r;

	if (geteuid() != 0) {
		tap_skip("programs", "loading them takes root");
		return tap_done();
	}
	r = rs_sensors_open(&options, &sensors, &err);
	tap_ok(r == 0, "the programs load: %s", r ? err.msg : "yes");
	if (!r)
		check_all(sensors);
	rs_sensors_close(&sensors);
	return tap_done();
}
