/* SPDX-License-Identifier: Apache-2.0 */
/* Memory. Included several times: see call.h for the words. */
/* clang-format off */
CALL(mmap, 9, 222, "dm", HEX, P(addr), UL(len), FL(prot, prot), FL(flags, mmap), FD(fd), XL(off))
CALL(mprotect, 10, 226, "m", NUM, P(start), UL(len), FL(prot, prot))
CALL(munmap, 11, 215, "m", NUM, P(addr), UL(len))
CALL(brk, 12, 214, "m", HEX, P(brk))
CALL(mremap, 25, 216, "m", HEX, P(addr), UL(old_len), UL(new_len), FL(flags, mremap), P(new_addr))
CALL(msync, 26, 227, "m", NUM, P(start), UL(len), F(flags, msync))
CALL(mincore, 27, 232, "m", NUM, P(start), UL(len), P(vec))
CALL(madvise, 28, 233, "m", NUM, P(start), UL(len_in), E(behavior, madvise))
CALL(shmat, 30, 196, "mi", HEX, D(shmid), P(shmaddr), F(shmflg, shmat))
CALL(shmdt, 67, 197, "mi", NUM, P(shmaddr))
CALL(mlock, 149, 228, "m", NUM, P(start), UL(len))
CALL(munlock, 150, 229, "m", NUM, P(start), UL(len))
CALL(mlockall, 151, 230, "m", NUM, F(flags, mlockall))
CALL(munlockall, 152, 231, "m", NUM)
CALL(io_setup, 206, 0, "m", NUM, U(nr_events), O(ctxp, ulongx))
CALL(io_destroy, 207, 1, "m", NUM, XL(ctx))
CALL(remap_file_pages, 216, 234, "m", NUM, P(start), UL(size), FL(prot, prot), UL(pgoff),
     FL(flags, mmap))
CALL(mbind, 237, 235, "m", NUM, P(start), UL(len), FL(mode, mempolicy), IL(nmask), UL(maxnode),
     F(flags, mbind))
CALL(set_mempolicy, 238, 237, "m", NUM, F(mode, mempolicy), IL(nmask), UL(maxnode))
CALL(get_mempolicy, 239, 236, "m", NUM, O(policy, mempolicy), P(nmask), UL(maxnode), P(addr),
     FL(flags, get_mempolicy))
CALL(migrate_pages, 256, 238, "m", NUM, D(pid), UL(maxnode), IL(old_nodes), IL(new_nodes))
CALL(move_pages, 279, 239, "m", NUM, D(pid), UL(nr_pages), IV(pages, pointer, 1),
     IV(nodes, int, 1), OV(status, int, 1), F(flags, mbind))
CALL(mlock2, 325, 284, "m", NUM, P(start), UL(len), F(flags, mlock2))
CALL(pkey_mprotect, 329, 288, "m", NUM, P(start), UL(len), FL(prot, prot), D(pkey))
CALL(io_uring_register, 427, 427, "dm", NUM, FD(fd), E(opcode, io_uring_register), P(arg),
     U(nr_args))
CALL(set_mempolicy_home_node, 450, 450, "m", NUM, P(start), UL(len), UL(home_node), XL(flags))
CALL(map_shadow_stack, 453, 453, "m", NUM, P(addr), UL(size), F(flags, shadow_stack))
CALL(mseal, 462, 462, "m", NUM, P(start), UL(len), XL(flags))
/* clang-format on */
