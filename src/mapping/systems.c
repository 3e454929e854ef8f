/* SPDX-License-Identifier: MIT */
/*
 * mapping/systems.c - code systems with their aliases
 *
 * Messages spell a system in many ways and in any case, so the table of names
 * holds ids and aliases alike, in small letters.
 */
#include "base/ascii.h"
#include "mapping/fields.h"
#include "mapping/load.h"

enum { SYSTEM_MOST = 128 };

/* One that is too long stays as it is: no name in the table is like it. */
static struct span
small(struct span s, char *buf)
{
	if (s.len > SYSTEM_MOST)
		return s;
	for (size_t i = 0; i < s.len; i++)
		buf[i] = ascii_lower(s.ptr[i]);
	return span_of(buf, s.len);
}

static void
name_system(
    struct load *ld, const struct code_system *system, struct span name, struct fault_place at)
{
	char buf[SYSTEM_MOST];
	struct span key = small(name, buf);
	const struct name *first;

	if (!key.len)
		return;
	load_carried(ld, "code system", name, at);
	if (key.len > SYSTEM_MOST) {
		faults_add(ld->faults, at, "shorten it",
		    "the name of a code system has more than %d bytes", SYSTEM_MOST);
		return;
	}
	first = names_find(&ld->systems, key);
	if (first) {
		faults_add(ld->faults, at, "a name belongs to one system, whatever its case",
		    "code system \"%.*s\" is named already in line %u", (int)key.len, name.ptr,
		    first->at.line);
		return;
	}
	key = load_text(ld, key);
	if (key.ptr && !names_add(&ld->systems, &ld->scratch, key, system, at))
		ld->no_memory = true;
}

static void
load_aliases(struct load *ld, const struct xml_element *e, struct code_system *system)
{
	struct span *aliases = load_room(ld, load_count(e, "alias"), sizeof(*aliases));

	if (!aliases)
		return;
	system->aliases = aliases;
	LOAD_EACH(kid, e, "alias")
	{
		struct span text = field_text(kid);

		name_system(ld, system, text, kid->at);
		aliases[system->alias_count++] = load_text(ld, text);
	}
}

void
load_systems(struct load *ld, const struct xml_element *root)
{
	struct code_system *system = load_room(ld, load_count(root, "system"), sizeof(*system));

	if (!system)
		return;
	LOAD_EACH(e, root, "system")
	{
		system->id = load_text(ld, field(e, "id"));
		name_system(ld, system, system->id, field_place(e, "id"));
		load_aliases(ld, e, system);
		system++;
	}
}

const struct code_system *
load_system(struct load *ld, struct span name, struct fault_place at)
{
	char buf[SYSTEM_MOST];
	const struct name *found = names_find(&ld->systems, small(name, buf));

	return found ? found->what : load_refer(ld, &ld->systems, "code system", name, at);
}
