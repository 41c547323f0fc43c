#include "data/csv.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <random>

namespace nodegrad::testing {
namespace {

CsvSpec specOf(std::initializer_list<CsvKind> kinds) {
  CsvSpec spec;
  for (const CsvKind kind : kinds) spec.columns.push_back({kind, std::nullopt, std::nullopt});
  return spec;
}

std::vector<std::string> textsOf(const CsvValues& values) {
  std::vector<std::string> texts;
  uint32_t from = 0;
  for (const uint32_t end : values.ends) {
    texts.push_back(values.text.substr(from, end - from));
    from = end;
  }
  return texts;
}

constexpr CsvKind F = CsvKind::Float, I = CsvKind::Integer, B = CsvKind::Bool, T = CsvKind::Text,
                  Skip = CsvKind::Skip;

TEST(Csv, ReadsColumnsOfEachKind) {
  const CsvBlock block = parseCsv("1.5,-2,true,a b,x\n+2e3, 7 ,0,,y\r\n\r\n\n-inf,2147483647,FALSE,ü,z",
                                  specOf({F, I, B, T, Skip}));
  ASSERT_FALSE(block.error) << block.error->what;
  EXPECT_EQ(block.rows, 3);
  EXPECT_EQ(block.columns[0].floats,
            (std::vector<float>{1.5f, 2000.f, -std::numeric_limits<float>::infinity()}));
  EXPECT_EQ(block.columns[1].integers, (std::vector<int32_t>{-2, 7, 2147483647}));
  EXPECT_EQ(block.columns[2].bools, (std::vector<uint8_t>{1, 0, 0}));
  EXPECT_EQ(textsOf(block.columns[3]), (std::vector<std::string>{"a b", "", "ü"}));
  EXPECT_TRUE(block.columns[4].ends.empty());
}

TEST(Csv, ReadsQuotedFields) {
  const CsvBlock block =
      parseCsv("\"a,\"\"b\"\"\n c\",\"3\"\n5\" x,4\n\"\",\"5\"\r\n\"end\",\"6\"", specOf({T, F}));
  ASSERT_FALSE(block.error) << block.error->what;
  EXPECT_EQ(textsOf(block.columns[0]), (std::vector<std::string>{"a,\"b\"\n c", "5\" x", "", "end"}));
  EXPECT_EQ(block.columns[1].floats, (std::vector<float>{3, 4, 5, 6}));
}

TEST(Csv, RoundsToTheNearestAndKeepsWhatIsOutOfRange) {
  const CsvBlock block = parseCsv("0.1\n1e-60\n-1e60\n1e-400\n1e400\n16777217\nNaN\n", specOf({F}));
  ASSERT_FALSE(block.error) << block.error->what;
  const std::vector<float>& values = block.columns[0].floats;
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ((std::vector<float>(values.begin(), values.end() - 1)),
            (std::vector<float>{0.1f, 0, -infinity, 0, infinity, 16777216.f}));
  EXPECT_TRUE(std::isnan(values.back()));
}

// Digits in all usual forms, in part in the middle of two floats or next to it.
TEST(Csv, RoundsEachNumberAsStrtof) {
  std::mt19937 random(7);
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  std::string text;
  std::vector<std::string> fields;
  for (int i = 0; i < 200000; ++i) {
    char field[64];
    const float x = std::ldexp(static_cast<float>(random()) / 0x1p32f, pick(80) - 40);
    const double middle = (static_cast<double>(x) + static_cast<double>(std::nextafter(x, 1e30f))) / 2;
    switch (pick(6)) {
      case 0: std::snprintf(field, sizeof field, "%.*g", 1 + pick(20), static_cast<double>(x)); break;
      case 1: std::snprintf(field, sizeof field, "%.*f", pick(12), static_cast<double>(x)); break;
      case 2: std::snprintf(field, sizeof field, "-%.*e", pick(18), static_cast<double>(x)); break;
      case 3: std::snprintf(field, sizeof field, "%d", pick(1000000) - 500000); break;
      case 4: std::snprintf(field, sizeof field, "%.*g", 12 + pick(12), middle); break;
      default: std::snprintf(field, sizeof field, "%.17g", std::nextafter(middle, pick(2) ? 1e30 : -1e30));
    }
    fields.emplace_back(field);
    text += fields.back() + '\n';
  }
  for (const char* field : {".5", "5.", "-0", "1e-50", "1e50", "0000000000000000000000001", "1.e3",
                            "16777217", "3.4028236e38", "1.17549435e-38"}) {
    fields.emplace_back(field);
    text += fields.back() + '\n';
  }
  const CsvBlock block = parseCsv(text, specOf({F}));
  ASSERT_FALSE(block.error) << block.error->what;
  ASSERT_EQ(block.columns[0].floats.size(), fields.size());
  for (size_t i = 0; i < fields.size(); ++i) {
    const float expected = std::strtof(fields[i].c_str(), nullptr), received = block.columns[0].floats[i];
    ASSERT_EQ(std::bit_cast<uint32_t>(received), std::bit_cast<uint32_t>(expected)) << fields[i];
  }
}

TEST(Csv, FillsMissingValuesIn) {
  CsvSpec spec = specOf({F, I, B, T});
  spec.missing = {"", "NA"};
  spec.columns[0].fill = std::nan("");
  spec.columns[1].fill = -1;
  spec.columns[2].fill = 0;
  const CsvBlock block = parseCsv(",NA,,NA\nNA , ,\"\",\n", spec);
  ASSERT_FALSE(block.error) << block.error->what;
  EXPECT_TRUE(std::isnan(block.columns[0].floats[0]) && std::isnan(block.columns[0].floats[1]));
  EXPECT_EQ(block.columns[1].integers, (std::vector<int32_t>{-1, -1}));
  EXPECT_EQ(block.columns[2].bools, (std::vector<uint8_t>{0, 0}));
  EXPECT_EQ(textsOf(block.columns[3]), (std::vector<std::string>{"NA", ""}));
  spec.columns[1].fill.reset();
  const CsvBlock refused = parseCsv("1,2,1,a\n3,NA,1,b\n", spec);
  ASSERT_TRUE(refused.error);
  EXPECT_EQ(refused.error->row, 1);
  EXPECT_EQ(refused.error->column, 1);
  EXPECT_EQ(refused.rows, 1);
  EXPECT_EQ(refused.columns[0].floats.size(), 1u);
}

TEST(Csv, ReadsFloatsIntoTheRowsOfAMatrix) {
  CsvSpec spec = specOf({F, T, F, F});
  spec.width = 2;
  spec.columns[0].place = 1;
  spec.columns[3].place = 0;
  spec.missing = {"NA"};
  spec.columns[3].fill = 0.5;
  const CsvBlock block = parseCsv("1,a,2,NA\n3,\"b\",4,-5.25\n6,c,x,7\n", spec);
  ASSERT_TRUE(block.error);
  EXPECT_EQ(block.error->column, 2);
  EXPECT_EQ(block.rows, 2);
  EXPECT_EQ(block.matrix, (std::vector<float>{0.5f, 1, -5.25f, 3}));
  EXPECT_EQ(block.columns[2].floats, (std::vector<float>{2, 4}));
  EXPECT_TRUE(block.columns[0].floats.empty() && block.columns[3].floats.empty());
}

struct Wrong {
  const char* bytes;
  int64_t row, column;
  const char* what;
};

class CsvWrong : public ::testing::TestWithParam<Wrong> {};
TEST_P(CsvWrong, IsToldWithItsPlace) {
  const CsvBlock block = parseCsv(GetParam().bytes, specOf({F, I, T}));
  ASSERT_TRUE(block.error);
  EXPECT_EQ(block.error->row, GetParam().row);
  EXPECT_EQ(block.error->column, GetParam().column);
  EXPECT_NE(block.error->what.find(GetParam().what), std::string::npos) << block.error->what;
  EXPECT_EQ(block.rows, GetParam().row);
  EXPECT_EQ(block.columns[0].floats.size(), static_cast<size_t>(block.rows));
  EXPECT_EQ(block.columns[2].ends.size(), static_cast<size_t>(block.rows));
}
INSTANTIATE_TEST_SUITE_P(Csv, CsvWrong,
                         ::testing::Values(Wrong{"1,2,a\nx,2,a\n", 1, 0, "a number, received 'x'"},
                                           Wrong{"1,2,a\n1,2.5,a\n", 1, 1, "an integer"},
                                           Wrong{"1,2147483648,a\n", 0, 1, "32 bits"},
                                           Wrong{"1,2\n", 0, 2, "3 fields, received 2"},
                                           Wrong{"1,2,a,b\n", 0, 3, "after 3 fields"},
                                           Wrong{"1,2,\"a", 0, 2, "closing quote"},
                                           Wrong{"1,2,\"a\"b\n", 0, 2, "after the closing quote"},
                                           Wrong{"1e,2,a\n", 0, 0, "a number"},
                                           Wrong{"--1,2,a\n", 0, 0, "a number"}));

// Wherever the bytes are cut, the records before are read and the rest is left for later.
TEST(Csv, LeavesARecordThatGoesOn) {
  const std::string bytes = "1.25,\"a\"\"\nb\",12\r\n\n-3e2,\"\",4\n7,x,5";
  CsvSpec spec = specOf({F, T, I});
  const CsvBlock whole = parseCsv(bytes, spec);
  ASSERT_EQ(whole.rows, 3);
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    spec.last = false;
    const CsvBlock first = parseCsv(std::string_view(bytes).substr(0, cut), spec);
    ASSERT_FALSE(first.error) << cut << first.error->what;
    ASSERT_LE(first.consumed, cut);
    spec.last = true;
    const CsvBlock rest = parseCsv(std::string_view(bytes).substr(first.consumed), spec);
    ASSERT_FALSE(rest.error) << cut << rest.error->what;
    EXPECT_EQ(first.rows + rest.rows, 3) << cut;
    std::vector<float> floats = first.columns[0].floats;
    floats.insert(floats.end(), rest.columns[0].floats.begin(), rest.columns[0].floats.end());
    EXPECT_EQ(floats, whole.columns[0].floats) << cut;
    std::vector<std::string> texts = textsOf(first.columns[1]);
    for (const std::string& text : textsOf(rest.columns[1])) texts.push_back(text);
    EXPECT_EQ(texts, textsOf(whole.columns[1])) << cut;
  }
}

TEST(Csv, GivesTheFirstRecordAlone) {
  const auto record = firstCsvRecord("\n a,\"b\nc\",\n1,2,3\n", {}, true);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->fields, (std::vector<std::string>{" a", "b\nc", ""}));
  EXPECT_EQ(record->consumed, 11u);
  EXPECT_FALSE(firstCsvRecord("a,b", {}, false));
  EXPECT_FALSE(firstCsvRecord("\n\r\n", {}, true));
  EXPECT_TRUE(firstCsvRecord("\"a\" b\n", {}, true)->error);
}

// Random bytes of the characters that matter: nothing is read outside of them (AddressSanitizer looks on),
// and nothing is lost.
TEST(Csv, TakesAnyBytes) {
  std::mt19937 random(7);
  const std::string_view letters = "1-.e,\"\r\n ax";
  CsvSpec spec = specOf({F, T});
  spec.missing = {""};
  spec.columns[0].fill = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string bytes(random() % 40, ' ');
    for (char& letter : bytes) letter = letters[random() % letters.size()];
    spec.last = random() % 2 == 0;
    const std::unique_ptr<char[]> exact(new char[bytes.size() + 1]);
    std::copy(bytes.begin(), bytes.end(), exact.get());
    const CsvBlock block = parseCsv({exact.get(), bytes.size()}, spec);
    EXPECT_LE(block.consumed, bytes.size());
    EXPECT_EQ(block.columns[0].floats.size(), static_cast<size_t>(block.rows));
    EXPECT_EQ(block.columns[1].ends.size(), static_cast<size_t>(block.rows));
    if (spec.last && !block.error) {
      EXPECT_EQ(block.consumed, bytes.size()) << bytes;
    }
  }
}

}  // namespace
}  // namespace nodegrad::testing
