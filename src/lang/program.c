/* SPDX-License-Identifier: Apache-2.0 */

/* The parts of a program that are made while it is compiled: internal maps, actions, sites, names. */

#include "lang/program.h"

#include <string.h>

#include "lang/list.h"
#include "lang/sema.h"

static const char *const role_names[] = {
	[RS_MAP_SCRIPT] = "",         [RS_MAP_RING] = "ring",
	[RS_MAP_SCRATCH] = "scratch", [RS_MAP_STATE] = "state",
	[RS_MAP_LOST] = "lost",       [RS_MAP_ERRORS] = "errors",
	[RS_MAP_STACK] = "stack",     [RS_MAP_STACK_SPILL] = "stack_spill",
	[RS_MAP_SEEN] = "seen",       [RS_MAP_CONST] = "const",
};

struct rs_map *rs_program_map(struct rs_program *program, enum rs_map_role role, uint32_t depth)
{
	struct rs_map *map;

	for (unsigned i = 0; i < program->n_maps; i++)
		if (program->maps[i]->role == role && program->maps[i]->stack_depth == depth)
			return program->maps[i];
	map = rs_arena_new(program->arena, struct rs_map);
	if (!map || !rs_list_add(program->arena, program->maps, program->n_maps, map))
		return NULL;
	map->id = program->n_maps - 1;
	map->role = role;
	map->name = role_names[role];
	map->stack_depth = depth;
	return map;
}

struct rs_action *rs_program_action(struct rs_program *program, enum rs_action_kind kind,
				    struct rs_span span)
{
	struct rs_action *action = rs_arena_new(program->arena, struct rs_action);

	if (!action || !rs_list_add(program->arena, program->actions, program->n_actions, action))
		return NULL;
	action->id = program->n_actions - 1;
	action->kind = kind;
	action->span = span;
	return action;
}

uint32_t rs_program_site(struct rs_program *program, enum rs_site_kind kind, struct rs_span span,
			 const char *helper, const struct rs_map *map)
{
	struct rs_site site = { .kind = kind, .span = span, .helper = helper, .map = map };

	if (!rs_list_add(program->arena, program->sites, program->n_sites, site)) {
		program->diags->out_of_memory = true;
		return 0;
	}
	return program->n_sites - 1;
}

uint32_t rs_program_probe_name(struct rs_program *program, const char *name)
{
	for (unsigned i = 0; i < program->n_probe_names; i++)
		if (program->probe_names[i] == name || strcmp(program->probe_names[i], name) == 0)
			return i;
	if (!rs_list_add(program->arena, program->probe_names, program->n_probe_names, name)) {
		program->diags->out_of_memory = true;
		return 0;
	}
	return program->n_probe_names - 1;
}
