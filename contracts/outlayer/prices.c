/* prices.c — projects that are paid per operation, and subscription plans; the owner's lists. */
#include "outlayer/project.h"

#define OPERATIONS_MAX   32u
#define PRICED_INPUT_MAX 10000u
#define LIST_MAX         16384u
#define PLANS_MAX        16u
#define KEY_PLANS        STR("plans")  /* JSON array */
#define KEY_PRICED       STR("priced") /* names: ids of projects with a price list */

static struct str prices(struct str project_id)
{
    return near_key(TAG_PRICES, project_id);
}

static bool price_list(struct str project_id, struct json *v)
{
    struct str text;
    return near_read(prices(project_id), &text) && json_parse(text, v, NULL);
}

/* The entry of `operation`, or JSON_NONE. */
static struct json find(struct json list, struct str operation)
{
    struct json_iter it = json_iter(json_get(list, "operations"));
    while (json_next(&it))
        if (json_str_eq(json_get(it.value, "operation"), operation))
            return it.value;
    return JSON_NONE;
}

void price_check(struct request *q)
{
    struct str name = STR_NONE, id = q->source.a;
    struct json list, input = JSON_NONE, entry;

    state_need(price_list(id, &list));
    if (q->input.len <= PRICED_INPUT_MAX && json_parse(q->input, &input, NULL) &&
        json_type(json_get(input, "operation")) == JSON_STRING)
        name = str_trim(near_json_str(json_get(input, "operation"), "operation"));
    if (!name.len)
        PANIC("Project '{}' is priced per operation. input_data must be a JSON object of at most "
              "10000 bytes with a text `operation`.",
              id);
    entry = find(list, name);
    if (json_type(entry) == JSON_ABSENT)
        PANIC("Project '{}' does not sell operation '{}'. See get_project_pricing.", id, name);
    q->price = arg_u128(entry, "price_usd");
    q->share_bp = arg_u32(entry, "developer_share_bp");
    q->author = arg_account(list, "author_account_id");
    if (q->attached_usd < q->price)
        PANIC("Operation '{}' of '{}' costs {}; attach at least that as attached_usd (got {}). "
              "Anything over comes back.",
              name, id, near_dec(q->price), near_dec(q->attached_usd));
}

void prices_forget(struct str project_id)
{
    if (near_remove(prices(project_id)))
        names_remove(KEY_PRICED, project_id);
}

/* Whether the project was marked the other way before. */
static bool mark(struct str project_id, bool priced)
{
    struct project p;
    REQUIRE(project_load(project_id, &p), "Project not found");
    bool was = p.priced;
    p.priced = priced;
    project_store(&p);
    return was != priced;
}

/* The list is kept as the owner gave it, once each entry is found good. */
static void check_list(struct json v)
{
    struct json operations = arg_array(v, "operations");
    struct json_iter it = json_iter(operations);

    arg_account(v, "author_account_id");
    REQUIRE(v.text.len <= LIST_MAX && json_count(operations) <= OPERATIONS_MAX,
            "At most 32 operations and 16384 bytes");
    while (json_next(&it)) {
        struct str name = arg_str(it.value, "operation");
        arg_u128(it.value, "price_usd");
        REQUIRE(arg_u32(it.value, "developer_share_bp") <= 10000,
                "developer_share_bp is at most 10000");
        REQUIRE(name.len && str_trim(name).len == name.len, "operation must not be blank");
        REQUIRE(find(v, name).text.ptr == it.value.text.ptr, "Operation names must be unique");
    }
}

NEAR_CALL(set_project_pricing)
{
    struct str id = arg_str(args, "project_id");
    struct json list = arg_object(args, "pricing");
    struct config c;
    config_for_owner(&c);
    check_list(list);
    if (mark(id, true))
        names_add(KEY_PRICED, id);
    near_write(prices(id), list.text);
}

NEAR_CALL(remove_project_pricing)
{
    struct str id = arg_str(args, "project_id");
    struct config c;
    config_for_owner(&c);
    REQUIRE(mark(id, false), "Project has no price list");
    prices_forget(id);
}

NEAR_VIEW(get_project_pricing)
{
    struct str text = STR("null");
    near_read(prices(arg_str(args, "project_id")), &text);
    near_return(text);
}

NEAR_VIEW(get_project_max_price)
{
    struct json list;
    u128 most = 0;
    if (!price_list(arg_str(args, "project_id"), &list)) {
        near_return_null();
        return;
    }
    struct json_iter it = json_iter(json_get(list, "operations"));
    while (json_next(&it)) {
        u128 price = arg_u128(it.value, "price_usd");
        most = price > most ? price : most;
    }
    near_return_u128(most);
}

NEAR_VIEW(get_priced_projects)
{
    struct page page;
    struct str id, text;
    struct rd r = names_read(KEY_PRICED);
    struct buf b = near_buf();

    page_parse(args, PAGE_DEFAULT, PAGE_MAX, &page);
    json_arr(&b);
    for (uint64_t i = 0; (i < page.from || i - page.from < page.limit) && names_next(&r, &id);
         i++) {
        if (i < page.from || !near_read(prices(id), &text))
            continue;
        json_obj(&b);
        put_str(&b, "project_id", id);
        put_raw(&b, "pricing", text);
        json_obj_end(&b);
    }
    json_arr_end(&b);
    near_return_buf(&b);
}

NEAR_VIEW(get_priced_project_count)
{
    uint64_t n = 0;
    struct str id;
    struct rd r = names_read(KEY_PRICED);
    while (names_next(&r, &id))
        n++;
    near_return_u64(n);
}

/* ---- subscription plans ---- */

static struct json plans(void)
{
    struct str text;
    struct json v;
    if (near_read(KEY_PLANS, &text) && json_parse(text, &v, NULL))
        return v;
    BUG_ON(!json_parse(STR("[]"), &v, NULL));
    return v;
}

static struct json plan_find(struct json list, uint64_t index)
{
    struct json_iter it = json_iter(list);
    uint64_t i;
    while (json_next(&it))
        if (json_u64(json_get(it.value, "index"), &i) && i == index)
            return it.value;
    return JSON_NONE;
}

bool plan_price(uint64_t index, u128 *price)
{
    bool active;
    struct json plan = plan_find(plans(), index);
    return json_bool(json_get(plan, "active"), &active) && active &&
           json_u128_str(json_get(plan, "price_usd"), price);
}

NEAR_CALL(set_subscription_plans)
{
    struct json list = arg_array(args, "plans"), before = plans();
    struct json_iter it = json_iter(list);
    struct config c;

    config_for_owner(&c);
    REQUIRE(list.text.len <= LIST_MAX && json_count(list) <= PLANS_MAX,
            "At most 16 subscription plans and 16384 bytes");
    while (json_next(&it)) {
        uint32_t index = arg_u32(it.value, "index");
        struct str name = arg_str(it.value, "name");
        struct json old = plan_find(before, index);
        arg_u128(it.value, "price_usd");
        arg_bool(it.value, "active");
        REQUIRE(plan_find(list, index).text.ptr == it.value.text.ptr,
                "Plan indices must be unique");
        REQUIRE(json_type(old) == JSON_ABSENT || json_str_eq(json_get(old, "name"), name),
                "An index keeps its name");
    }
    near_write(KEY_PLANS, list.text);
}

NEAR_VIEW(get_subscription_plans)
{
    near_return(plans().text);
}
