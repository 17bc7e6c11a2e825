/* flame.c — see flame.h. */
#include "cli/flame.h"

#include <stdlib.h>

#include "base/mem.h"
#include "cli/report.h"

#define WIDTH     1200.0
#define ROW       17
#define TOP       34
#define NARROW    0.3 /* boxes below this many pixels are left out */
#define NODES_MAX 200000u
#define DEPTH_MAX 300u
#define COUNT_MAX UINT64_C(1000000000000000) /* more than any run may execute */

/* A function as called from its callers; the first is all of the run. */
struct node {
    struct str name;
    uint64_t self, all;
    uint32_t first, next; /* child, sibling; 0: none */
    double x;
    uint32_t depth;
};

struct tree {
    struct node *nodes;
    size_t n, room;
    uint32_t deepest;
};

static uint32_t node_new(struct tree *t, struct str name, uint32_t depth)
{
    if (t->n == t->room) {
        struct node *more = mem_new_n(struct node, t->room * 2);
        for (size_t i = 0; i < t->n; i++)
            more[i] = t->nodes[i];
        mem_free(t->nodes);
        t->nodes = more;
        t->room *= 2;
    }
    t->nodes[t->n] = (struct node){.name = name, .depth = depth};
    if (depth > t->deepest)
        t->deepest = depth;
    return (uint32_t)t->n++;
}

static uint32_t child(struct tree *t, uint32_t of, struct str name)
{
    uint32_t i = t->nodes[of].first;

    while (i && !str_eq(t->nodes[i].name, name))
        i = t->nodes[i].next;
    if (i || t->n >= NODES_MAX)
        return i;
    i = node_new(t, name, t->nodes[of].depth + 1);
    t->nodes[i].next = t->nodes[of].first;
    t->nodes[of].first = i;
    return i;
}

/* "a;b;c 120" */
static bool add_line(struct tree *t, struct str line)
{
    struct str stack, name;
    size_t end = line.len;
    uint32_t at = 0;
    uint64_t count;

    while (end && line.ptr[end - 1] != ' ')
        end--;
    if (end < 2 || !str_u64(str_skip(line, end), &count) || count > COUNT_MAX - t->nodes[0].all)
        return false;
    stack = str_head(line, end - 1);
    t->nodes[0].all += count;
    while (stack.len && t->nodes[at].depth < DEPTH_MAX) {
        uint32_t next;
        stack = str_cut(stack, ';', &name);
        next = child(t, at, name);
        if (!next)
            break;
        at = next;
        t->nodes[at].all += count;
    }
    t->nodes[at].self += count;
    return true;
}

static bool tree_read(struct tree *t, struct str folded)
{
    struct str line;

    *t = (struct tree){.nodes = mem_new_n(struct node, 1024), .room = 1024};
    (void)node_new(t, STR("all"), 0);
    while (folded.len) {
        folded = str_cut(folded, '\n', &line);
        if (line.len && !add_line(t, line))
            return false;
    }
    return true;
}

/* As text of XML; what cannot stand there becomes '?'. */
static void put_xml(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == '<')
            buf_addz(b, "&lt;");
        else if (c == '>')
            buf_addz(b, "&gt;");
        else if (c == '&')
            buf_addz(b, "&amp;");
        else if (c == '"')
            buf_addz(b, "&quot;");
        else if (c == '\'')
            buf_addz(b, "&#39;");
        else
            buf_add_byte(b, (uint8_t)c < ' ' || (uint8_t)c >= 0x7f ? '?' : (uint8_t)c);
    }
}

static void put_box(struct buf *b, const struct tree *t, const struct node *n, double width)
{
    uint64_t all = t->nodes[0].all;
    unsigned y = TOP + (t->deepest - n->depth) * ROW, hue = 0;
    char room[40];
    struct buf count = BUF_OVER(room);

    for (size_t i = 0; i < n->name.len; i++)
        hue = (hue * 31 + (uint8_t)n->name.ptr[i]) % 55;
    report_put_count(&count, n->all);
    buf_addf(b, "<g><title>");
    put_xml(b, n->name);
    buf_addf(b, ": %s instructions, %.2f%%</title>", room,
             all ? (double)n->all * 100 / (double)all : 0);
    buf_addf(b,
             "<rect x=\"%.2f\" y=\"%u\" width=\"%.2f\" height=\"%d\" rx=\"1\" "
             "fill=\"hsl(%u,75%%,%u%%)\"/>",
             n->x, y, width, ROW - 1, hue, 62 + hue % 9);
    if (width > 20) {
        size_t fits = (size_t)(width / 6.6);
        buf_addf(b, "<text x=\"%.2f\" y=\"%u\">", n->x + 3, y + 12);
        put_xml(b, str_head(n->name, fits));
        buf_addz(b, "</text>");
    }
    buf_addz(b, "</g>\n");
}

static int widest(const void *a, const void *b)
{
    const struct node *const *x = a, *const *y = b;

    return (*x)->all > (*y)->all ? -1 : (*x)->all < (*y)->all;
}

/* Click a box: the picture shows it and what it calls as wide as it can; the lowest one goes back.
 */
static const char script[] =
    "<script><![CDATA[\n"
    "var g=document.querySelectorAll('g'),b=[];g.forEach(function(e){var r=e.querySelector('rect');"
    "b.push({e:e,r:r,t:e.querySelector('text'),x:+r.getAttribute('x'),w:+r.getAttribute('width'),"
    "n:e.querySelector('title').textContent.split(': ')[0]})});\n"
    "b.forEach(function(k){k.e.addEventListener('click',function(){var s=1200/k.w;"
    "b.forEach(function(o){var x=Math.max(0,(o.x-k.x)*s),w=Math.min(1200,(o.x+o.w-k.x)*s)-x;"
    "o.e.style.display=w>0.3?'':'none';o.r.setAttribute('x',x);o.r.setAttribute('width',"
    "Math.max(0,w));if(o.t){o.t.setAttribute('x',x+3);o.t.textContent=w>20?"
    "o.n.slice(0,Math.floor(w/6.6)):''}})})});\n"
    "]]></script>\n";

enum err flame_put(struct str folded, const char *title, struct buf *svg, struct buf *why)
{
    struct tree t;
    enum err e = ERR_OK;

    if (!tree_read(&t, folded)) {
        e = err_put(why, ERR_FORMAT, "the profile holds a line that is no stack");
        goto out;
    }
    buf_addf(svg,
             "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1200\" height=\"%u\" "
             "viewBox=\"0 0 1200 %u\" font-family=\"monospace\" font-size=\"11\">\n"
             "<rect width=\"100%%\" height=\"100%%\" fill=\"#fffdf7\"/>\n"
             "<text x=\"8\" y=\"20\" font-size=\"14\">",
             TOP + (t.deepest + 1) * ROW + 8, TOP + (t.deepest + 1) * ROW + 8);
    put_xml(svg, str_of(title));
    buf_addz(svg, "</text>\n");
    /* A parent is placed before its children: it stands before them in the list. */
    for (uint32_t i = 0; i < t.n; i++) {
        double scale = WIDTH / (double)(t.nodes[0].all ? t.nodes[0].all : 1), x = t.nodes[i].x;
        for (uint32_t c = t.nodes[i].first; c; c = t.nodes[c].next) {
            t.nodes[c].x = x;
            x += (double)t.nodes[c].all * scale;
        }
        if ((double)t.nodes[i].all * scale >= NARROW)
            put_box(svg, &t, &t.nodes[i], (double)t.nodes[i].all * scale);
    }
    buf_addz(svg, script);
    buf_addz(svg, "</svg>\n");
    if (svg->full)
        e = err_put(why, ERR_TOO_BIG, "the picture has more than %zu bytes", svg->max);
out:
    mem_free(t.nodes);
    return e;
}

void flame_top(struct str folded, size_t n, struct buf *out)
{
    struct tree t, sum;
    struct node **list = NULL;

    if (tree_read(&t, folded) && t.n > 1) {
        sum = (struct tree){.nodes = mem_new_n(struct node, 1024), .room = 1024};
        (void)node_new(&sum, STR("all"), 0);
        for (uint32_t i = 1; i < t.n; i++) {
            uint32_t at = t.nodes[i].self ? child(&sum, 0, t.nodes[i].name) : 0;
            if (at)
                sum.nodes[at].all += t.nodes[i].self;
        }
        list = mem_new_n(struct node *, sum.n);
        for (uint32_t i = 1; i < sum.n; i++)
            list[i - 1] = &sum.nodes[i];
        qsort(list, sum.n - 1, sizeof(struct node *), widest);
        for (size_t i = 0; i + 1 < sum.n && i < n; i++)
            buf_addf(out, "%6.2f%%  %.*s\n",
                     (double)list[i]->all * 100 / (double)(t.nodes[0].all ? t.nodes[0].all : 1),
                     STR_ARG(str_head(list[i]->name, 100)));
        mem_free(list);
        mem_free(sum.nodes);
    }
    mem_free(t.nodes);
}
