/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields about sockets. ECS counts from source to destination: the source is who began. So the
 * process's own end is the source, unless the other side came to it: accept, listen, and whatever a
 * connection that was accepted does later.
 */
#include <netinet/in.h>
#include <sys/socket.h>

#include "event/fields.h"
#include "event/names.h"

#define UNIX_PATH_MAX 108

static bool is_ip(const struct rs_net *net)
{
	return net->family == AF_INET || net->family == AF_INET6;
}

static bool inbound(const struct rs_render *r)
{
	return r->event->net->direction == RS_DIR_IN || r->kind == RS_KIND_LISTEN;
}

static bool any_address(const uint8_t addr[16])
{
	static const uint8_t zero[16];

	return memcmp(addr, zero, sizeof(zero)) == 0;
}

/* --- ends --- */

static void ip(struct rs_render *r, const uint8_t addr[16], uint16_t port)
{
	if (!is_ip(r->event->net) || (!port && any_address(addr)))
		return;
	rs_out_char(&r->out, '"');
	r->out.p += rs_event_format_addr(r->event->net->family, addr, r->out.p);
	rs_out_char(&r->out, '"');
}

static void port(struct rs_render *r, uint16_t v)
{
	if (is_ip(r->event->net) && v)
		rs_out_u64(&r->out, v);
}

/* A path, or "@" and an abstract name. */
static void unix_address(struct rs_render *r)
{
	const struct rs_text *text = &r->event->field[RS_TAG_SOCKET];
	char name[UNIX_PATH_MAX + 1];
	size_t n;

	if (!text->data || !text->len)
		return;
	n = MIN(text->len, (uint32_t)sizeof(name));
	memcpy(name, text->data, n);
	if (!name[0])
		name[0] = '@';
	rs_out_string(&r->out, name, n);
}

void rs_field_source_ip(struct rs_render *r)
{
	const struct rs_net *net = r->event->net;

	if (inbound(r))
		ip(r, net->remote, net->remote_port);
	else
		ip(r, net->local, net->local_port);
}

void rs_field_source_port(struct rs_render *r)
{
	port(r, inbound(r) ? r->event->net->remote_port : r->event->net->local_port);
}

void rs_field_source_address(struct rs_render *r)
{
	if (r->kind == RS_KIND_BIND)
		unix_address(r);
}

void rs_field_source_bytes(struct rs_render *r)
{
	rs_out_u64(&r->out, inbound(r) ? r->event->net->received : r->event->net->sent);
}

void rs_field_destination_ip(struct rs_render *r)
{
	const struct rs_net *net = r->event->net;

	if (inbound(r))
		ip(r, net->local, net->local_port);
	else
		ip(r, net->remote, net->remote_port);
}

void rs_field_destination_port(struct rs_render *r)
{
	port(r, inbound(r) ? r->event->net->local_port : r->event->net->remote_port);
}

void rs_field_destination_address(struct rs_render *r)
{
	if (r->kind != RS_KIND_BIND)
		unix_address(r);
}

void rs_field_destination_bytes(struct rs_render *r)
{
	rs_out_u64(&r->out, inbound(r) ? r->event->net->sent : r->event->net->received);
}

/* --- the connection --- */

static bool is_v4(const struct rs_net *net)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return net->family == AF_INET || memcmp(net->remote, mapped, sizeof(mapped)) == 0 ||
	       memcmp(net->local, mapped, sizeof(mapped)) == 0;
}

void rs_field_network_type(struct rs_render *r)
{
	if (!is_ip(r->event->net))
		return;
	if (is_v4(r->event->net))
		rs_out_lit(&r->out, "\"ipv4\"");
	else
		rs_out_lit(&r->out, "\"ipv6\"");
}

void rs_field_network_transport(struct rs_render *r)
{
	const struct rs_net *net = r->event->net;
	const char *name = rs_name_protocol(net->protocol);

	if (!is_ip(net))
		return;
	if (name)
		rs_out_name(&r->out, name);
	else
		rs_out_quoted(&r->out, net->protocol);
}

void rs_field_network_direction(struct rs_render *r)
{
	if (r->event->net->direction == RS_DIR_OUT)
		rs_out_lit(&r->out, "\"egress\"");
	else if (r->event->net->direction == RS_DIR_IN)
		rs_out_lit(&r->out, "\"ingress\"");
}

void rs_field_network_bytes(struct rs_render *r)
{
	rs_out_u64(&r->out, r->event->net->sent + r->event->net->received);
}

/* The same for all events of a socket; not the kernel's number, which may be an address. */
void rs_field_socket_id(struct rs_render *r)
{
	if (!r->event->net->sock)
		return;
	rs_out_char(&r->out, '"');
	rs_entity_id(r->key, 0, r->event->net->sock, r->out.p);
	r->out.p += RS_ENTITY_ID_LEN;
	rs_out_char(&r->out, '"');
}

void rs_field_socket_family(struct rs_render *r)
{
	const char *name = rs_name_family(r->event->net->family);

	if (name)
		rs_out_name(&r->out, name);
	else
		rs_out_quoted(&r->out, r->event->net->family);
}

void rs_field_socket_type(struct rs_render *r)
{
	const char *name = rs_name_socket_type(r->event->net->type);

	if (name)
		rs_out_name(&r->out, name);
	else
		rs_out_quoted(&r->out, r->event->net->type);
}

void rs_field_backlog(struct rs_render *r)
{
	rs_out_u64(&r->out, r->event->net->backlog);
}

void rs_field_address_source(struct rs_render *r)
{
	if (r->event->net->flags & RS_NET_ARGUMENT)
		rs_out_lit(&r->out, "\"argument\"");
	else
		rs_out_lit(&r->out, "\"kernel\"");
}
