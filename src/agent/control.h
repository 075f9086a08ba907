/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The control socket: what a running agent is asked and told, by programs of this machine.
 *
 * A unix stream socket. One request is one line of JSON, one reply is one line of JSON:
 *
 *	{"command":"stats"}
 *	{"ok":true,"result":{...}}
 *	{"command":"filter","set":{"uid":["root"]}}
 *	{"command":"containers","from":0}
 *	{"ok":false,"error":{"code":"EINVAL","message":"...","hint":"..."}}
 *
 * Only root and the agent's own user are served: the socket has mode 0600 in a directory of mode
 * 0700, and the kernel is asked who is at the other end (SO_PEERCRED, unix(7)).
 *
 * The server lives in a loop that has better things to do: nothing blocks, clients and sizes are
 * capped, a turn of the loop answers few requests, and who keeps us waiting is dropped.
 */

#include "base/error.h"
#include "base/json.h"
#include "base/loop.h"

#define RS_CONTROL_DEFAULT "/run/ringside/control.sock" /* below --root */
#define RS_CONTROL_NONE    "none"                       /* as --control: no socket */

#define RS_CONTROL_CLIENTS_MAX 8
#define RS_CONTROL_REQUEST_MAX ((size_t)64 << 10) /* bytes of a line, its newline not counted */
#define RS_CONTROL_REPLY_MAX   ((size_t)1 << 20)
#define RS_CONTROL_DEADLINE_NS (10ull * 1000000000ull) /* without a whole request, or a reader */

/* Appends where the socket is: as --control says, or, with that NULL, the default below @root (NULL:
 * the real one). 0 or out's error. */
int rs_control_locate(const char *root, const char *control, struct rs_str *out);

/* --- server --- */

struct rs_control;

/*
 * One command. run() writes the result (one JSON value) to @result, and returns 0; or returns a
 * negative errno with the reason in err, and what it wrote is forgotten. @request is the whole
 * object, valid during the call.
 */
struct rs_control_command {
	const char *name; /* NULL ends a table */
	int (*run)(void *data, const struct rs_json_value *request, struct rs_json *result,
		   struct rs_error *err);
};

struct rs_control_options {
	const char *path;
	const struct rs_control_command *commands; /* borrowed */
	void *data;                                /* for their functions */
	uint64_t deadline_ns;                      /* 0: RS_CONTROL_DEADLINE_NS */
};

/* Since the start. */
struct rs_control_counts {
	uint64_t clients;      /* now */
	uint64_t accepted;     /* connections that were served */
	uint64_t requests;     /* answered, well or not */
	uint64_t failed;       /* of these: refused, or wrong */
	uint64_t refused_user; /* connections of another user */
	uint64_t refused_full; /* connections beyond the most that are served at a time */
	uint64_t dropped_slow; /* clients that let the deadline pass */
	uint64_t dropped_size; /* clients with a request that is too long */
};

/*
 * Makes the directory and the socket and serves it in @loop. The socket of an agent that died is
 * replaced; -EADDRINUSE when somebody answers there, -ENOTSOCK when something else has the name,
 * -ENAMETOOLONG (107 bytes are the most that unix sockets allow).
 */
int rs_control_open(struct rs_loop *loop, const struct rs_control_options *options,
		    struct rs_control **ret_control, struct rs_error *err);

/* Drops the clients and removes the socket's name, where it is still ours. Before the loop is
 * freed. Accepts NULL. */
void rs_control_close(struct rs_control **control);

void rs_control_counts(const struct rs_control *control, struct rs_control_counts *ret_counts);

/* --- client --- */

/*
 * Sends one request (JSON, no newline) and waits for its reply, at most @timeout_ns. The result is
 * in the arena. -ENOENT: nobody serves the socket; -EPERM: we may not ask; -ETIMEDOUT; or the
 * agent's own refusal, with its message and hint.
 */
int rs_control_call(const char *path, const char *request, uint64_t timeout_ns,
		    struct rs_arena *arena, const struct rs_json_value **ret_result,
		    struct rs_error *err);
