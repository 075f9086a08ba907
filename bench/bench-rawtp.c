/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent does not do: one program on raw_syscalls:sys_exit, which every system call of
 * every process runs through. This one returns at once, the least that such a program can do.
 *
 * Prints "attached", then waits until its standard input ends.
 */
#include <unistd.h>

#include "bench/bench.h"
#include "kern/bpfcall.h"

int main(void)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	const struct rs_bpf_program program = {
		.type = BPF_PROG_TYPE_RAW_TRACEPOINT,
		.insns = insns,
		.n_insns = ARRAY_SIZE(insns),
	};
	_cleanup_(rs_cleanup_close) int prog = rs_bpf_load(&program), link = -1;
	char byte;

	if (prog < 0)
		bench_die("loading a program: %s", strerror(-prog));
	link = rs_bpf_raw_tp_open("sys_exit", prog);
	if (link < 0)
		bench_die("attaching it: %s", strerror(-link));
	puts("attached");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}
