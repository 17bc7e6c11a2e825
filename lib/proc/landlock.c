/* landlock.c — see landlock.h. */
#include "proc/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"

/* Newer members than the build machine's header knows. */
struct attr {
    uint64_t fs, net, scoped;
};
#define FS_V1     ((1ull << 13) - 1)
#define FS_REFER  (1ull << 13) /* version 2 */
#define FS_CUT    (1ull << 14) /* version 3 */
#define NET_V4    3ull         /* bind, connect */
#define FS_IOCTL  (1ull << 15) /* version 5 */
#define SCOPED_V6 3ull         /* abstract sockets, signals */

static long version(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

bool landlock_there(void)
{
    return version() >= 1;
}

/* All that version `v` can forbid; gives how much of `*a` it knows. */
static size_t all(long v, bool network, struct attr *a)
{
    *a = (struct attr){.fs = FS_V1 | (v >= 2 ? FS_REFER : 0) | (v >= 3 ? FS_CUT : 0) |
                             (v >= 5 ? FS_IOCTL : 0),
                       .net = v >= 4 && !network ? NET_V4 : 0,
                       .scoped = v >= 6 ? SCOPED_V6 : 0};
    return sizeof(a->fs) * (v >= 6 ? 3 : v >= 4 ? 2 : 1);
}

static enum err allow(int set, const char *folder, struct buf *why)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE |
                                                                LANDLOCK_ACCESS_FS_READ_DIR};
    enum err e = ERR_OK;

    rule.parent_fd = open(folder, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0)
        return ERR_OK;
    if (syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &rule, 0))
        e = err_sys(why, "cannot allow reading '%s'", folder);
    close(rule.parent_fd);
    return e;
}

enum err landlock_enter(const struct landlock_rules *r, bool *on, struct buf *why)
{
    struct attr a;
    long v = version();
    size_t size = all(v, r->network, &a);
    int set = v < 1 ? -1 : (int)syscall(SYS_landlock_create_ruleset, &a, size, 0);
    enum err e = ERR_OK;

    *on = false;
    if (v < 1)
        return ERR_OK;
    if (set < 0)
        return err_sys(why, "cannot make a Landlock rule set");
    for (size_t i = 0; i < r->nreadable && !e; i++)
        e = allow(set, r->readable[i], why);
    if (!e && syscall(SYS_landlock_restrict_self, set, 0))
        e = err_sys(why, "cannot give up access to files");
    *on = !e;
    fd_close(&set);
    return e;
}
