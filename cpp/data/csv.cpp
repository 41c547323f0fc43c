#include "data/csv.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace nodegrad {

namespace {

enum class FieldEnd { Separator, Line, Incomplete, Bad };

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
    const auto [rest, error] = std::from_chars(p, end_, value);
    if (error != std::errc() || rest == end_) return false;
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
    const auto lines = static_cast<size_t>(std::count(bytes.begin(), bytes.end(), '\n')) + 1;
    // A record has a byte at least for each of its fields, so that no promise of many rows takes much memory.
    const size_t rows = std::min(lines, bytes.size() / std::max<size_t>(spec.columns.size(), 1) + 1);
    for (size_t c = 0; c < spec.columns.size(); ++c) reserve(block_.columns[c], spec.columns[c].kind, rows);
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
  static void reserve(CsvValues& values, CsvKind kind, size_t rows) {
    if (kind == CsvKind::Float) values.floats.reserve(rows);
    if (kind == CsvKind::Integer) values.integers.reserve(rows);
    if (kind == CsvKind::Bool) values.bools.reserve(rows);
    if (kind == CsvKind::Text) values.ends.reserve(rows);
  }

  // One record; false where it is incomplete or wrong: its values are then taken back.
  bool record() {
    const size_t count = spec_.columns.size();
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
      values.floats.push_back(number);
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
        values.floats.push_back(number);
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
