/* SPDX-License-Identifier: Apache-2.0 */
/* What happened to sockets, in words. */
#include <sys/socket.h>

#include "base/units.h"
#include "event/names.h"
#include "event/summary.h"

/* "10.0.0.1:443", "[fd00::1]:443" */
static void add_address(struct rs_words *w, const uint8_t addr[16], uint16_t port)
{
	char buf[RS_EVENT_ADDR_MAX];
	size_t n = rs_event_format_addr(w->event->net->family, addr, buf);
	bool brackets = false;

	for (size_t i = 0; i < n; i++)
		brackets |= buf[i] == ':';
	rs_words_tailf(w, brackets ? "[%.*s]:%u" : "%.*s:%u", (int)n, buf, port);
}

/* A unix socket's address, also of one that has none. */
static void add_unix(struct rs_words *w)
{
	const struct rs_text *text = &w->event->field[RS_TAG_SOCKET];

	if (!text->data || !text->len) {
		rs_words_tailf(w, "(unnamed)");
	} else if (text->data[0]) {
		rs_words_tail_bytes(w, text->data, text->len);
	} else {
		rs_words_tailf(w, "@");
		rs_words_tail_bytes(w, text->data + 1, text->len - 1);
	}
}

/* "tcp ", "unix ", and then one end. */
static void add_end(struct rs_words *w, const uint8_t addr[16], uint16_t port)
{
	const struct rs_net *net = w->event->net;
	bool ip = net->family == AF_INET || net->family == AF_INET6;
	const char *name = ip ? rs_name_protocol(net->protocol) : rs_name_family(net->family);

	if (name)
		rs_words_tailf(w, "%s ", name);
	else
		rs_words_tailf(w, "%s %u ", ip ? "protocol" : "family",
			       ip ? net->protocol : net->family);
	if (ip)
		add_address(w, addr, port);
	else if (net->family == AF_UNIX)
		add_unix(w);
}

void rs_words_peer(struct rs_words *w)
{
	add_end(w, w->event->net->remote, w->event->net->remote_port);
}

void rs_words_local(struct rs_words *w)
{
	add_end(w, w->event->net->local, w->event->net->local_port);
	if (w->event->hdr->kind == RS_KIND_LISTEN)
		rs_words_tailf(w, " backlog %u", w->event->net->backlog);
}

void rs_words_accept(struct rs_words *w)
{
	const struct rs_net *net = w->event->net;

	rs_words_peer(w);
	if (net->family == AF_INET || net->family == AF_INET6)
		rs_words_tailf(w, " to port %u", net->local_port);
}

void rs_words_close(struct rs_words *w)
{
	const struct rs_net *net = w->event->net;
	char buf[RS_UNITS_BUF];

	rs_words_peer(w);
	rs_words_tailf(w, " sent %s", rs_units_format_bytes(buf, net->sent));
	rs_words_tailf(w, " received %s", rs_units_format_bytes(buf, net->received));
	if (net->duration)
		rs_words_tailf(w, " in %s", rs_units_format_duration(buf, net->duration));
}

void rs_words_udp(struct rs_words *w)
{
	if (w->event->net->direction != RS_DIR_UNKNOWN)
		rs_words_tailf(w, w->event->net->direction == RS_DIR_IN ? "from " : "to ");
	rs_words_peer(w);
}
