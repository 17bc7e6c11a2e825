/* project.c — registered programs: names, versions, which version is active. */
#include "outlayer/outlayer.h"

void project_resolve(UNUSED struct request *q)
{
    near_panic(STR("Project not found"));
}
