/* SPDX-License-Identifier: Apache-2.0 */
/* Trials of helpers, of the verifier, and of commands of bpf(2). */
#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "kern/insn.h"
#include "kern/probes.h"

#define LOG_BYTES   16384
#define BIG_INSNS   5000 /* 4096 was the limit without CAP_BPF, and until 5.2 */
#define LOOPS       1000 /* too many to be a chain of jumps that somebody unrolled */
#define ANSWER      42
#define PACKET      64
#define COPY_SLEEPS "bpf_lsm_bprm_committed_creds" /* may sleep in every release that has any */

/* What kernels say of a helper that they lack, or do not let this type of program call. */
static bool refuses_helper(const char *log)
{
	static const char *const words[] = { "invalid func ", "unknown func ",
					     "cannot use helper " };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strstr(log, words[i]))
			return true;
	}
	return false;
}

/*
 * Calls the helper with whatever is in the registers. The verifier looks at the helper before it
 * looks at its arguments, so that any other complaint means that the helper is there.
 */
static int try_helper(struct rs_probe *probe, const struct rs_bpf_program *base)
{
	const struct bpf_insn insns[] = {
		RS_INSN_CALL((int32_t)probe->number),
		RS_INSN_MOV_IMM(BPF_REG_0, 0),
		RS_INSN_EXIT,
	};
	struct rs_bpf_program program = *base;
	_cleanup_(rs_cleanup_close) int fd = -1;
	char log[LOG_BYTES];

	program.insns = insns;
	program.n_insns = ARRAY_SIZE(insns);
	program.log = log;
	program.log_size = sizeof(log);
	fd = rs_bpf_load(&program);
	if (fd >= 0)
		return 0;
	if (!log[0])
		return rs_probe_fail(probe, fd, "loading a program");
	if (refuses_helper(log))
		return rs_probe_say(probe, -ENOENT,
				    "this kernel does not have it for such programs");
	return 0;
}

static int try_helper_at(struct rs_probe *probe, struct rs_bpf_program *program, const char *place,
			 unsigned kind)
{
	int id = rs_probe_btf_id(probe, place, kind);

	if (id < 0)
		return id;
	program->attach_btf_id = (uint32_t)id;
	return try_helper(probe, program);
}

int rs_probe_helper(struct rs_probe *probe)
{
	struct rs_bpf_program program = { .type = probe->type };

	if (probe->type != BPF_PROG_TYPE_TRACING)
		return try_helper(probe, &program);
	program.attach_type = BPF_TRACE_RAW_TP;
	return try_helper_at(probe, &program, "btf_trace_task_rename", BTF_KIND_TYPEDEF);
}

/* Only programs that may sleep have it. */
int rs_probe_copy_from_user(struct rs_probe *probe)
{
	struct rs_bpf_program program = { .type = BPF_PROG_TYPE_LSM,
					  .attach_type = BPF_LSM_MAC,
					  .flags = BPF_F_SLEEPABLE };

	probe->number = BPF_FUNC_copy_from_user;
	return try_helper_at(probe, &program, COPY_SLEEPS, BTF_KIND_FUNC);
}

/* Only programs at a few functions have it. */
int rs_probe_d_path(struct rs_probe *probe)
{
	struct rs_bpf_program program = { .type = BPF_PROG_TYPE_TRACING,
					  .attach_type = BPF_TRACE_FENTRY };

	probe->number = BPF_FUNC_d_path;
	return try_helper_at(probe, &program, "filp_close", BTF_KIND_FUNC);
}

static int load(unsigned type, const struct bpf_insn *insns, size_t n)
{
	const struct rs_bpf_program program = { .type = type,
						.insns = insns,
						.n_insns = (uint32_t)n };

	return rs_bpf_load(&program);
}

/* Runs it once, on a made-up packet or made-up arguments, and compares what it returned. */
static int run_once(struct rs_probe *probe, int prog_fd, bool packet)
{
	uint8_t data[PACKET] = { 0 };
	uint64_t args[4] = { 0 };
	uint32_t value = 0;
	int r = packet ? rs_bpf_test_run(prog_fd, data, sizeof(data), NULL, 0, &value)
		       : rs_bpf_test_run(prog_fd, NULL, 0, args, sizeof(args), &value);

	if (r < 0)
		return rs_probe_fail(probe, r, "running a program");
	return value == ANSWER ? 0 : rs_probe_say(probe, -EIO, "the program did not do as told");
}

static int load_answer(struct rs_probe *probe, unsigned type)
{
	const struct bpf_insn insns[] = { RS_INSN_MOV_IMM(BPF_REG_0, ANSWER), RS_INSN_EXIT };
	int fd = load(type, insns, ARRAY_SIZE(insns));

	return fd < 0 ? rs_probe_fail(probe, fd, "loading a program") : fd;
}

int rs_probe_test_run(struct rs_probe *probe)
{
	_cleanup_(rs_cleanup_close) int fd = load_answer(probe, BPF_PROG_TYPE_SCHED_CLS);

	return fd < 0 ? fd : run_once(probe, fd, true);
}

int rs_probe_test_run_raw(struct rs_probe *probe)
{
	_cleanup_(rs_cleanup_close) int fd = load_answer(probe, BPF_PROG_TYPE_RAW_TRACEPOINT);

	return fd < 0 ? fd : run_once(probe, fd, false);
}

/* A program that jumps into another one, which answers; without the jump it would return 0. */
int rs_probe_tail_call(struct rs_probe *probe)
{
	const struct rs_bpf_map map = {
		.type = BPF_MAP_TYPE_PROG_ARRAY, .key_size = 4, .value_size = 4, .entries = 1
	};
	_cleanup_(rs_cleanup_close) int map_fd = rs_bpf_map_create(&map);
	_cleanup_(rs_cleanup_close) int first = -1, second = -1;
	uint32_t key = 0;
	int r;

	if (map_fd < 0)
		return rs_probe_fail(probe, map_fd, "creating a program array");

	const struct bpf_insn insns[] = {
		RS_INSN_LD_MAP(BPF_REG_2, map_fd),
		RS_INSN_MOV_IMM(BPF_REG_3, 0),
		RS_INSN_CALL(BPF_FUNC_tail_call),
		RS_INSN_MOV_IMM(BPF_REG_0, 0),
		RS_INSN_EXIT,
	};

	second = load_answer(probe, BPF_PROG_TYPE_RAW_TRACEPOINT);
	if (second < 0)
		return second;
	first = load(BPF_PROG_TYPE_RAW_TRACEPOINT, insns, ARRAY_SIZE(insns));
	if (first < 0)
		return rs_probe_fail(probe, first, "loading a program");
	r = rs_bpf_map_update(map_fd, &key, &second);
	if (r < 0)
		return rs_probe_fail(probe, r, "filling the program array");
	return run_once(probe, first, false);
}

int rs_probe_big_program(struct rs_probe *probe)
{
	struct bpf_insn *insns = calloc(BIG_INSNS, sizeof(*insns));
	int fd;

	if (!insns)
		return -ENOMEM;
	for (size_t i = 0; i < BIG_INSNS - 1; i++)
		insns[i] = RS_INSN_MOV_IMM(BPF_REG_0, (int32_t)i);
	insns[BIG_INSNS - 1] = RS_INSN_EXIT;
	fd = load(BPF_PROG_TYPE_RAW_TRACEPOINT, insns, BIG_INSNS);
	free(insns);
	if (fd < 0)
		return rs_probe_fail(probe, fd, "loading a program of 5000 instructions");
	rs_cleanup_close(&fd);
	return 0;
}

int rs_probe_bounded_loop(struct rs_probe *probe)
{
	const struct bpf_insn insns[] = {
		RS_INSN_MOV_IMM(BPF_REG_0, 0),
		RS_INSN_ADD_IMM(BPF_REG_0, 1),
		RS_INSN_JLT_IMM(BPF_REG_0, LOOPS, -2),
		RS_INSN_EXIT,
	};
	_cleanup_(rs_cleanup_close) int fd = load(BPF_PROG_TYPE_RAW_TRACEPOINT, insns,
						  ARRAY_SIZE(insns));

	return fd < 0 ? rs_probe_fail(probe, fd, "loading a program with a loop") : 0;
}

int rs_probe_atomic_fetch(struct rs_probe *probe)
{
	const struct bpf_insn insns[] = {
		RS_INSN_MOV_IMM(BPF_REG_1, 1),
		RS_INSN_STORE_IMM(BPF_REG_10, -8, 0),
		RS_INSN_ATOMIC(BPF_ADD | BPF_FETCH, BPF_REG_10, -8, BPF_REG_1),
		RS_INSN_MOV(BPF_REG_0, BPF_REG_1),
		RS_INSN_EXIT,
	};
	_cleanup_(rs_cleanup_close) int fd = load(BPF_PROG_TYPE_RAW_TRACEPOINT, insns,
						  ARRAY_SIZE(insns));

	return fd < 0 ? rs_probe_fail(probe, fd, "loading a program with a fetch-and-add") : 0;
}

int rs_probe_enable_stats(struct rs_probe *probe)
{
	_cleanup_(rs_cleanup_close) int fd = rs_bpf_enable_stats();

	return fd < 0 ? rs_probe_fail(probe, fd, "switching run time statistics on") : 0;
}
