/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/constants.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/util.h"

struct constant {
	const char *name;
	int64_t value;
};

#define C(name)                                                                                    \
	{                                                                                          \
#name, name                                                                        \
	}

static const struct constant constants[] = {
	/* sys/socket.h, linux/socket.h */
	C(AF_UNSPEC),
	C(AF_UNIX),
	C(AF_LOCAL),
	C(AF_INET),
	C(AF_INET6),
	C(AF_NETLINK),
	C(AF_PACKET),
	C(AF_VSOCK),
	C(AF_XDP),
	C(PF_UNIX),
	C(PF_INET),
	C(PF_INET6),
	C(PF_NETLINK),
	C(PF_PACKET),
	C(MSG_PEEK),
	C(MSG_DONTWAIT),
	C(MSG_NOSIGNAL),
	C(SOL_SOCKET),
	/* netinet/in.h: these are an enum there and in BTF, but not all */
	C(IPPROTO_IP),
	C(IPPROTO_ICMP),
	C(IPPROTO_TCP),
	C(IPPROTO_UDP),
	C(IPPROTO_IPV6),
	C(IPPROTO_ICMPV6),
	C(IPPROTO_RAW),
	{ "INADDR_ANY", 0 },
	{ "INADDR_LOOPBACK", 0x7f000001 },
	/* net/tcp_states.h */
	C(TCP_ESTABLISHED),
	C(TCP_SYN_SENT),
	C(TCP_SYN_RECV),
	C(TCP_FIN_WAIT1),
	C(TCP_FIN_WAIT2),
	C(TCP_TIME_WAIT),
	C(TCP_CLOSE),
	C(TCP_CLOSE_WAIT),
	C(TCP_LAST_ACK),
	C(TCP_LISTEN),
	C(TCP_CLOSING),
	/* fcntl.h */
	C(O_RDONLY),
	C(O_WRONLY),
	C(O_RDWR),
	C(O_ACCMODE),
	C(O_CREAT),
	C(O_EXCL),
	C(O_NOCTTY),
	C(O_TRUNC),
	C(O_APPEND),
	C(O_NONBLOCK),
	C(O_DSYNC),
	C(O_SYNC),
	C(O_DIRECT),
	C(O_DIRECTORY),
	C(O_NOFOLLOW),
	C(O_CLOEXEC),
	C(O_PATH),
	C(O_TMPFILE),
	C(AT_FDCWD),
	C(AT_SYMLINK_NOFOLLOW),
	C(AT_REMOVEDIR),
	C(AT_EMPTY_PATH),
	C(F_DUPFD),
	C(F_GETFD),
	C(F_SETFD),
	C(F_GETFL),
	C(F_SETFL),
	C(F_GETLK),
	C(F_SETLK),
	C(F_SETLKW),
	/* sys/stat.h */
	C(S_IFMT),
	C(S_IFSOCK),
	C(S_IFLNK),
	C(S_IFREG),
	C(S_IFBLK),
	C(S_IFDIR),
	C(S_IFCHR),
	C(S_IFIFO),
	C(S_ISUID),
	C(S_ISGID),
	C(S_ISVTX),
	/* sys/mman.h */
	C(PROT_NONE),
	C(PROT_READ),
	C(PROT_WRITE),
	C(PROT_EXEC),
	C(MAP_SHARED),
	C(MAP_PRIVATE),
	C(MAP_FIXED),
	C(MAP_ANONYMOUS),
	C(MAP_POPULATE),
	C(MAP_HUGETLB),
	/* linux/sched.h: of the tasks' states only the first ones, which never changed */
	{ "TASK_RUNNING", 0 },
	{ "TASK_INTERRUPTIBLE", 1 },
	{ "TASK_UNINTERRUPTIBLE", 2 },
	{ "PF_KTHREAD", 0x00200000 },
	{ "TASK_COMM_LEN", 16 },
	C(CLONE_VM),
	C(CLONE_FS),
	C(CLONE_FILES),
	C(CLONE_SIGHAND),
	C(CLONE_VFORK),
	C(CLONE_THREAD),
	C(CLONE_NEWNS),
	C(CLONE_NEWPID),
	C(CLONE_NEWNET),
	C(CLONE_NEWUSER),
	C(CLONE_NEWUTS),
	C(CLONE_NEWIPC),
	C(CLONE_NEWCGROUP),
	/* signal.h */
	C(SIGHUP),
	C(SIGINT),
	C(SIGQUIT),
	C(SIGILL),
	C(SIGTRAP),
	C(SIGABRT),
	C(SIGBUS),
	C(SIGFPE),
	C(SIGKILL),
	C(SIGUSR1),
	C(SIGSEGV),
	C(SIGUSR2),
	C(SIGPIPE),
	C(SIGALRM),
	C(SIGTERM),
	C(SIGCHLD),
	C(SIGCONT),
	C(SIGSTOP),
	C(SIGTSTP),
	C(SIGTTIN),
	C(SIGTTOU),
	C(SIGWINCH),
	C(SIGIO),
	C(SIGSYS),
	/* errno.h */
	C(EPERM),
	C(ENOENT),
	C(ESRCH),
	C(EINTR),
	C(EIO),
	C(ENXIO),
	C(E2BIG),
	C(ENOEXEC),
	C(EBADF),
	C(ECHILD),
	C(EAGAIN),
	C(EWOULDBLOCK),
	C(ENOMEM),
	C(EACCES),
	C(EFAULT),
	C(EBUSY),
	C(EEXIST),
	C(EXDEV),
	C(ENODEV),
	C(ENOTDIR),
	C(EISDIR),
	C(EINVAL),
	C(ENFILE),
	C(EMFILE),
	C(ENOTTY),
	C(EFBIG),
	C(ENOSPC),
	C(ESPIPE),
	C(EROFS),
	C(EMLINK),
	C(EPIPE),
	C(EDOM),
	C(ERANGE),
	C(EDEADLK),
	C(ENAMETOOLONG),
	C(ENOSYS),
	C(ENOTEMPTY),
	C(ELOOP),
	C(EPROTO),
	C(EOVERFLOW),
	C(EMSGSIZE),
	C(EOPNOTSUPP),
	C(EADDRINUSE),
	C(EADDRNOTAVAIL),
	C(ENETDOWN),
	C(ENETUNREACH),
	C(ECONNABORTED),
	C(ECONNRESET),
	C(ENOBUFS),
	C(EISCONN),
	C(ENOTCONN),
	C(ETIMEDOUT),
	C(ECONNREFUSED),
	C(EHOSTUNREACH),
	C(EALREADY),
	C(EINPROGRESS),
	/* poll.h */
	C(POLLIN),
	C(POLLPRI),
	C(POLLOUT),
	C(POLLERR),
	C(POLLHUP),
	C(POLLNVAL),
};

bool rs_trace_find_constant(const char *name, int64_t *ret_value)
{
	for (size_t i = 0; i < ARRAY_SIZE(constants); i++) {
		if (!strcmp(constants[i].name, name)) {
			*ret_value = constants[i].value;
			return true;
		}
	}
	return false;
}
