#include "attest/utc.h"

#include "codec/put.h"

#define YEAR_MIN 1970
#define YEAR_MAX 9999

/* Days since 1970-01-01 of a date in the Gregorian calendar; months count from March so that the
 * leap day is the last of its year. */
static int64_t days_of(unsigned year, unsigned month, unsigned day)
{
    unsigned y = month <= 2 ? year - 1 : year, m = month <= 2 ? month + 9 : month - 3;
    unsigned era = y / 400, in_era = y % 400;
    unsigned doy = (153 * m + 2) / 5 + day - 1;
    unsigned doe = in_era * 365 + in_era / 4 - in_era / 100 + doy;

    return (int64_t)era * 146097 + doe - 719468;
}

static bool leap(unsigned y)
{
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static unsigned month_days(unsigned y, unsigned m)
{
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return m == 2 && leap(y) ? 29 : days[m - 1];
}

/* `n` digits at `p`; UINT32_MAX when one is none. */
static unsigned digits_at(const char *p, size_t n)
{
    unsigned v = 0;

    for (size_t i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9')
            return UINT32_MAX;
        v = v * 10 + (unsigned)(p[i] - '0');
    }
    return v;
}

/* `p`: month, day, hour, minute, second, two digits each, `gap` bytes between two of them. */
static bool from_parts(unsigned year, const char *p, size_t gap, int64_t *out)
{
    unsigned v[5];

    for (size_t i = 0; i < countof(v); i++)
        v[i] = digits_at(p + i * (2 + gap), 2);
    if (year < YEAR_MIN || year > YEAR_MAX || v[0] < 1 || v[0] > 12 || v[1] < 1 ||
        v[1] > month_days(year, v[0]) || v[2] > 23 || v[3] > 59 || v[4] > 59)
        return false;
    *out = days_of(year, v[0], v[1]) * 86400 + (int64_t)v[2] * 3600 + (int64_t)v[3] * 60 + v[4];
    return true;
}

bool utc_get(struct str t, int64_t *out)
{
    if (t.len != 20 || t.ptr[4] != '-' || t.ptr[7] != '-' || t.ptr[10] != 'T' || t.ptr[13] != ':' ||
        t.ptr[16] != ':' || t.ptr[19] != 'Z')
        return false;
    return from_parts(digits_at(t.ptr, 4), t.ptr + 5, 1, out);
}

bool utc_from_digits(struct str t, int64_t *out)
{
    unsigned year;

    if (t.len == 14)
        return from_parts(digits_at(t.ptr, 4), t.ptr + 4, 0, out);
    if (t.len != 12)
        return false;
    year = digits_at(t.ptr, 2); /* RFC 5280: 50 … 99 are of the last century */
    if (year > 99)
        return false;
    return from_parts(year + (year < 50 ? 2000 : 1900), t.ptr + 2, 0, out);
}

static void put_padded(struct buf *out, unsigned v, unsigned width)
{
    char text[4];

    for (unsigned i = width; i-- > 0; v /= 10)
        text[i] = (char)('0' + v % 10);
    buf_add(out, text, width);
}

void utc_put(struct buf *out, int64_t seconds)
{
    int64_t days, rest;
    unsigned year = YEAR_MIN, month = 1;

    if (seconds < 0 || seconds >= days_of(YEAR_MAX, 12, 31) * 86400) {
        buf_addz(out, "out of range");
        return;
    }
    days = seconds / 86400;
    rest = seconds % 86400;
    year += (unsigned)(days / 366); /* never too far; then walk */
    while (days_of(year + 1, 1, 1) <= days)
        year++;
    days -= days_of(year, 1, 1);
    while (days >= month_days(year, month))
        days -= month_days(year, month++);
    put_padded(out, year, 4);
    buf_add_byte(out, '-');
    put_padded(out, month, 2);
    buf_add_byte(out, '-');
    put_padded(out, (unsigned)days + 1, 2);
    buf_add_byte(out, 'T');
    put_padded(out, (unsigned)(rest / 3600), 2);
    buf_add_byte(out, ':');
    put_padded(out, (unsigned)(rest / 60 % 60), 2);
    buf_add_byte(out, ':');
    put_padded(out, (unsigned)(rest % 60), 2);
    buf_add_byte(out, 'Z');
}

void put_utc(struct buf *b, const char *key, int64_t seconds)
{
    char room[32];
    struct buf text = BUF_OVER(room);

    utc_put(&text, seconds);
    put_str(b, key, buf_str(&text));
}
