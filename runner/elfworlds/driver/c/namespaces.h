/* Every link map of every namespace, from the loader's own lists. */
#ifndef NAMESPACES_H
#define NAMESPACES_H

#include "steps.h"

#ifdef __GLIBC__
extern ElfW(Dyn) _DYNAMIC[];

/* The maps of one list; the id is the link map's own, never its place in the chain of lists. */
OBSERVE int tell_maps(const char *name, struct link_map *map)
{
	const int told = map != NULL;
	Lmid_t lmid;

	while (map && map->l_prev)
		map = map->l_prev;
	for (; map; map = map->l_next) {
		struct observe_line line = observe_begin(name, NULL);
		observe_field(&line, "part", "maps");
		if (dlinfo(map, RTLD_DI_LMID, &lmid) == 0)
			observe_int_field(&line, "lmid", lmid);
		observe_field(&line, "name", map->l_name);
		observe_address_field(&line, "base", (void *)map->l_addr);
		observe_address_field(&line, "dynamic", map->l_ld);
		observe_end(&line);
	}
	return told;
}

OBSERVE int step_namespaces(const char *name)
{
	const ElfW(Dyn) *entry = _DYNAMIC; /* by DT_DEBUG: `_r_debug` named in an executable would be a copy */
	struct observe_line line;
	int told = 0;

	while (entry->d_tag != DT_NULL && entry->d_tag != DT_DEBUG)
		entry++;
	if (entry->d_tag == DT_NULL)
		return failed(name, "namespaces", "no DT_DEBUG");
#if __GLIBC_PREREQ(2, 35)
	for (struct r_debug_extended *one = (struct r_debug_extended *)entry->d_un.d_ptr; one; one = one->r_next)
		told += tell_maps(name, one->base.r_map); /* NULL: a namespace that was closed */
#else
	Lmid_t lmid; /* nothing but the open handles leads to the other lists */
	unsigned long long seen = 1;
	struct link_map *map;
	told += tell_maps(name, ((struct r_debug *)entry->d_un.d_ptr)->r_map);
	for (void **one = open_handles; one < open_handles + HANDLES; one++)
		if (*one && !dlinfo(*one, RTLD_DI_LMID, &lmid) && !(seen >> lmid & 1) &&
		    !dlinfo(*one, RTLD_DI_LINKMAP, &map)) {
			seen |= 1ULL << lmid;
			told += tell_maps(name, map);
		}
#endif
	line = observe_begin(name, "namespaces");
	observe_flag_field(&line, "ok", 1);
	observe_int_field(&line, "count", told);
	observe_end(&line);
	return 1;
}
#else
#define step_namespaces(name) \
	(observe_unsupported("this C library has no link namespaces"), 0)
#endif

#endif
