/* SPDX-License-Identifier: Apache-2.0 */
/* The network. Included several times: see call.h for the words. */
/* clang-format off */
CALL(sendfile, 40, 71, "dn", NUM, FD(out_fd), FD(in_fd), IO(offset, long), UL(count))
CALL(socket, 41, 198, "n", FD, E(family, af), F(type, sock), S(protocol, protocol))
CALL(connect, 42, 203, "n", NUM, FD(fd), SAIN(uservaddr, 2), D(addrlen))
CALL(accept, 43, 202, "n", FD, FD(fd), SAOUT(upeer_sockaddr, 2), SALEN(upeer_addrlen))
CALL(sendto, 44, 206, "n", NUM, FD(fd), IBUF(buff, 2), UL(len), F(flags, msg), SAIN(addr, 5),
     U(addr_len))
CALL(recvfrom, 45, 207, "n", NUM, FD(fd), OBUF(ubuf), UL(size), F(flags, msg), SAOUT(addr, 5),
     SALEN(addr_len))
CALL(sendmsg, 46, 211, "n", NUM, FD(fd), S(msg, msghdr, MESSAGE, ENTRY|DATA, 0, 0), F(flags, msg))
CALL(recvmsg, 47, 212, "n", NUM, FD(fd), S(msg, msghdr, MESSAGE, EXIT|DATA|FAILED, 0, 0), F(flags, msg))
CALL(shutdown, 48, 210, "n", NUM, FD(fd), E(how, shutdown))
CALL(bind, 49, 200, "n", NUM, FD(fd), SAIN(umyaddr, 2), D(addrlen))
CALL(listen, 50, 201, "n", NUM, FD(fd), D(backlog))
CALL(getsockname, 51, 204, "n", NUM, FD(fd), SAOUT(usockaddr, 2), SALEN(usockaddr_len))
CALL(getpeername, 52, 205, "n", NUM, FD(fd), SAOUT(usockaddr, 2), SALEN(usockaddr_len))
CALL(socketpair, 53, 199, "n", NUM, E(family, af), F(type, sock), S(protocol, protocol),
     O(usockvec, fdpair))
CALL(setsockopt, 54, 208, "n", NUM, FD(fd), E(level, sol), S(optname, optname),
     S(optval, sockopt, BUFFER, ENTRY|DATA, 4, 1), D(optlen))
CALL(getsockopt, 55, 209, "n", NUM, FD(fd), E(level, sol), S(optname, optname),
     S(optval, sockopt, BEHIND, EXIT|DATA, 4, 1), SALEN(optlen))
X86(getpmsg, 181, "n", NUM, FD(fd), P(ctl), P(data), P(bandp), P(flags))
X86(putpmsg, 182, "n", NUM, FD(fd), P(ctl), P(data), D(band), D(flags))
CALL(accept4, 288, 242, "n", FD, FD(fd), SAOUT(upeer_sockaddr, 2), SALEN(upeer_addrlen),
     F(flags, sock_flags))
CALL(recvmmsg, 299, 243, "n", NUM, FD(fd), S(mmsg, mmsghdr, MESSAGES, EXIT|DATA, 2, 0), U(vlen),
     F(flags, msg), BOTH(timeout, timespec))
CALL(sendmmsg, 307, 269, "n", NUM, FD(fd), S(mmsg, mmsghdr, MESSAGES, ENTRY|DATA, 2, 0), U(vlen),
     F(flags, msg))
/* clang-format on */
