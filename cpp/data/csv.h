#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nodegrad {

// What becomes of a column.
enum class CsvKind { Skip, Float, Integer, Bool, Text };

struct CsvFormat {
  char separator = ',';
  char quote = '"';
};

struct CsvColumn {
  CsvKind kind = CsvKind::Float;
  // What a missing value becomes; without one it is an error, except in Text, where it is what it is.
  std::optional<double> fill;
  // Which column of the matrix it becomes, if it is to be one: for Float alone.
  std::optional<size_t> place;
};

struct CsvSpec {
  CsvFormat format;
  std::vector<CsvColumn> columns;
  size_t width = 0;                  // of the matrix
  std::vector<std::string> missing;  // what stands for no value, in columns of numbers
  bool last = true;                  // whether the end of the bytes ends a record
};

// The values of a column: those of its kind.
struct CsvValues {
  std::vector<float> floats;
  std::vector<int32_t> integers;
  std::vector<uint8_t> bools;
  std::string text;            // UTF-8, one value after another
  std::vector<uint32_t> ends;  // where each value ends in the text
};

struct CsvError {
  int64_t row;     // of those in the bytes, from 0
  int64_t column;  // from 0
  std::string what;
};

struct CsvBlock {
  int64_t rows = 0;
  size_t consumed = 0;  // bytes of whole records; the others belong to one that goes on
  std::vector<CsvValues> columns;
  std::vector<float> matrix;      // [rows, width], of the columns that have a place in it
  std::optional<CsvError> error;  // what is wrong in the record after the rows
};

// The records in the bytes, which begin with one (RFC 4180: fields in quotes may hold separators, line breaks
// and quotes, these doubled; lines end in LF or CR LF). Empty lines are left out. Needs at most some 4 bytes
// for each byte that it reads.
CsvBlock parseCsv(std::string_view bytes, const CsvSpec& spec);

struct CsvRecord {
  std::vector<std::string> fields;
  size_t consumed = 0;
  std::optional<CsvError> error;
};
// The first record alone, whatever its number of fields; none where the bytes end before it does.
std::optional<CsvRecord> firstCsvRecord(std::string_view bytes, const CsvFormat& format, bool last);

}  // namespace nodegrad
