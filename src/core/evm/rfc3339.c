/* Calendar arithmetic for time stamps. Days are counted from a year that starts in March, so that the leap
 * day is the last of its year. */
#include "core/evm/rfc3339.h"

#include "base/reader.h"

enum { MS_A_DAY = 86400000, MS_A_MINUTE = 60000, DAYS_400_YEARS = 146097, DAYS_TO_1970 = 719468 };
#define MS_LIMIT UINT64_C(253402300800000) /* 10000-01-01 */

static bool is_leap(unsigned year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days from 1970-01-01, for years from 1 on. */
static int64_t days_from_date(unsigned year, unsigned month, unsigned day)
{
    int64_t y = (int64_t)year - (month <= 2 ? 1 : 0);
    int64_t era = y / 400;
    int64_t year_of_era = y - era * 400;
    int64_t shifted = ((int64_t)month + 9) % 12;
    int64_t day_of_year = (153 * shifted + 2) / 5 + (int64_t)day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_400_YEARS + day_of_era - DAYS_TO_1970;
}

static unsigned take_digits(struct ak_reader *reader, size_t count)
{
    struct ak_span digits = ak_reader_take(reader, count);
    unsigned value = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9') reader->failed = true;
        value = value * 10 + (unsigned)(digits.ptr[i] - '0');
    }
    return value;
}

static void take_char(struct ak_reader *reader, char expected)
{
    if (ak_reader_u8(reader) != (uint8_t)expected) reader->failed = true;
}

static bool next_is(const struct ak_reader *reader, char expected)
{
    return !reader->failed && reader->len > 0 && reader->ptr[0] == (uint8_t)expected;
}

static bool next_is_digit(const struct ak_reader *reader)
{
    return !reader->failed && reader->len > 0 && reader->ptr[0] >= '0' && reader->ptr[0] <= '9';
}

/* ".1" to ".123456789", cut to milliseconds. */
static unsigned take_fraction_ms(struct ak_reader *reader)
{
    if (!next_is(reader, '.')) return 0;
    take_char(reader, '.');
    unsigned ms = 0;
    unsigned count = 0;
    for (; next_is_digit(reader) && count < 9; count++) {
        unsigned digit = take_digits(reader, 1);
        if (count < 3) ms = ms * 10 + digit;
    }
    if (count == 0) reader->failed = true;
    for (; count < 3; count++) ms *= 10;
    return ms;
}

/* "Z", or an offset that the local time is ahead of UTC. */
static int64_t take_offset_ms(struct ak_reader *reader)
{
    if (next_is(reader, 'Z')) {
        take_char(reader, 'Z');
        return 0;
    }
    bool behind = next_is(reader, '-');
    take_char(reader, behind ? '-' : '+');
    unsigned hours = take_digits(reader, 2);
    take_char(reader, ':');
    unsigned minutes = take_digits(reader, 2);
    if (hours > 23 || minutes > 59) reader->failed = true;
    int64_t ms = ((int64_t)hours * 60 + minutes) * MS_A_MINUTE;
    return behind ? -ms : ms;
}

static int64_t take_date_days(struct ak_reader *reader)
{
    unsigned year = take_digits(reader, 4);
    take_char(reader, '-');
    unsigned month = take_digits(reader, 2);
    take_char(reader, '-');
    unsigned day = take_digits(reader, 2);
    if (reader->failed || year == 0 || month < 1 || month > 12 || day < 1 ||
        day > days_in_month(year, month)) {
        reader->failed = true;
        return 0;
    }
    return days_from_date(year, month, day);
}

static int64_t take_time_ms(struct ak_reader *reader)
{
    unsigned hour = take_digits(reader, 2);
    take_char(reader, ':');
    unsigned minute = take_digits(reader, 2);
    take_char(reader, ':');
    unsigned second = take_digits(reader, 2);
    if (hour > 23 || minute > 59 || second > 59) reader->failed = true;
    return (((int64_t)hour * 60 + minute) * 60 + second) * 1000 + take_fraction_ms(reader);
}

enum ak_err ak_rfc3339_parse(struct ak_span text, uint64_t *out_ms)
{
    *out_ms = 0;
    struct ak_reader reader = ak_reader(text);
    int64_t ms = take_date_days(&reader) * MS_A_DAY;
    take_char(&reader, 'T');
    ms += take_time_ms(&reader);
    ms -= take_offset_ms(&reader);
    AK_TRY(ak_reader_finish(&reader));
    if (ms < 0 || (uint64_t)ms >= MS_LIMIT) return AK_E_LIMIT;
    *out_ms = (uint64_t)ms;
    return AK_OK;
}

static void put_digits(struct ak_buf *buf, unsigned value, unsigned unit)
{
    for (; unit > 0; unit /= 10) ak_buf_put_u8(buf, (uint8_t)('0' + value / unit % 10));
}

static void put_date(struct ak_buf *buf, uint64_t days)
{
    uint64_t shifted_days = days + DAYS_TO_1970;
    uint64_t era = shifted_days / DAYS_400_YEARS;
    unsigned day_of_era = (unsigned)(shifted_days % DAYS_400_YEARS);
    unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned shifted = (5 * day_of_year + 2) / 153;
    unsigned month = shifted < 10 ? shifted + 3 : shifted - 9;
    unsigned year = (unsigned)(era * 400) + year_of_era + (month <= 2 ? 1 : 0);
    put_digits(buf, year, 1000);
    ak_buf_put_u8(buf, '-');
    put_digits(buf, month, 10);
    ak_buf_put_u8(buf, '-');
    put_digits(buf, day_of_year - (153 * shifted + 2) / 5 + 1, 10);
}

void ak_rfc3339_put(struct ak_buf *buf, uint64_t ms)
{
    if (ms >= MS_LIMIT) {
        buf->failed = true;
        return;
    }
    unsigned of_day = (unsigned)(ms % MS_A_DAY);
    put_date(buf, ms / MS_A_DAY);
    ak_buf_put_u8(buf, 'T');
    put_digits(buf, of_day / 3600000, 10);
    ak_buf_put_u8(buf, ':');
    put_digits(buf, of_day / MS_A_MINUTE % 60, 10);
    ak_buf_put_u8(buf, ':');
    put_digits(buf, of_day / 1000 % 60, 10);
    ak_buf_put_u8(buf, '.');
    put_digits(buf, of_day % 1000, 100);
    ak_buf_put_u8(buf, 'Z');
}
