#include "data/csv.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <type_traits>

namespace nodegrad {

namespace {

enum class FieldEnd { Separator, Line, Incomplete, Bad };

uint64_t load(const char* p) {
  uint64_t word;
  std::memcpy(&word, p, sizeof word);
  return word;
}

// Bits in those of eight characters that are no digits, which are from 0x30 on and no more than 9 above, and
// perhaps in others after the first of them.
uint64_t othersThanDigits(uint64_t eight) {
  const uint64_t above = eight ^ 0x3030303030303030;
  return (above | (above + 0x0606060606060606)) & 0xf0f0f0f0f0f0f0f0;
}

// The number that eight digits are, the first of them in the lowest byte: sums of pairs, then of pairs of
// these, then of both halves.
uint64_t valueOfDigits(uint64_t eight) {
  eight = (eight & 0x0f0f0f0f0f0f0f0f) * (10 * 0x100 + 1) >> 8;
  eight = (eight & 0x00ff00ff00ff00ff) * (100 * 0x10000 + 1) >> 16;
  return (eight & 0x0000ffff0000ffff) * (10000 * 0x100000000 + 1) >> 32;
}

// A decimal number of at most 18 digits, from p on; its end, or null where only from_chars is sure of the
// float32 that is nearest.
const char* shortFloat(const char* p, const char* end, float& value) {
  static constexpr std::array<double, 23> kTens = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  static constexpr std::array<uint64_t, 9> kPowers = {1,      10,      100,      1000,     10000,
                                                      100000, 1000000, 10000000, 100000000};
  const bool isNegative = p < end && *p == '-';
  p += isNegative;
  uint64_t mantissa = 0;
  const auto digits = [&] {
    const char* from = p;
    while (end - p >= 8) {
      const uint64_t eight = load(p), others = othersThanDigits(eight);
      const int count = others ? std::countr_zero(others) / 8 : 8;
      // Zeros before the digits that there are: numbers of any length take one way.
      if (count > 0) mantissa = mantissa * kPowers[count] + valueOfDigits(eight << (64 - 8 * count));
      p += count;
      if (count < 8) return p - from;
    }
    for (; p < end && *p >= '0' && *p <= '9'; ++p) mantissa = mantissa * 10 + static_cast<uint64_t>(*p - '0');
    return p - from;
  };
  int64_t count = digits(), scale = 0;
  if (p < end && *p == '.') {
    ++p;
    scale = -digits();
    count -= scale;
  }
  if (count == 0 || count > 18) return nullptr;
  if (p < end && (*p == 'e' || *p == 'E')) {
    ++p;
    const bool isSmall = p < end && *p == '-';
    p += p < end && (*p == '-' || *p == '+');
    int64_t power = 0;
    const char* from = p;
    for (; p < end && *p >= '0' && *p <= '9' && p - from < 4; ++p) power = power * 10 + (*p - '0');
    if (p == from) return nullptr;
    scale += isSmall ? -power : power;
  }
  constexpr uint64_t kExact = 1 << 24;  // below it float32 has all whole numbers
  if (scale == 0 && mantissa < kExact) {
    const auto whole = static_cast<float>(static_cast<int32_t>(mantissa));
    value = isNegative ? -whole : whole;
    return p;
  }
  if (scale < -22 || scale > 22) return nullptr;
  const auto exact = static_cast<double>(static_cast<int64_t>(mantissa));
  const double power = kTens[static_cast<size_t>(scale < 0 ? -scale : scale)];
  const double number = scale < 0 ? exact / power : exact * power;
  if (number != 0 && (number < 1e-37 || number > 3e38)) return nullptr;
  // Two roundings of float64 move it by 2 units at most: only near the middle of two floats are they seen.
  const auto rest = static_cast<int64_t>(std::bit_cast<uint64_t>(number) & 0x1fffffff) - 0x10000000;
  if (rest >= -3 && rest <= 3) return nullptr;
  value = static_cast<float>(isNegative ? -number : number);
  return p;
}

// Goes through the fields of records.
class Reader {
 public:
  Reader(std::string_view bytes, const CsvFormat& format, bool last)
      : begin_(bytes.data()), p_(begin_), end_(begin_ + bytes.size()), format_(format), last_(last) {}

  size_t position() const { return static_cast<size_t>(p_ - begin_); }
  void rewind(size_t position) { p_ = begin_ + position; }

  // Whether there is a record, after any empty lines.
  bool atRecord() {
    for (; p_ < end_; ++p_) {
      if (*p_ == '\r' && p_ + 1 < end_ && p_[1] == '\n') ++p_;
      if (*p_ != '\n') break;
    }
    return p_ < end_;
  }

  // A number without quotes whose end is in the bytes: the short way, which no other field takes.
  template <class T>
  bool number(T& value, FieldEnd& ending) {
    const char* p = p_;
    while (p < end_ && *p == ' ' && *p != format_.separator) ++p;
    const char* rest = nullptr;
    if constexpr (std::is_same_v<T, float>) rest = shortFloat(p, end_, value);
    if (!rest) {
      const auto [last, error] = std::from_chars(p, end_, value);
      if (error != std::errc()) return false;
      rest = last;
    }
    if (rest == end_) return false;
    if (*rest == format_.separator) {
      ending = FieldEnd::Separator;
      p_ = rest + 1;
      return true;
    }
    const char* line = *rest == '\r' ? rest + 1 : rest;
    if (line == end_ || *line != '\n') return false;
    ending = FieldEnd::Line;
    p_ = line + 1;
    return true;
  }

  // The next field. The text is good until the next call.
  FieldEnd field(std::string_view& text) {
    return p_ < end_ && *p_ == format_.quote ? quoted(text) : bare(text);
  }

  std::string_view problem() const { return problem_; }

 private:
  FieldEnd bare(std::string_view& text) {
    const char* from = p_;
    while (p_ < end_ && *p_ != format_.separator && *p_ != '\n') ++p_;
    if (p_ == end_ && !last_) return FieldEnd::Incomplete;
    const bool line = p_ == end_ || *p_ == '\n';
    const char* to = line && p_ > from && p_[-1] == '\r' ? p_ - 1 : p_;
    text = {from, static_cast<size_t>(to - from)};
    if (p_ < end_) ++p_;
    return line ? FieldEnd::Line : FieldEnd::Separator;
  }

  FieldEnd quoted(std::string_view& text) {
    scratch_.clear();
    for (++p_;;) {
      const char* from = p_;
      p_ = std::find(p_, end_, format_.quote);
      scratch_.append(from, p_);
      if (p_ == end_) return open();
      ++p_;
      if (p_ == end_ && !last_) return FieldEnd::Incomplete;  // it may be the first of two
      if (p_ == end_ || *p_ != format_.quote) break;
      scratch_.push_back(format_.quote);
      ++p_;
    }
    text = scratch_;
    if (p_ == end_) return FieldEnd::Line;
    if (*p_ == format_.separator) {
      ++p_;
      return FieldEnd::Separator;
    }
    if (*p_ == '\r') {
      if (p_ + 1 == end_) return last_ ? (++p_, FieldEnd::Line) : FieldEnd::Incomplete;
      if (p_[1] == '\n') ++p_;
    }
    if (*p_ == '\n') {
      ++p_;
      return FieldEnd::Line;
    }
    problem_ = "a separator or the end of the line after the closing quote";
    return FieldEnd::Bad;
  }

  FieldEnd open() {
    if (!last_) return FieldEnd::Incomplete;
    problem_ = "a closing quote before the end of the file";
    return FieldEnd::Bad;
  }

  const char* const begin_;
  const char* p_;
  const char* const end_;
  const CsvFormat format_;
  const bool last_;
  std::string scratch_;
  std::string_view problem_;
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

template <class T>
bool parse(std::string_view text, T& value) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && rest == text.data() + text.size();
}

// A number too small for float32 is 0 and one too large infinite, which from_chars only says are out of
// range.
bool parseFloat(std::string_view text, float& value) {
  if (parse(text, value)) return true;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc::result_out_of_range || rest != text.data() + text.size()) return false;
  value = std::strtof(std::string(text).c_str(), nullptr);
  return true;
}

bool parseBool(std::string_view text, uint8_t& value) {
  for (const std::string_view word : {"true", "True", "TRUE", "1"})
    if (text == word) return value = 1, true;
  for (const std::string_view word : {"false", "False", "FALSE", "0"})
    if (text == word) return value = 0, true;
  return false;
}

class BlockParser {
 public:
  BlockParser(std::string_view bytes, const CsvSpec& spec)
      : spec_(spec), reader_(bytes, spec.format, spec.last) {
    block_.columns.resize(spec.columns.size());
    const size_t lines = linesOf(bytes);
    // A record has a byte at least for each of its fields, so that no promise of many rows takes much memory.
    const size_t rows = std::min(lines, bytes.size() / std::max<size_t>(spec.columns.size(), 1) + 1);
    for (size_t c = 0; c < spec.columns.size(); ++c)
      if (!spec.columns[c].place) reserve(block_.columns[c], spec.columns[c].kind, rows);
    block_.matrix.reserve(rows * spec.width);
  }

  CsvBlock run() {
    bool whole = true;
    while (reader_.atRecord() && (whole = record())) {
      ++block_.rows;
      block_.consumed = reader_.position();
    }
    if (whole) block_.consumed = reader_.position();
    return std::move(block_);
  }

 private:
  static size_t linesOf(std::string_view bytes) {
    size_t lines = 1;
    for (size_t at = 0; (at = bytes.find('\n', at)) != std::string_view::npos; ++at) ++lines;
    return lines;
  }

  static void reserve(CsvValues& values, CsvKind kind, size_t rows) {
    if (kind == CsvKind::Float) values.floats.reserve(rows);
    if (kind == CsvKind::Integer) values.integers.reserve(rows);
    if (kind == CsvKind::Bool) values.bools.reserve(rows);
    if (kind == CsvKind::Text) values.ends.reserve(rows);
  }

  // One record; false where it is incomplete or wrong: its values are then taken back.
  bool record() {
    const size_t count = spec_.columns.size();
    block_.matrix.resize(block_.matrix.size() + spec_.width);
    for (size_t c = 0; c < count; ++c) {
      const FieldEnd ending = value(c);
      const FieldEnd wanted = c + 1 < count ? FieldEnd::Separator : FieldEnd::Line;
      if (ending == wanted) continue;
      if (ending == FieldEnd::Separator)
        bad(c + 1, "the end of the line after " + std::to_string(count) + " fields");
      if (ending == FieldEnd::Line)
        bad(c + 1, std::to_string(count) + " fields, received " + std::to_string(c + 1));
      if (ending == FieldEnd::Bad && !block_.error) bad(c, std::string(reader_.problem()));
      takeBack();
      return false;
    }
    return true;
  }

  FieldEnd value(size_t c) {
    const CsvColumn& column = spec_.columns[c];
    CsvValues& values = block_.columns[c];
    FieldEnd ending;
    float number;
    int32_t integer;
    if (column.kind == CsvKind::Float && reader_.number(number, ending)) {
      put(c, number);
      return ending;
    }
    if (column.kind == CsvKind::Integer && reader_.number(integer, ending)) {
      values.integers.push_back(integer);
      return ending;
    }
    std::string_view text;
    ending = reader_.field(text);
    if (ending == FieldEnd::Incomplete || ending == FieldEnd::Bad || column.kind == CsvKind::Skip)
      return ending;
    if (column.kind == CsvKind::Text) {
      values.text.append(text);
      values.ends.push_back(static_cast<uint32_t>(values.text.size()));
      return ending;
    }
    return convert(c, trimmed(text)) ? ending : FieldEnd::Bad;
  }

  bool convert(size_t c, std::string_view text) {
    const CsvColumn& column = spec_.columns[c];
    CsvValues& values = block_.columns[c];
    const bool missing = std::find(spec_.missing.begin(), spec_.missing.end(), text) != spec_.missing.end();
    if (missing && !column.fill) return bad(c, "a value, or one to fill in for missing ones"), false;
    float number = missing ? static_cast<float>(*column.fill) : 0;
    int32_t integer = missing ? static_cast<int32_t>(*column.fill) : 0;
    uint8_t boolean = missing && *column.fill != 0;
    switch (column.kind) {
      case CsvKind::Float:
        if (!missing && !parseFloat(text, number)) return wrong(c, "a number", text);
        put(c, number);
        return true;
      case CsvKind::Integer:
        if (!missing && !parse(text, integer)) return wrong(c, "an integer of 32 bits", text);
        values.integers.push_back(integer);
        return true;
      default:
        if (!missing && !parseBool(text, boolean)) return wrong(c, "true, false, 1 or 0", text);
        values.bools.push_back(boolean);
        return true;
    }
  }

  void put(size_t c, float number) {
    if (const auto& place = spec_.columns[c].place)
      block_.matrix[static_cast<size_t>(block_.rows) * spec_.width + *place] = number;
    else
      block_.columns[c].floats.push_back(number);
  }

  bool wrong(size_t column, const std::string& what, std::string_view text) {
    constexpr size_t kLongest = 40;
    const std::string shown(text.substr(0, kLongest));
    bad(column, what + ", received '" + shown + (text.size() > kLongest ? "…'" : "'"));
    return false;
  }

  void bad(size_t column, std::string what) {
    block_.error = CsvError{block_.rows, static_cast<int64_t>(column), std::move(what)};
  }

  void takeBack() {
    const auto rows = static_cast<size_t>(block_.rows);
    block_.matrix.resize(rows * spec_.width);
    for (CsvValues& values : block_.columns) {
      values.floats.resize(std::min(values.floats.size(), rows));
      values.integers.resize(std::min(values.integers.size(), rows));
      values.bools.resize(std::min(values.bools.size(), rows));
      values.ends.resize(std::min(values.ends.size(), rows));
      values.text.resize(values.ends.empty() ? 0 : values.ends.back());
    }
  }

  const CsvSpec& spec_;
  Reader reader_;
  CsvBlock block_;
};

}  // namespace

CsvBlock parseCsv(std::string_view bytes, const CsvSpec& spec) { return BlockParser(bytes, spec).run(); }

std::optional<CsvRecord> firstCsvRecord(std::string_view bytes, const CsvFormat& format, bool last) {
  Reader reader(bytes, format, last);
  if (!reader.atRecord()) return std::nullopt;
  CsvRecord record;
  for (;;) {
    std::string_view text;
    const FieldEnd ending = reader.field(text);
    if (ending == FieldEnd::Incomplete) return std::nullopt;
    if (ending == FieldEnd::Bad) {
      record.error = CsvError{0, static_cast<int64_t>(record.fields.size()), std::string(reader.problem())};
      return record;
    }
    record.fields.emplace_back(text);
    if (ending == FieldEnd::Line) break;
  }
  record.consumed = reader.position();
  return record;
}

}  // namespace nodegrad
