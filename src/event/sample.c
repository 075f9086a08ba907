/* SPDX-License-Identifier: Apache-2.0 */
/* Made-up records, one for each kind: the examples of docs/events.md, and what tests and benchmarks
 * feed. */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "event/schema.h"

#define SECOND    1000000000ull
#define BOOT_TIME (5000 * SECOND)             /* of the events */
#define REAL_TIME (1782907200ll * 1000000000) /* 2026-07-01T12:00:00Z */

struct maker {
	union {
		struct rs_hdr *hdr;
		struct rs_fork *fork;
		struct rs_exec *exec;
		struct rs_exit *exit;
		struct rs_file *file;
		struct rs_net *net;
		struct rs_privilege *privilege;
		struct rs_cgroup_change *change;
	};
};

static void add(struct maker *m, enum rs_tag tag, uint8_t flags, const void *data, size_t n)
{
	char *end = (char *)m->hdr + m->hdr->size;
	struct rs_record_field field = { (uint8_t)tag, flags, (uint16_t)n };

	memcpy(end, &field, sizeof(field));
	memcpy(end + sizeof(field), data, n);
	memset(end + sizeof(field) + n, 0, 3);
	m->hdr->size += (uint32_t)(sizeof(field) + ((n + 3) & ~(size_t)3));
}

static void add_text(struct maker *m, enum rs_tag tag, const char *text)
{
	add(m, tag, 0, text, strlen(text));
}

static void start(struct maker *m, enum rs_kind kind, int nr)
{
	struct rs_hdr *hdr = m->hdr;

	memset(hdr, 0, rs_event_kinds[kind].size);
	*hdr = (struct rs_hdr){
		.kind = (uint16_t)kind,
		.hook = nr < 0 ? RS_HOOK_RAW_TP : RS_HOOK_SYSCALL_TP,
		.size = rs_event_kinds[kind].size,
		.seq = 41 + kind,
		.time = BOOT_TIME + kind * 1001001ull,
		.cpu = 1,
		.nr = nr,
		.pid = 4242,
		.tid = 4242,
		.ppid = 4100,
		.uid = 1000,
		.gid = 1000,
		.start = BOOT_TIME - 12 * SECOND,
		.pstart = BOOT_TIME - 300 * SECOND,
		.cgroup = 7521,
	};
	memcpy(hdr->comm, "worker", sizeof("worker"));
}

/* --- process --- */

static void make_fork(struct maker *m)
{
	m->hdr->start = m->hdr->time;
	m->fork->vpid = 17;
	m->fork->sid = 4100;
}

static void make_exec(struct maker *m)
{
	static const char args[] = "python3\0-m\0http.server\0008000";
	static const char env[] = "HOME=/home/ann\0LANG=C.UTF-8";
	struct rs_exec *e = m->exec;

	memcpy(e->hdr.comm, "python3", sizeof("python3"));
	e->ino = 131842;
	e->dev = 8 << 20 | 1;
	e->mode = S_IFREG | 0755;
	e->euid = e->egid = 1000;
	e->cap_permitted = e->cap_effective = 1ull << 10;
	e->loginuid = 1000;
	e->vpid = 17;
	e->sid = 4100;
	e->pgid = 4242;
	e->argc = 4;
	e->links = 1;
	for (unsigned i = 0; i < RS_NS_COUNT; i++)
		e->ns[i] = 4026531835u + i;
	memcpy(e->tty, "pts/3", sizeof("pts/3"));
	add_text(m, RS_TAG_EXE, "/usr/bin/python3.11");
	add_text(m, RS_TAG_CWD, "/home/ann/site");
	add(m, RS_TAG_ARGS, 0, args, sizeof(args));
	add(m, RS_TAG_ENV, 0, env, sizeof(env));
}

static void make_exit(struct maker *m)
{
	struct rs_exit *e = m->exit;

	e->wall = 12 * SECOND + 345678;
	e->runtime = 40000000;
	e->utime = 24000000;
	e->stime = 8000000;
	e->maxrss = 20480;
	e->code = SIGSEGV | 0x80;
}

/* --- file --- */

static void inode(struct maker *m, uint32_t mode)
{
	m->file->ino = 524301;
	m->file->dev = 8 << 20 | 1;
	m->file->mode = mode;
	m->file->uid = m->file->gid = 1000;
}

/* A path as the process gave it, from its working directory. */
static void argument(struct maker *m, const char *arg)
{
	add_text(m, RS_TAG_BASE, "/home/ann/site");
	add_text(m, RS_TAG_ARG, arg);
}

static void make_open(struct maker *m)
{
	m->file->flags = O_WRONLY | O_CREAT | O_CLOEXEC;
	m->file->mode = 0644;
	m->file->fd = -1;
	m->hdr->ret = -EACCES;
	argument(m, "../../../etc/passwd");
}

static void make_create(struct maker *m)
{
	inode(m, S_IFREG | 0644);
	m->file->flags = O_WRONLY | O_CREAT | O_EXCL;
	m->file->fd = m->hdr->ret = 3;
	add_text(m, RS_TAG_PATH, "/home/ann/site/index.html.part");
}

static void make_unlink(struct maker *m)
{
	inode(m, S_IFREG | 0644);
	add_text(m, RS_TAG_PATH, "/home/ann/site/cache/page.tmp");
}

static void make_rmdir(struct maker *m)
{
	m->hdr->ret = -ENOTEMPTY;
	argument(m, "./cache/");
}

static void make_rename(struct maker *m)
{
	inode(m, S_IFREG | 0644);
	add_text(m, RS_TAG_PATH, "/home/ann/site/index.html.part");
	add_text(m, RS_TAG_PATH2, "/home/ann/site/index.html");
}

static void make_link(struct maker *m)
{
	inode(m, S_IFREG | 0644);
	add_text(m, RS_TAG_PATH, "/home/ann/site/index.html");
	add_text(m, RS_TAG_PATH2, "/home/ann/site/index.bak");
}

static void make_symlink(struct maker *m)
{
	add_text(m, RS_TAG_PATH, "/home/ann/site/current");
	add_text(m, RS_TAG_NAME, "../releases/7");
}

static void make_mkdir(struct maker *m)
{
	m->file->mode = 0755;
	add_text(m, RS_TAG_PATH, "/home/ann/site/cache");
}

static void make_chmod(struct maker *m)
{
	inode(m, 04755);
	add_text(m, RS_TAG_PATH, "/home/ann/bin/tool");
}

static void make_chown(struct maker *m)
{
	inode(m, S_IFREG | 0644);
	m->file->uid = 0;
	m->file->gid = 0xffffffff;
	m->hdr->ret = -EPERM;
	add_text(m, RS_TAG_ARG, "/home/ann/bin//tool");
}

static void make_truncate(struct maker *m)
{
	inode(m, S_IFREG | 0600);
	m->file->length = 4096;
	m->file->fd = 7;
	add(m, RS_TAG_PATH, RS_FIELD_DELETED, "/var/log/app.log", 16);
}

static void make_setxattr(struct maker *m)
{
	inode(m, S_IFREG | 0755);
	m->file->flags = 1;
	add_text(m, RS_TAG_PATH, "/home/ann/bin/tool");
	add_text(m, RS_TAG_NAME, "security.capability");
}

static void make_mount(struct maker *m)
{
	m->file->flags = MS_NOSUID | MS_NODEV;
	add_text(m, RS_TAG_PATH, "/mnt/scratch");
	add_text(m, RS_TAG_ARG2, "tmpfs");
	add_text(m, RS_TAG_TYPE, "tmpfs");
}

static void make_umount(struct maker *m)
{
	m->file->flags = 2;
	add_text(m, RS_TAG_PATH, "/mnt/scratch");
}

/* --- network --- */

static void socket_of(struct maker *m, uint8_t direction, uint16_t local, uint16_t remote)
{
	struct rs_net *n = m->net;

	n->sock = 99;
	n->netns = 4026531840u;
	n->family = AF_INET;
	n->type = SOCK_STREAM;
	n->protocol = IPPROTO_TCP;
	n->direction = direction;
	n->fd = 5;
	n->local_port = local;
	n->remote_port = remote;
	memcpy(n->local, (uint8_t[]){ 10, 0, 0, 7 }, 4);
	if (remote)
		memcpy(n->remote, (uint8_t[]){ 10, 0, 0, 1 }, 4);
}

static void make_connect(struct maker *m)
{
	socket_of(m, RS_DIR_OUT, 40112, 443);
	m->net->flags = RS_NET_ARGUMENT;
	m->hdr->ret = -EINPROGRESS;
}

static void make_accept(struct maker *m)
{
	static const uint8_t local[16] = { 0xfd, 0, [15] = 7 };
	static const uint8_t remote[16] = { 0xfd, 0, [14] = 1, 0x2f };

	socket_of(m, RS_DIR_IN, 8000, 51000);
	m->net->family = AF_INET6;
	memcpy(m->net->local, local, sizeof(local));
	memcpy(m->net->remote, remote, sizeof(remote));
	m->hdr->ret = 6;
}

static void make_listen(struct maker *m)
{
	socket_of(m, RS_DIR_UNKNOWN, 8000, 0);
	memset(m->net->local, 0, sizeof(m->net->local));
	m->net->backlog = 128;
}

static void make_bind(struct maker *m)
{
	socket_of(m, RS_DIR_UNKNOWN, 0, 0);
	m->net->family = AF_UNIX;
	m->net->protocol = 0;
	memset(m->net->local, 0, sizeof(m->net->local));
	add_text(m, RS_TAG_SOCKET, "/run/app/control.sock");
}

static void make_close(struct maker *m)
{
	socket_of(m, RS_DIR_OUT, 40112, 443);
	m->net->sent = 1234;
	m->net->received = 3145728;
	m->net->duration = 2100000000;
}

static void make_udp(struct maker *m)
{
	socket_of(m, RS_DIR_OUT, 38211, 53);
	m->net->type = SOCK_DGRAM;
	m->net->protocol = IPPROTO_UDP;
	m->hdr->ret = 44;
}

/* --- privilege --- */

static void ids(struct maker *m)
{
	m->hdr->uid = 0;
	m->privilege->id[RS_ID_UID] = 1000;
	for (unsigned i = RS_ID_GID; i < RS_ID_COUNT; i++)
		m->privilege->id[i] = 1000;
	m->privilege->cap_effective = m->privilege->cap_permitted = 1ull << 6 | 1ull << 7;
}

static void target(struct maker *m)
{
	m->privilege->target_pid = 123;
	m->privilege->target_start = BOOT_TIME - 900 * SECOND;
	m->privilege->target_uid = 33;
	memcpy(m->privilege->target_comm, "nginx", sizeof("nginx"));
}

static void arguments(struct maker *m, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	m->privilege->arg[0] = a;
	m->privilege->arg[1] = b;
	m->privilege->arg[2] = c;
	m->privilege->arg[3] = d;
}

static void make_setid(struct maker *m)
{
	ids(m);
}

static void make_capset(struct maker *m)
{
	ids(m);
	m->privilege->cap_inheritable = 1ull << 7;
}

static void make_ptrace(struct maker *m)
{
	target(m);
	arguments(m, PTRACE_ATTACH, 123, 0, 0);
	m->hdr->ret = -EPERM;
}

static void make_kill(struct maker *m)
{
	target(m);
	arguments(m, 123, SIGTERM, 0, 0);
}

static void make_module(struct maker *m)
{
	add_text(m, RS_TAG_NAME, "dummy");
}

static void make_bpf(struct maker *m)
{
	arguments(m, BPF_PROG_LOAD, BPF_PROG_TYPE_KPROBE, 0, 0);
	m->hdr->ret = 9;
	add_text(m, RS_TAG_NAME, "count_opens");
}

static void make_memfd(struct maker *m)
{
	arguments(m, 1, 0, 0, 0);
	m->hdr->ret = 4;
	add_text(m, RS_TAG_NAME, "payload");
}

static void make_wxmap(struct maker *m)
{
	arguments(m, 0x7f0000400000, 65536, PROT_READ | PROT_WRITE | PROT_EXEC, (uint64_t)-1);
}

static void make_unshare(struct maker *m)
{
	arguments(m, CLONE_NEWUSER | CLONE_NEWNS, (uint64_t)-1, 0, 0);
}

static void make_setns(struct maker *m)
{
	arguments(m, CLONE_NEWNET, 8, 0, 0);
}

static void make_root(struct maker *m)
{
	argument(m, "jail");
}

/* --- control groups --- */

static void make_cgroup(struct maker *m)
{
	m->change->id = 4711;
	m->change->parent = 42;
	m->change->level = 2;
	m->hdr->pid = m->hdr->tid = 1;
	m->hdr->ppid = m->hdr->uid = m->hdr->gid = 0;
	m->hdr->start = 1 * SECOND;
	m->hdr->pstart = 0;
	memcpy(m->hdr->comm, "systemd", sizeof("systemd"));
	add_text(m, RS_TAG_CGROUP, "/system.slice/nginx.service");
}

/* --- all --- */

static const struct {
	void (*make)(struct maker *m);
	int nr;
} samples[] = {
	[RS_KIND_FORK] = { make_fork, -1 },
	[RS_KIND_EXEC] = { make_exec, -1 },
	[RS_KIND_EXIT] = { make_exit, -1 },
	[RS_KIND_OPEN] = { make_open, __NR_openat },
	[RS_KIND_CREATE] = { make_create, __NR_openat },
	[RS_KIND_UNLINK] = { make_unlink, __NR_unlinkat },
	[RS_KIND_RMDIR] = { make_rmdir, __NR_unlinkat },
	[RS_KIND_RENAME] = { make_rename, __NR_renameat2 },
	[RS_KIND_LINK] = { make_link, __NR_linkat },
	[RS_KIND_SYMLINK] = { make_symlink, __NR_symlinkat },
	[RS_KIND_MKDIR] = { make_mkdir, __NR_mkdirat },
	[RS_KIND_CHMOD] = { make_chmod, __NR_fchmodat },
	[RS_KIND_CHOWN] = { make_chown, __NR_fchownat },
	[RS_KIND_TRUNCATE] = { make_truncate, __NR_ftruncate },
	[RS_KIND_SETXATTR] = { make_setxattr, __NR_setxattr },
	[RS_KIND_MOUNT] = { make_mount, __NR_mount },
	[RS_KIND_UMOUNT] = { make_umount, __NR_umount2 },
	[RS_KIND_CONNECT] = { make_connect, __NR_connect },
	[RS_KIND_ACCEPT] = { make_accept, __NR_accept4 },
	[RS_KIND_LISTEN] = { make_listen, __NR_listen },
	[RS_KIND_BIND] = { make_bind, __NR_bind },
	[RS_KIND_CLOSE] = { make_close, -1 },
	[RS_KIND_UDP] = { make_udp, __NR_sendto },
	[RS_KIND_SETUID] = { make_setid, __NR_setresuid },
	[RS_KIND_SETGID] = { make_setid, __NR_setresgid },
	[RS_KIND_CAPSET] = { make_capset, __NR_capset },
	[RS_KIND_PTRACE] = { make_ptrace, __NR_ptrace },
	[RS_KIND_KILL] = { make_kill, __NR_kill },
	[RS_KIND_MODULE] = { make_module, __NR_finit_module },
	[RS_KIND_BPF] = { make_bpf, __NR_bpf },
	[RS_KIND_MEMFD] = { make_memfd, __NR_memfd_create },
	[RS_KIND_WXMAP] = { make_wxmap, __NR_mprotect },
	[RS_KIND_UNSHARE] = { make_unshare, __NR_unshare },
	[RS_KIND_SETNS] = { make_setns, __NR_setns },
	[RS_KIND_CHROOT] = { make_root, __NR_chroot },
	[RS_KIND_PIVOT] = { make_root, __NR_pivot_root },
	[RS_KIND_CGROUP_MKDIR] = { make_cgroup, -1 },
	[RS_KIND_CGROUP_RMDIR] = { make_cgroup, -1 },
};
static_assert(ARRAY_SIZE(samples) == RS_KIND_COUNT, "a sample for every kind");

size_t rs_event_sample(enum rs_kind kind, void *buf)
{
	struct maker m = { .hdr = buf };

	start(&m, kind, samples[kind].nr);
	if (rs_kind_sensor(kind) == RS_SENSOR_FILE)
		m.file->fd = -1;
	samples[kind].make(&m);
	return m.hdr->size;
}

/* --- what whoever enriches would set --- */

static const struct rs_event_label pod_labels[] = {
	{ "app.kubernetes.io/name", "cart" },
	{ "pod-template-hash", "7d9f8b6c5" },
};

static const struct rs_event_container pod = {
	.id = "9c4e1f0b7a6d52c38e1b0f9d4a7c6e5b3d2f1a0c9b8e7d6f5a4b3c2d1e0f9a8b",
	.runtime = "containerd",
	.name = "cart",
	.image = "registry.example.com/shop/cart:1.4.2",
	.pod_name = "cart-7d9f8b6c5-x2x4z",
	.pod_uid = "3f1e5a90-7c1d-4b7e-9d52-0a1b2c3d4e5f",
	.namespace = "shop",
	.node = "web-3",
	.pod_ip = "10.0.0.7",
	.owner_kind = "ReplicaSet",
	.owner_name = "cart-7d9f8b6c5",
	.labels = pod_labels,
	.n_labels = ARRAY_SIZE(pod_labels),
};

static const struct rs_event_label container_labels[] = {
	{ "com.docker.compose.project", "site" },
	{ "maintainer", "ann" },
};

static const struct rs_event_container container = {
	.id = "5d0c7be2a1948f6e3c2b1a0d9e8f7c6b5a4d3e2f1c0b9a8d7e6f5c4b3a2d1e0f",
	.runtime = "docker",
	.name = "site-web-1",
	.image = "nginx:1.27@sha256:"
		 "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
	.labels = container_labels,
	.n_labels = ARRAY_SIZE(container_labels),
};

static const struct rs_event_cgroup in_pod = {
	.path = "/kubepods.slice/kubepods-burstable.slice/"
		"kubepods-burstable-pod3f1e5a90_7c1d_4b7e_9d52_0a1b2c3d4e5f.slice/cri-containerd-"
		"9c4e1f0b7a6d52c38e1b0f9d4a7c6e5b3d2f1a0c9b8e7d6f5a4b3c2d1e0f9a8b.scope",
	.container = &pod,
};

static const struct rs_event_cgroup in_container = {
	.path = "/system.slice/docker-"
		"5d0c7be2a1948f6e3c2b1a0d9e8f7c6b5a4d3e2f1c0b9a8d7e6f5c4b3a2d1e0f.scope",
	.container = &container,
};

static const struct rs_event_cgroup in_unit = {
	.path = "/system.slice/worker.service",
	.unit = "worker.service",
};

static const struct rs_event_ancestor ancestors[] = {
	{ BOOT_TIME - 300 * SECOND, 4100, "bash", "/usr/bin/bash" },
	{ BOOT_TIME - 301 * SECOND, 4099, "sshd", "/usr/sbin/sshd" },
	{ 1 * SECOND, 1, "systemd", "/usr/lib/systemd/systemd" },
};

/* Processes of the network are in a pod, those that write files in a container by itself, the others
 * in units. */
static const struct rs_event_cgroup *sample_cgroup(enum rs_kind kind)
{
	switch (rs_kind_sensor(kind)) {
	case RS_SENSOR_NET:
		return &in_pod;
	case RS_SENSOR_FILE:
		return strcmp(rs_event_kinds[kind].type, "access") == 0 ? &in_unit : &in_container;
	case RS_SENSOR_PROCESS:
	case RS_SENSOR_PRIVILEGE:
		return &in_unit;
	default:
		return NULL;
	}
}

void rs_event_sample_origin(struct rs_event *event)
{
	enum rs_kind kind = event->hdr->kind;

	event->user = event->group = "ann";
	event->executable = "/usr/local/bin/worker";
	event->parent_executable = "/usr/bin/bash";
	event->parent_name = "bash";
	event->command_line = "worker --queue 3";
	event->cgroup = sample_cgroup(kind);
	if (kind == RS_KIND_EXEC) /* the record itself has it */
		event->executable = event->command_line = NULL;
	if (rs_kind_sensor(kind) == RS_SENSOR_PROCESS) {
		event->ancestors = ancestors;
		event->n_ancestors = ARRAY_SIZE(ancestors);
	}
	if (rs_kind_sensor(kind) == RS_SENSOR_CGROUP) {
		event->user = event->group = "root";
		event->executable = "/usr/lib/systemd/systemd";
		event->parent_executable = event->parent_name = NULL;
		event->command_line = "/sbin/init";
	}
}

void rs_event_sample_host(struct rs_event_host *ret_host)
{
	*ret_host = (struct rs_event_host){
		.name = "web-3",
		.id = "6f1c1f3f1d9e4b0bb6a1f1f1c4f0a7d2",
		.arch = "x86_64",
		.kernel = "6.12.0",
		.boot_id = "0b3d4c5e-6f70-4812-93a4-b5c6d7e8f901",
		.boot_offset = REAL_TIME - (int64_t)BOOT_TIME,
	};
}
