#include "sapwood/datetime.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/types.h"
#include "sapwood/error.h"

namespace sapwood {
namespace {

constexpr i64 kSecond = 1'000'000;
constexpr i64 kDay = 86'400 * kSecond;

struct Date {
  i64 year;
  u32 month;  // 1..12
  u32 day;    // 1..31
};

// The Gregorian calendar without end, in eras of 400 years that begin in March: H. Hinnant, "chrono-Compatible
// Low-Level Date Algorithms".
i64 days_of(const Date& date) {
  const i64 year = date.year - (date.month <= 2 ? 1 : 0);
  const i64 era = (year >= 0 ? year : year - 399) / 400;
  const i64 year_of_era = year - era * 400;
  const i64 day_of_year = (153 * (date.month > 2 ? date.month - 3 : date.month + 9) + 2) / 5 + date.day - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719'468;
}

Date date_of(i64 days) {
  days += 719'468;
  const i64 era = (days >= 0 ? days : days - 146'096) / 146'097;
  const i64 day_of_era = days - era * 146'097;
  const i64 year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const i64 day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const i64 month = (5 * day_of_year + 2) / 153;  // from March
  const u32 number = static_cast<u32>(month < 10 ? month + 3 : month - 9);
  return {year_of_era + era * 400 + (number <= 2 ? 1 : 0), number,
          static_cast<u32>(day_of_year - (153 * month + 2) / 5 + 1)};
}

void append_number(std::string& to, i64 number, std::size_t digits) {
  const std::string text = std::to_string(number);
  if (text.size() < digits) to.append(digits - text.size(), '0');
  to += text;
}

// Reads the parts of a text off its front; nullopt once something does not fit.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool take(char wanted) {
    if (!text_.starts_with(wanted)) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(bool found) { good_ = good_ && found; }
  // A number of so many digits.
  i64 number(std::size_t least, std::size_t most, i64 highest) {
    const std::size_t size = std::min(text_.find_first_not_of("0123456789"), text_.size());
    i64 value = 0;
    std::from_chars(text_.data(), text_.data() + size, value);
    const bool fits = size >= least && size <= most && value <= highest;
    expect(fits);
    taken_ = size;
    text_.remove_prefix(size);
    return fits ? value : 0;  // so that sums stay small
  }
  std::size_t taken() const { return taken_; }  // digits of the last number
  bool good() const { return good_; }
  bool at_end() const { return text_.empty(); }

 private:
  std::string_view text_;
  std::size_t taken_ = 0;
  bool good_ = true;
};

u32 days_in(const Date& date) {
  const Date next{date.month == 12 ? date.year + 1 : date.year, date.month == 12 ? 1 : date.month + 1, 1};
  return static_cast<u32>(days_of(next) - days_of({date.year, date.month, 1}));
}

Date take_date(Reader& in) {
  const bool negative = in.take('-');
  const bool has_sign = negative || in.take('+');
  Date date{};
  date.year = in.number(4, has_sign ? 6 : 4, 300'000);
  if (negative) date.year = -date.year;
  in.expect(in.take('-'));
  date.month = static_cast<u32>(in.number(2, 2, 12));
  in.expect(in.take('-'));
  date.day = static_cast<u32>(in.number(2, 2, 31));
  in.expect(date.month != 0 && date.day != 0 && date.day <= days_in(date));
  return date;
}

i64 take_time_us(Reader& in) {
  i64 us = in.number(2, 2, 23) * 3600;
  in.expect(in.take(':'));
  us += in.number(2, 2, 59) * 60;
  in.expect(in.take(':'));
  us = (us + in.number(2, 2, 59)) * kSecond;
  if (!in.take('.')) return us;
  i64 fraction = in.number(1, 6, kSecond - 1);
  for (std::size_t digits = in.taken(); digits < 6; ++digits) fraction *= 10;
  return us + fraction;
}

i64 take_zone_us(Reader& in) {
  if (in.take('Z') || in.take('z')) return 0;
  const bool west = in.take('-');
  in.expect(west || in.take('+'));
  i64 offset = in.number(2, 2, 23) * 3600;
  in.expect(in.take(':'));
  offset += in.number(2, 2, 59) * 60;
  return (west ? -offset : offset) * kSecond;
}

std::optional<DateTime> parse(std::string_view text) {
  Reader in(text);
  const Date date = take_date(in);
  in.expect(in.take('T') || in.take('t') || in.take(' '));
  const i64 time_us = take_time_us(in);
  const i64 zone_us = take_zone_us(in);
  if (!in.good() || !in.at_end()) return std::nullopt;
  // In 64 bits it could overflow on the way, or for good.
  const Int128 us = Int128{days_of(date)} * kDay + time_us - zone_us;
  if (us != static_cast<i64>(us)) return std::nullopt;
  return DateTime{static_cast<i64>(us)};
}

}  // namespace

std::string DateTime::text() const {
  const bool before = us % kDay < 0;  // division rounds towards zero
  const i64 days = us / kDay - (before ? 1 : 0);
  const i64 rest = us % kDay + (before ? kDay : 0);
  const Date date = date_of(days);
  std::string text;
  const bool is_usual = date.year >= 0 && date.year <= 9999;
  if (!is_usual) text += date.year < 0 ? '-' : '+';
  append_number(text, date.year < 0 ? -date.year : date.year, is_usual ? 4 : 5);
  for (const u32 part : {date.month, date.day}) append_number(text += '-', part, 2);
  append_number(text += 'T', rest / (3600 * kSecond), 2);
  append_number(text += ':', rest / (60 * kSecond) % 60, 2);
  append_number(text += ':', rest / kSecond % 60, 2);
  if (rest % kSecond != 0) append_number(text += '.', rest % kSecond, 6);
  return text += 'Z';
}

DateTime DateTime::parse(std::string_view text) {
  const std::optional<DateTime> time = sapwood::parse(text);
  if (!time) {
    throw Error(ErrorCode::invalid_argument, "'" + std::string(text.substr(0, 60)) +
                                                 "' is not a value of type datetime: expected a date and time such as "
                                                 "2026-11-21T09:30:00Z or 2026-11-21T10:30:00.123456+01:00");
  }
  return *time;
}

}  // namespace sapwood
